"""``payrisk features``: frames to explore, tables of any size, labels, and the catalogue."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from configs import Home, Settings, load_settings
from pipelines import options
from pipelines.terminal import progress, say, show_table

if TYPE_CHECKING:
    from features.table import TableSummary

_KINDS = ("invoices", "customers")


@click.group()
def features() -> None:
    """Build feature rows, or list the features there are."""


@features.command("build")
@options.ledger
@options.as_of
@click.option("--out", type=options.FOLDER, required=True, help="A .parquet or .csv file.")
@click.option(
    "--entity",
    type=click.Choice(["customers", "invoices"]),
    default="invoices",
    show_default=True,
    help="A row per active customer or per open invoice.",
)
@options.config
def build(ledger: Path, as_of: date, out: Path, entity: str, config: Path | None) -> None:
    """Write the feature rows of a moment: the frame a data scientist explores."""
    if out.suffix not in (".parquet", ".csv"):
        raise click.UsageError(f"{out}: write to a .parquet or a .csv file")
    from pipelines.exploration import feature_frame
    from pipelines.files import write_frame

    frame = feature_frame(ledger, as_of, entity, load_settings(config))
    write_frame(out, frame)
    say(f"{len(frame):,} rows, {frame.shape[1]} columns in {out}")


@features.command("table")
@options.ledger
@click.option("--out", type=options.FOLDER, required=True, help="A new folder, or the table's.")
@click.option(
    "--rows",
    "kind",
    type=click.Choice(_KINDS),
    default="invoices",
    show_default=True,
    help="Every invoice at its issue, or every customer at each first of a month.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="all cores",
    help="Processes of this machine, or workers of a local cluster.",
)
@click.option(
    "--cluster", help="'local' starts a Dask cluster, an address (tcp://host:8786) joins one."
)
@options.config
def table(
    ledger: Path, out: Path, kind: str, processes: int, cluster: str | None, config: Path | None
) -> None:
    """Build the features of a whole ledger's history, in bounded memory.

    The table is a folder of Parquet files. Run again after new facts were imported, only what
    these can have changed is built; interrupted, it goes on where it was.
    """
    from features.ledger import Ledger

    settings = load_settings(config)
    opened = Ledger.open(ledger)
    if cluster is None:
        from features.table import build_table
        from pipelines.spreading import over_processes

        made = build_table(
            opened,
            out,
            kind,
            settlement=settings.settlement,
            rows_per_bucket=settings.features.rows_per_bucket,
            spread=over_processes(processes),
            progress=_buckets_done,
        )
    else:
        made = _on_cluster(cluster, processes, ledger, out, kind, settings)
    say(
        f"{made.rows:,} rows x {len(made.features)} features in {out} ({len(made.parts)} files), "
        f"{made.built:,} built now"
    )


def _on_cluster(
    cluster: str, processes: int, ledger: Path, out: Path, kind: str, settings: Settings
) -> TableSummary:
    from pipelines.dask_scheduler import require_scheduler
    from pipelines.orchestration import prepare

    require_scheduler(cluster)
    ready = prepare(Home.locate())
    from pipelines.cluster import build_on_cluster

    progress("starting the flow")
    ready()
    return build_on_cluster(cluster, processes, ledger, out, kind, settings, _buckets_done)


def _buckets_done(what: str, done: int, of: int) -> None:
    if done == of or done * 20 // of > (done - 1) * 20 // of:
        progress(f"{what}: {done:,} of {of:,} buckets")


@features.command("labels")
@options.ledger
@options.as_of
@click.option("--out", type=options.FOLDER, required=True, help="The folder to write to.")
@options.config
def labels(ledger: Path, as_of: date, out: Path, config: Path | None) -> None:
    """Write who defaulted when and why, and the snapshots that models learn from.

    Three tables, Parquet and CSV: default_register, default_sensitivity (other days and
    materiality) and snapshots (every customer at each first of a month, or why it is excluded).
    """
    settings = load_settings(config)
    from pipelines.labels import write_labels
    from pipelines.summaries import show_labels

    show_labels(write_labels(ledger, as_of, out, settings, progress))


@features.command("list")
@click.option("--out", type=options.FOLDER, help="Write the whole catalogue as Markdown here.")
@options.config
def list_catalogue(out: Path | None, config: Path | None) -> None:
    """List the feature catalogue."""
    from features.catalogue import GROUPS

    load_settings(config)
    if out is not None:
        from features.catalogue.documentation import documentation
        from features.ledger.writing import replace_atomically

        replace_atomically(out, documentation().encode())
        say(f"the catalogue is in {out}")
        return
    signs = {1: "riskier", -1: "safer", 0: ""}
    for group, members in GROUPS.items():
        rows = [(f.name, f.unit, signs[f.direction], f.meaning) for f in members]
        show_table(group, ("feature", "unit", "higher is", "reason code"), rows)
