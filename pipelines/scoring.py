"""Scoring a ledger: champions in, six outputs and the risk store's next set out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from configs.home import Home
from configs.settings import Settings
from features.build import moment_in_microseconds
from features.facts.loading import load_book
from features.ledger.storage import Ledger
from models.bundle import KINDS, LoadedModel, load_champions
from models.cash_forecast.co_movement import CoMovement
from models.cash_forecast.forecast import forecast_of_scored
from models.cash_forecast.periods import NEXT_WEEKS
from models.late_payment.model import LatePaymentModel
from models.loss.expected import book_scenarios
from models.loss.given_default import learnt_lgd
from models.reasons import details
from models.scoring import open_invoices, score_customers, score_invoices
from models.scoring.applications import score_applications
from models.scoring.invoices import INTERNAL_COLUMNS
from pipelines.applications import read_applications
from pipelines.files import write_frames
from pipelines.proposals import doubts, read_proposals
from serving.outputs import ScoreOutputs
from serving.store import RiskStore

_ONLY_WHEN_ASKED = (
    *("proposed", "proposed_refused", "proposed_reasons"),
    *("applications", "applications_refused"),
)
STALE_AFTER_DAYS = 31
"""A moment further behind the extract than this is not covered by the ledger."""


@dataclass(frozen=True)
class ScoreSummary:
    """What a scoring run found and wrote."""

    as_of: date
    models: Mapping[str, str]
    missing: Sequence[str]
    rows: Mapping[str, int]
    overdue: float
    expected_loss: float
    cash_at_risk: float
    currency: str
    next_cash: tuple[float, float, float]
    """Expected cash of the next `NEXT_WEEKS` weeks and its interval."""
    worklist: pd.DataFrame
    files: Sequence[Path]
    refused: Mapping[str, int]
    notes: Sequence[str]


def check_as_of(ledger: Ledger, as_of: date) -> list[str]:
    """Return notes about a moment after the ledger's extract.

    Raises
    ------
    ValueError
        The ledger does not reach the moment.
    """
    behind = (as_of - ledger.extract_date).days
    if behind > STALE_AFTER_DAYS:
        raise ValueError(
            f"as_of {as_of}: the ledger {ledger.root} ends with the extract of "
            f"{ledger.extract_date}; import a later extract or choose an earlier as_of"
        )
    if behind > 0:
        return [
            f"as_of is {behind} days after the extract of {ledger.extract_date}: what happened "
            "since then is not known"
        ]
    return []


def choose_models(home: Home, overrides: Mapping[str, str], as_of: date) -> dict[str, LoadedModel]:
    """Return the champions, overridden by versions asked for.

    Raises
    ------
    ValueError
        A model was trained after ``as_of``: it knows what came later.
    """
    unknown = [name for name in overrides if name not in KINDS]
    if unknown:
        raise ValueError(f"--model {unknown[0]}: not a model; choose of {', '.join(KINDS)}")
    chosen = load_champions(home)
    if overrides:
        # MLflow takes seconds to import: only who asks for a version pays for it.
        from models.registry import Registry

        registry = Registry(home)
        for name, version in overrides.items():
            chosen[name] = registry.load(name, version)
    for model in chosen.values():
        if model.trained_as_of > as_of:
            raise ValueError(
                f"{model.name} version {model.version} was trained as of {model.trained_as_of}, "
                f"after the as_of asked for ({as_of}); train one as of {as_of} or earlier, or "
                f"name an earlier version with --model {model.name}=VERSION"
            )
    return chosen


def score_ledger(
    ledger_path: Path,
    as_of: date,
    out: Path,
    home: Home,
    settings: Settings,
    *,
    proposed: Path | None = None,
    applications: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    csv: bool = False,
    progress: Callable[[str], None],
) -> ScoreSummary:
    """Score every open invoice and active customer, rank the worklist, publish and write it all.

    Parameters
    ----------
    ledger_path : Path
    as_of : date
    out : Path
        Folder for ``invoices``, ``customers``, ``worklist``, ``cash_forecast``,
        ``cash_forecast_customers`` and, with ``proposed``, ``proposed``; beside each of the scores
        its reasons in detail.
    home : Home
    settings : Settings
    proposed : Path, optional
        Invoices not yet issued.
    applications : Path, optional
        Applications of customers without any history.
    overrides : mapping of str to str, optional
        Versions instead of champions.
    csv : bool
        Write CSV beside Parquet.
    progress : callable
    """
    ledger = Ledger.open(ledger_path)
    notes = check_as_of(ledger, as_of)
    models = choose_models(home, overrides or {}, as_of)
    rates = ledger.table("fx_rates", ["currency"])["currency"].to_pylist()
    with_rate = {ledger.reporting_currency, *rates}
    accepted, refused = (
        (None, None)
        if proposed is None
        else read_proposals(proposed, as_of, settings.intake, with_rate)
    )
    applied, declined = (
        (None, None) if applications is None else read_applications(applications, as_of, with_rate)
    )
    progress(f"reading {ledger_path}")
    book = load_book(ledger, settings.settlement)
    masters = _masters(ledger)
    late_payment = models.get("late_payment")
    frame = open_invoices(book, as_of)
    progress(f"scoring {len(frame):,} open invoices")
    invoices = score_invoices(late_payment, book, frame, as_of)
    progress("scoring customers and ranking the worklist")
    collectors = masters["collector_id"].to_dict()
    losses = learnt_lgd(ledger, book, settings, moment_in_microseconds(as_of))
    scored = score_customers(models, book, invoices, as_of, settings, collectors, losses)
    frames = {
        "invoices": invoices.drop(columns=INTERNAL_COLUMNS),
        "customers": scored.customers,
        "expected_loss": book_scenarios(
            scored.customers,
            (losses.low, losses.mean, losses.high),
            settings.default.window_months,
            losses.mean_days,
        ),
        "worklist": scored.worklist,
        "invoice_reasons": details(invoices["invoice_id"], invoices["reasons"]),
        "customer_reasons": scored.reasons,
    }
    progress("forecasting cash")
    cash = forecast_of_scored(
        invoices, _co_movement(late_payment), as_of, ledger.reporting_currency,
        settings.cash_forecast,
    )  # fmt: skip
    frames["cash_forecast"] = cash.book
    frames["cash_forecast_customers"] = cash.customers
    refusals: dict[str, int] = {}
    if accepted is not None and refused is not None:
        progress(f"scoring {len(accepted):,} proposed invoices")
        notes += doubts(accepted, as_of, ledger)
        rows = score_invoices(late_payment, book, accepted, as_of)
        frames["proposed"] = rows.drop(columns=INTERNAL_COLUMNS)
        frames["proposed_reasons"] = details(rows["invoice_id"], rows["reasons"])
        if len(refused):
            frames["proposed_refused"] = refused.astype("string")
            refusals = refused["rule"].value_counts().to_dict()
    if applied is not None and declined is not None:
        progress(f"scoring {len(applied):,} applications")
        frames["applications"] = score_applications(
            models.get("default"), book, applied, as_of, settings, losses
        )
        if len(declined):
            frames["applications_refused"] = declined.astype("string")
            for rule, count in declined["rule"].value_counts().items():
                notes.append(f"not scored: {count:,} applications, {rule}")
    versions = {name: model.version for name, model in models.items()}
    files = write_frames(out, frames, csv)
    # Outputs of an earlier run would pass for outputs of this one.
    for name in {*frames, *_ONLY_WHEN_ASKED}:
        for path in (out / f"{name}.parquet", out / f"{name}.csv"):
            if path not in files:
                path.unlink(missing_ok=True)
    RiskStore(home.risk_store).publish(
        as_of,
        ScoreOutputs(
            invoices=frames["invoices"],
            customers=frames["customers"],
            worklist=frames["worklist"],
            models=versions,
            ledger=str(ledger_path.absolute()),
            ledger_fingerprint=ledger.fingerprint,
            reporting_currency=ledger.reporting_currency,
            names=masters["name"].dropna().to_dict(),
        ),
    )
    return ScoreSummary(
        as_of=as_of,
        models=versions,
        missing=[name for name in KINDS if name not in models],
        rows={name: len(content) for name, content in frames.items()},
        overdue=float(scored.customers["overdue"].sum()),
        expected_loss=float(frames["expected_loss"]["expected_loss"].iloc[0]),
        cash_at_risk=float(scored.worklist["cash_at_risk"].sum()),
        currency=ledger.reporting_currency,
        next_cash=cash.first_weeks(NEXT_WEEKS, settings.cash_forecast.coverage),
        worklist=scored.worklist,
        files=files,
        refused=refusals,
        notes=notes,
    )


def _co_movement(late_payment: LoadedModel | None) -> CoMovement | None:
    model = None if late_payment is None else late_payment.model
    return model.co_movement if isinstance(model, LatePaymentModel) else None


def _masters(ledger: Ledger) -> pd.DataFrame:
    """Return the latest name and collector of each customer."""
    table = ledger.table("customers", ["customer_id", "name", "collector_id", "known_at"])
    latest = table.to_pandas().sort_values("known_at", kind="stable", na_position="first")
    return latest.drop_duplicates("customer_id", keep="last").set_index("customer_id")
