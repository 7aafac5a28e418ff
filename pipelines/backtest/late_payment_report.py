"""The late-payment backtest as one HTML page: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from models.late_payment.baselines.catalogue import REFERENCE
from models.reports.charts import lines_figure, quality_figure
from models.reports.page import Fact, Picture, Section, Table, render_page
from pipelines.backtest.protocol import Protocol
from pipelines.backtest.tables import POOLED

_TASKS = {
    "late_5d": "At issue: 5 or more days late",
    "open_late_30d": "While open: 30 or more days late",
}
_SHOWN = ("model", REFERENCE, "own_late_rate", "lgbm_raw", "lgbm_history")
_QUALITY = [
    *("auc", "average_precision", "log_loss", "brier", "brier_skill", "ece"),
    *("calibration_slope", "calibration_intercept", "top_decile_share", "cash_ratio"),
    "cash_ratio_trimmed",
]
_FORMATS = {
    **dict.fromkeys(_QUALITY, ".3f"),
    **dict.fromkeys(("log_loss", "brier", "ece", "base_rate"), ".4f"),
    **dict.fromkeys(("difference", "low", "high"), "+.4f"),
    **dict.fromkeys(("log_loss_difference", "its low", "its high"), "+.4f"),
    **dict.fromkeys(("error", "error_paid", "pinball"), ".2f"),
    **dict.fromkeys(("covered", "error_saved", "error_saved_low", "error_saved_high"), ".1%"),
    "rows": ",.0f",
}


def late_payment_report(
    tables: Mapping[str, pd.DataFrame], cutoffs: Sequence[date], end: date, protocol: Protocol
) -> str:
    """Return the page.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        What the backtest writes.
    cutoffs : sequence of date
    end : date
        Of the ledger.
    protocol : Protocol
    """
    targets = [target for target in _TASKS if target in set(tables["pooled"]["target"])]
    sections = [_task(tables, target) for target in targets]
    sections += [
        _dates(tables["dates"]),
        *(_slices(tables["slices"], target) for target in targets),
        _all_horizons(tables["pooled"]),
        _method(protocol, end),
    ]
    days = ", ".join(str(cutoff) for cutoff in cutoffs)
    return render_page(
        "Late payment: backtest",
        f"Trained as of {days}; tested on what came after, until {end}.",
        _facts(tables, targets),
        sections,
    )


def _facts(tables: Mapping[str, pd.DataFrame], targets: Sequence[str]) -> list[Fact]:
    facts = []
    for target in targets:
        pooled = tables["pooled"]
        own = pooled[pooled["target"] == target].set_index("predictor")
        gap = _gaps(tables["comparisons"], target, POOLED).set_index("baseline").loc[REFERENCE]
        name = _TASKS[target].split(":")[0].lower()
        facts += [
            Fact(
                f"AUC, {name}",
                f"{own.loc['model', 'auc']:.3f}",
                f"logistic regression with history {own.loc[REFERENCE, 'auc']:.3f}",
            ),
            Fact(
                f"log loss less the regression's, {name}",
                f"{gap['difference']:+.4f}",
                f"95% {gap['low']:+.4f} to {gap['high']:+.4f}; below 0 is better",
            ),
        ]
    dates = tables["dates"]
    own_dates = dates[(dates["scope"] == POOLED) & (dates["task"] == "at_issue")]
    for row in own_dates[own_dates["predictor"] == "model"].to_dict("records"):
        facts.append(
            Fact(
                "days off, median pay day at issue",
                f"{row['error']:.2f}",
                f"P10 to P90 covers {row['covered']:.0%}",
            )
        )
    return facts


def _task(tables: Mapping[str, pd.DataFrame], target: str) -> Section:
    rows = tables["predictions"]
    rows = rows[rows["target"] == target]
    outcome = rows["outcome"].to_numpy(dtype=bool)
    metrics, pooled = tables["metrics"], tables["pooled"]
    own = pooled[pooled["target"] == target]
    model = own[own["predictor"] == "model"].iloc[0]
    shown = {name: rows[name].to_numpy(dtype=float) for name in _SHOWN}
    per_cutoff = metrics[metrics["target"] == target]
    return Section(
        _TASKS[target],
        [
            f"{len(rows):,} rows of {rows['customer_id'].nunique():,} customers, "
            f"{outcome.mean():.1%} late. Calibration error {model['ece']:.4f} "
            f"(95% {model['ece_low']:.4f} to {model['ece_high']:.4f}); the tenth with the highest "
            f"probabilities holds {model['top_decile_share']:.0%} of the lates."
        ],
        [
            Picture(
                quality_figure(outcome, shown),
                f"Calibration of the model; ROC and precision-recall of {', '.join(_SHOWN)}. "
                "The table below has the numbers.",
                "All cutoffs together. Points near the diagonal mean probabilities that came true.",
            ),
            Picture(
                lines_figure(per_cutoff, ("auc", "log_loss", "ece"), _SHOWN),
                "AUC, log loss and calibration error by cutoff, with 95% intervals.",
            ),
        ],
        [
            _table(own[["predictor", "rows", *_QUALITY]], "All predictors on the same rows"),
            _table(
                _gaps(tables["comparisons"], target, POOLED),
                "Log loss, model less baseline: paired 95% intervals by customer",
            ),
            _table(
                per_cutoff[per_cutoff["predictor"].isin(_SHOWN)][
                    ["predictor", "cutoff", "rows", "base_rate", *_QUALITY]
                ],
                "By cutoff",
            ),
        ],
    )


def _gaps(comparisons: pd.DataFrame, target: str, scope: str) -> pd.DataFrame:
    chosen = comparisons[
        (comparisons["target"] == target)
        & (comparisons["scope"] == scope)
        & (comparisons["measure"] == "log_loss")
    ]
    return chosen[["baseline", "difference", "low", "high"]]


def _dates(dates: pd.DataFrame) -> Section:
    columns = ["predictor", "scope", "task", "rows", "error", "error_paid", "pinball", "covered"]
    saved = ["error_saved", "error_saved_low", "error_saved_high"]
    return Section(
        "When the money comes",
        [
            "Mean absolute error of the median pay day in days, of all invoices (open ones count "
            "as far as they were seen, at most 90 days late) and of those paid; pinball loss of "
            "P10, P50 and P90; the share paid between P10 and P90; the share of each rule's error "
            "that the model saves."
        ],
        (),
        [_table(dates[dates["scope"] == POOLED].reindex(columns=columns + saved), "Pay days")],
    )


def _slices(slices: pd.DataFrame, target: str) -> Section:
    columns = ["part", "slice", "predictor", "rows", "customers", "base_rate", "auc"]
    own = slices[slices["target"] == target].rename(
        columns={"log_loss_difference_low": "its low", "log_loss_difference_high": "its high"}
    )
    more = ["log_loss", "ece", "calibration_intercept", "log_loss_difference"]
    return Section(
        f"Who it is for. {_TASKS[target]}",
        ["The difference is the model's log loss less that of the row's predictor."],
        (),
        [_table(own[[*columns, *more, "its low", "its high"]], "Parts of the rows")],
    )


def _all_horizons(pooled: pd.DataFrame) -> Section:
    shown = pooled[pooled["predictor"].isin(_SHOWN)]
    columns = ["predictor", "target", "rows", "base_rate", *_QUALITY]
    return Section("Every horizon", (), (), [_table(shown[columns], "All cutoffs together")])


def _method(protocol: Protocol, end: date) -> Section:
    held_out = (
        f"Customers were dealt into {protocol.customer_folds} folds by a hash of their id; each "
        "fold was predicted by models that never learnt from its customers' rows."
        if protocol.customer_folds
        else "Models learnt from every customer's past; those new after the cutoff are a slice."
    )
    age = (
        f"Invoices were scored as proposed, every {protocol.rescore_days} days from the cutoff on."
        if protocol.rescore_days
        else "At issue, an invoice is scored with what was known before the day of its issue."
    )
    return Section(
        "How it was measured",
        [
            f"{held_out} {age} Open invoices are asked about at every month's start, only on "
            "horizons that are still a question. Everything fitted, baselines included, saw "
            "outcomes as known at the cutoff; a horizon counts only where it had passed by "
            f"{end}, whatever became of the invoice.",
            "Intervals draw customers with replacement (400 draws, 95%), because invoices of one "
            "customer are not independent; differences are paired on the same draws. Skill is "
            "against the rate of the tested rows. Cash ratios are cash that was late over cash "
            "expected to be; the trimmed one leaves out the ten largest documents.",
        ],
    )


def _table(frame: pd.DataFrame, caption: str) -> Table:
    return Table(frame, caption, _FORMATS, marked="model")
