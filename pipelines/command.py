"""The ``payrisk`` command: reads arguments, calls what does the work, prints a short summary."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from datetime import date
from pathlib import Path

import click

from configs import Home, load_settings
from pipelines import options
from pipelines.feature_commands import features
from pipelines.scorecard_commands import scorecard
from pipelines.terminal import progress, say, show_table

MODELS = ("late_payment", "default", "scorecard")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="payment-risk", message="payrisk %(version)s")
def payrisk() -> None:
    """Payment risk from a receivables ledger: who pays late, who defaults, what to do now.

    All state is kept in the folder PAYRISK_HOME (default: .payrisk in the current folder).
    """


@payrisk.command()
@click.option("--customers", type=click.IntRange(1), required=True, help="How many customers.")
@click.option("--months", type=click.IntRange(1), required=True, help="How many months.")
@click.option("--seed", type=click.IntRange(0), required=True, help="The same seed, the same book.")
@click.option("--out", type=options.FOLDER, required=True, help="Folder for the extract.")
@click.option(
    "--start", type=options.DAY, default=date(2023, 1, 1), show_default=True, help="First month."
)
@click.option("--format", "file_format", type=click.Choice(["csv", "parquet"]), default="csv")
@options.config
def simulate(
    customers: int,
    months: int,
    seed: int,
    out: Path,
    start: date,
    file_format: str,
    config: Path | None,
) -> None:
    """Simulate a company's receivables as a canonical extract, with the hidden truth beside it."""
    from features.simulator import simulate as run

    load_settings(config)
    made = run(
        customers,
        months,
        seed,
        out,
        start=start,
        file_format="parquet" if file_format == "parquet" else "csv",
        progress=_customers_done,
    )
    say(
        f"{made.customers:,} customers, {made.invoices:,} invoices, {made.payments:,} payments, "
        f"{made.defaulted_customers:,} customers in default, up to {made.extract_date} in {out}"
    )


def _customers_done(done: int, total: int) -> None:
    progress(f"{done:,} of {total:,} customers")


@payrisk.command()
@click.option("--source", help="A shipped source's name, or a YAML file.")
@click.option("--input", "folder", type=options.FOLDER, help="The extract's folder.")
@click.option("--ledger", type=options.FOLDER, help="The ledger to import into.")
@click.option("--extract-date", type=options.DAY, help="Facts are complete up to the day before.")
@click.option("--partial", is_flag=True, help="The extract does not list every open invoice.")
@click.option("--dry-run", is_flag=True, help="Check and report; write nothing.")
@click.option("--report", type=options.FOLDER, help="Write the import report as JSON here.")
@click.option("--template", type=options.FOLDER, help="Write empty canonical files and stop.")
@options.config
def ingest(
    source: str | None,
    folder: Path | None,
    ledger: Path | None,
    extract_date: date | None,
    partial: bool,
    dry_run: bool,
    report: Path | None,
    template: Path | None,
    config: Path | None,
) -> None:
    """Import an ERP's extract into a ledger.

    Rows that break the contract go to the ledger's quarantine with the rule they broke. The same
    extract again changes nothing; a later one adds what is new and records what was corrected.
    """
    from features.intake import ImportRefused, import_extract, load_source, write_template

    if template is not None:
        files = write_template(template)
        say(f"{len(files)} files in {template}; README.md explains every column")
        return
    if source is None or folder is None or ledger is None:
        raise click.UsageError("ingest needs --source, --input and --ledger (or --template DIR)")
    settings = load_settings(config)
    progress(f"importing {folder}")
    try:
        result = import_extract(
            load_source(source),
            folder,
            ledger,
            settings,
            extract_date=extract_date,
            dry_run=dry_run,
            partial=partial,
        )
    except ImportRefused as refusal:
        if report is not None:
            _write_json(report, refusal.report.to_dict())
        raise
    say(result.to_text())
    if report is not None:
        _write_json(report, result.to_dict())


payrisk.add_command(features)
payrisk.add_command(scorecard)


@payrisk.command()
@click.argument("model", type=click.Choice([*MODELS, "all"]))
@options.ledger
@options.as_of
@click.option("--out", type=options.FOLDER, help="Write the result as JSON here.")
@options.config
def train(model: str, ledger: Path, as_of: date, out: Path | None, config: Path | None) -> None:
    """Train, evaluate and register a model, or all of them, with what was known before a day.

    The first version of a model becomes its champion; later ones challenge it.
    """
    from pipelines.orchestration import prepare
    from pipelines.summaries import show_training, training_document

    home, settings = Home.locate(), load_settings(config)
    _require_ledger(ledger)
    ready = prepare(home)
    progress("starting")
    from pipelines.flows import train_flow

    ready()
    names = list(MODELS) if model == "all" else [model]
    outcomes = train_flow(names, ledger, as_of, home, settings)
    if out is not None:
        _write_json(out, training_document(outcomes))
    if all(outcome.registered is None for outcome in outcomes):
        raise ValueError("; ".join(outcome.refusal for outcome in outcomes))
    show_training(outcomes)


