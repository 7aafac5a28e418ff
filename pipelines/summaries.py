"""The short tables with which the commands end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.cash_forecast.periods import NEXT_WEEKS
from pipelines.terminal import say, show_table

if TYPE_CHECKING:
    # Training brings MLflow, seconds that a scoring run need not wait for.
    from pipelines.labels import LabelSummary
    from pipelines.scoring import ScoreSummary
    from pipelines.training import TrainOutcome

_SHOWN = ("auc", "average_precision", "brier", "ece")


def show_training(outcomes: Sequence[TrainOutcome]) -> None:
    """Print what became of each model."""
    rows = []
    for outcome in outcomes:
        if outcome.registered is None:
            continue
        made = outcome.registered
        prefix = _prefix(outcome)
        state = made.alias if made.new else f"{made.alias}, known already"
        measures = [_measure(outcome, name) for name in _SHOWN]
        rows.append((outcome.name, made.version, state, prefix, *_cases(outcome), *measures))
    if rows:
        header = ("model", "version", "alias", "measured on", "rows", "late or bad", *_SHOWN)
        show_table("models", header, rows)
    for outcome in outcomes:
        if outcome.registered is None:
            say(f"not registered: {outcome.refusal}")
            continue
        say(f"{outcome.name}: report.html and plots in {outcome.plots}")
        # Without a finite one: rows of one outcome only, or none.
        if outcome.metrics and not _measure(outcome, "log_loss_skill") > 0.0:
            cases, late = _cases(outcome)
            say(
                f"{outcome.name}: no better than the base rate on the rows it was measured on "
                f"({cases:,}, {late:,} of them late or bad); look at a backtest before acting on it"
            )


def _measure(outcome: TrainOutcome, name: str) -> float:
    return outcome.metrics.get(f"{_prefix(outcome)}_{name}", float("nan"))


def _cases(outcome: TrainOutcome) -> tuple[int, int]:
    """Return the rows that were measured, and how many of them were late or bad."""
    rows, share = (_measure(outcome, name) for name in ("rows", "base_rate"))
    return (int(rows), round(rows * share)) if rows > 0 else (0, 0)


def _prefix(outcome: TrainOutcome) -> str:
    candidates = ("oot_late_5d", "oot", "unseen_customers")
    return next((p for p in candidates if f"{p}_auc" in outcome.metrics), "oot")


def training_document(outcomes: Sequence[TrainOutcome]) -> list[dict[str, Any]]:
    """Return the outcomes as plain data."""
    return [
        {
            "model": outcome.name,
            "version": outcome.registered.version if outcome.registered else None,
            "alias": outcome.registered.alias if outcome.registered else None,
            "fingerprint": outcome.registered.fingerprint if outcome.registered else None,
            "refusal": outcome.refusal or None,
            "metrics": {k: v for k, v in outcome.metrics.items() if v == v},
        }
        for outcome in outcomes
    ]


def show_scores(summary: ScoreSummary) -> None:
    """Print what a scoring run found and wrote."""
    money = f"{summary.currency} "
    show_table(
        f"scores as of {summary.as_of}",
        ("", "found"),
        [
            ("open invoices", summary.rows["invoices"]),
            ("customers", summary.rows["customers"]),
            ("overdue", f"{money}{summary.overdue:,.0f}"),
            ("expected loss in 12 months", _amount(money, summary.expected_loss)),
            (f"expected cash of {NEXT_WEEKS} weeks", _interval(money, summary)),
            ("customers on the worklist", summary.rows["worklist"]),
            ("cash at risk on the worklist", f"{money}{summary.cash_at_risk:,.0f}"),
            *(
                [("proposed invoices", summary.rows["proposed"])]
                if "proposed" in summary.rows
                else []
            ),
        ],
    )
    for note in summary.notes:
        say(f"note: {note}")
    for rule, count in summary.refused.items():
        say(f"not scored: {count:,} proposed invoices, {rule} (see proposed_refused.parquet)")
    if summary.missing:
        say(f"no {', '.join(summary.missing)} model in this home: its columns are empty")
    say(f"files in {summary.files[0].parent}: {', '.join(path.name for path in summary.files)}")


def _interval(currency: str, summary: ScoreSummary) -> str:
    expected, low, high = summary.next_cash
    if expected != expected:
        return "not known"
    return f"{currency}{expected:,.0f} ({low:,.0f} to {high:,.0f})"


def _amount(currency: str, value: float) -> str:
    return "not known" if value != value else f"{currency}{value:,.0f}"


def show_top(summary: ScoreSummary, rows: int = 5) -> None:
    """Print the head of the worklist."""
    columns = ["rank", "customer_id", "overdue", "cash_at_risk", "next_action", "reason_1"]
    head = summary.worklist[columns].head(rows)
    show_table("call first", columns, head.itertuples(index=False))


def show_labels(summary: LabelSummary) -> None:
    """Print what the labels of a ledger are."""
    register, months = summary.register, summary.snapshots
    money = ("counted_overdue", "balance_at_default", "recovered", "lost", "still_open")
    groups = [(str(reason), part) for reason, part in register.groupby("reason")]
    show_table(
        f"defaults, {summary.currency}",
        ("reason", "defaults", "customers", "cured", *(name.replace("_", " ") for name in money)),
        [
            (
                reason,
                len(part),
                part["customer_id"].nunique(),
                int((part["outcome"] == "cured").sum()),
                *(float(part[name].sum()) for name in money),
            )
            for reason, part in [*groups, ("all", register)]
        ],
    )
    columns = ["consecutive_days", "absolute_threshold", "defaults", "customers"]
    columns += ["defaults_per_year", "overlap", "in_force"]
    show_table(
        "other definitions",
        [name.replace("_", " ") for name in columns],
        [
            (*row[:-1], "in force" if row[-1] else "")
            for row in summary.sensitivity[columns].itertuples(index=False)
        ],
    )
    eligible = months[months["eligible"]]
    matured = eligible[eligible["matured"]]
    say(
        f"{len(months):,} snapshots: {len(eligible):,} eligible, {len(matured):,} of them matured, "
        f"{int(matured['bad'].sum()):,} bad"
    )
    for note in summary.notes:
        say(f"note: {note}")
    say(f"files in {summary.files[0].parent}: {', '.join(path.name for path in summary.files)}")
