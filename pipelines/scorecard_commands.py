"""``payrisk scorecard``: the card to a workbook, and an edited workbook back."""

from __future__ import annotations

from pathlib import Path

import click

from configs import Home, load_settings
from pipelines import options
from pipelines.terminal import progress, say


@click.group()
def scorecard() -> None:
    """Export the scorecard as a workbook to read and edit, and import it again."""


@scorecard.command("export")
@click.option("--model", default="scorecard", show_default=True, help="scorecard[=VERSION].")
@click.option("--out", type=options.FOLDER, required=True, help="A .xlsx file.")
@options.config
def export(model: str, out: Path, config: Path | None) -> None:
    """Write a card, its master scale, its selection record and a sheet that scores.

    Without a version the champion is written.
    """
    name, _, version = model.partition("=")
    if name != "scorecard":
        raise click.UsageError(f"--model {model}: write scorecard or scorecard=VERSION")
    load_settings(config)
    progress("reading the registry")
    from pipelines.card_editing import export_card

    loaded = export_card(Home.locate(), version or None, out)
    say(f"scorecard version {loaded.version} in {out}")


@scorecard.command("import")
@click.option("--file", "path", type=options.FOLDER, required=True, help="The edited .xlsx file.")
@click.option("--by", required=True, help="Who edited it.")
@click.option("--reason", required=True, help="Why.")
@options.config
def import_(path: Path, by: str, reason: str, config: Path | None) -> None:
    """Register an edited card as a new version; it challenges the champion until promoted."""
    load_settings(config)
    progress("reading the registry")
    from pipelines.card_editing import import_card

    made = import_card(Home.locate(), path, by, reason)
    for change in made.edit.changes:
        say(f"  {change}")
    for warning in made.edit.warnings:
        say(f"  warning, kept in the record: {warning}")
    say(
        f"scorecard version {made.registered.version} ({made.registered.alias}): "
        f"version {made.edit.version} as edited by {by}; calibrated as before, backtest it"
    )