@payrisk.command()
@click.argument("model", type=click.Choice([*MODELS, "cash_forecast"]))
@options.ledger
@click.option("--cutoffs", type=options.DAYS, required=True, help="Days to train as of.")
@click.option("--out", type=options.FOLDER, required=True, help="Folder for tables and report.")
@click.option(
    "--customer-folds",
    type=click.IntRange(2),
    help="late_payment: predict each of so many folds of customers by models that never saw them.",
)
@click.option(
    "--rescore-days",
    type=click.IntRange(1),
    help="late_payment: score invoices as proposed, every so many days, not on their issue day.",
)
@click.option(
    "--hand-made-card",
    type=click.Path(path_type=Path),
    help="default, scorecard: YAML of a hand-made card to compare with (or the shipped one).",
)
@options.config
def backtest(
    model: str,
    ledger: Path,
    cutoffs: tuple[date, ...],
    out: Path,
    customer_folds: int | None,
    rescore_days: int | None,
    hand_made_card: Path | None,
    config: Path | None,
) -> None:
    """Train at rolling cutoffs and measure on what came after, beside simpler predictors.

    Each model learns what was known before its cutoff and is asked about what came until the next
    one (the last: until the ledger's end). late_payment is asked at issue and, for open invoices,
    at every month's start. default and scorecard are asked about the customers at the first month's
    start from the cutoff on, and the year after; each is fitted beside the other. DIR gets tables
    as Parquet and CSV, and report.html. cash_forecast is asked every seven days what each week
    will bring of the book that is open then.
    """
    if model == "cash_forecast":
        from pipelines.backtest.cash_forecast import SHOWN, backtest_cash

        measured = backtest_cash(ledger, cutoffs, out, load_settings(config), progress)
        show_table(model, SHOWN, measured[list(SHOWN)].itertuples(index=False))
        say(f"metrics, forecasts and forecast.png in {out}")
        return
    from pipelines.backtest.late_payment_run import HEADLINES
    from pipelines.backtest.protocol import Protocol
    from pipelines.backtest.run import backtest as run
    from pipelines.backtest.summary import kept_word, summary

    protocol = Protocol(customer_folds or 0, rescore_days or 0)
    run(model, ledger, cutoffs, out, load_settings(config), progress, protocol, hand_made_card)
    late_payment = model == "late_payment"
    show_table(f"{model}, all cutoffs", *summary(out, HEADLINES if late_payment else None))
    if not late_payment:
        say(kept_word(out))
    say(f"tables and report.html in {out}")


@payrisk.command()
@options.ledger
@options.as_of
@click.option("--out", type=options.FOLDER, required=True, help="Folder for the outputs.")
@click.option("--proposed", type=options.FOLDER, help="CSV or Parquet of invoices to be issued.")
@click.option("--applications", type=options.FOLDER, help="CSV or Parquet of new applicants.")
@click.option("--model", "models", multiple=True, help="NAME=VERSION instead of the champion.")
@click.option("--csv", is_flag=True, help="Write CSV files beside the Parquet files.")
@options.config
def score(
    ledger: Path,
    as_of: date,
    out: Path,
    proposed: Path | None,
    applications: Path | None,
    models: tuple[str, ...],
    csv: bool,
    config: Path | None,
) -> None:
    """Score open invoices and customers, rank the worklist, and publish it all for serving."""
    from pipelines.scoring import score_ledger
    from pipelines.summaries import show_scores

    summary = score_ledger(
        ledger,
        as_of,
        out,
        Home.locate(),
        load_settings(config),
        proposed=proposed,
        applications=applications,
        overrides=options.model_versions(models),
        csv=csv,
        progress=progress,
    )
    show_scores(summary)


@payrisk.command()
@click.argument("model", type=click.Choice(MODELS))
@click.option("--version", required=True, help="The version to make champion.")
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why.")
@options.config
def promote(model: str, version: str, by: str, reason: str, config: Path | None) -> None:
    """Make a version the champion, publish it for serving, and record the move."""
    from pipelines.orchestration import prepare

    load_settings(config)
    if not by.strip() or not reason.strip():
        raise click.UsageError("say who decides and why: --by and --reason must not be empty")
    home = Home.locate()
    ready = prepare(home)
    from pipelines.flows import promote_flow

    ready()
    made = promote_flow(home, model, version, by, reason)
    before = f"version {made.from_version}" if made.from_version else "none"
    say(f"{model}: champion is version {made.to_version} (was {before}), by {made.by}")
    say(f"recorded in {home.promotions}")


@payrisk.command()
@click.option("--host", help="Address to listen on (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: 8350).")
@options.config
def serve(host: str | None, port: int | None, config: Path | None) -> None:
    """Serve the API and the worklist on the scores published last."""
    from pipelines.server import run_server

    run_server(Home.locate(), load_settings(config), host, port)


@payrisk.command()
@click.option("--input", "folder", type=options.FOLDER, help="A canonical extract to use instead.")
@options.config
def demo(folder: Path | None, config: Path | None) -> None:
    """Simulate a book, import it, train every model, score it: everything once, in minutes."""
    from pipelines.demo import run_demo

    run_demo(Home.locate(), load_settings(config), folder)


def _require_ledger(path: Path) -> None:
    """Refuse a missing ledger before anything slow starts."""
    from features.ledger import Ledger

    Ledger.open(path)


def _write_json(path: Path, content: object) -> None:
    from features.ledger.writing import replace_atomically

    replace_atomically(path, json.dumps(content, indent=1, default=str).encode())


def main() -> None:
    """Run the command; every expected fault is one line and a non-zero exit."""
    # A polite stop ends the helpers a command has started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        payrisk(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_page:
        help_page.show()
        sys.exit(2)
    except click.ClickException as fault:
        _fail(fault.format_message(), 2)
    except click.Abort:
        _fail("stopped", 130)
    except OSError as fault:
        # The system's own say "[Errno 2] No such file or directory: 'x'".
        said = fault.strerror and fault.filename
        _fail(f"{fault.filename}: {fault.strerror}" if said else str(fault), 1)
    except (ValueError, RuntimeError) as fault:
        _fail(str(fault), 1)
    except Exception as fault:
        log = Home.locate().root / "crash.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        _fail(f"unexpected {type(fault).__name__}: {fault}; details in {log}", 70)


def _fail(message: str, code: int) -> None:
    click.echo(f"payrisk: {' '.join(message.split())}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
