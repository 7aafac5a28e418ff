"""The page a credit committee reads of a default model or scorecard: the answer, its grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from configs.settings import DefaultSettings
from models.evaluation.grades import ASSET_CORRELATION
from models.reports.charts import grades_figure, lines_figure, quality_figure
from models.reports.page import Fact, Picture, Section, Table, render_page
from models.scorecard.card import Scorecard
from pipelines.backtest.risk import OTHER
from pipelines.backtest.risk_report_card import card_section, selection_section
from pipelines.backtest.tables import POOLED, predictors_of

_TITLES = {"default": "Default model", "scorecard": "Scorecard"}
_REFERENCE = "lr_five"
_QUALITY = ["auc", "auc_low", "auc_high", "gini", "ks", "log_loss", "brier", "brier_skill"]
_CALIBRATION = ["calibration_slope", "calibration_intercept", "ece", "rank_correlation"]
_RATES = ("predicted", "observed", "low", "high", "base_rate", "pd_above", "pd_up_to")
_FORMATS = {
    **dict.fromkeys([*_QUALITY, *_CALIBRATION, "psi", "by_chance", "p_value"], ".3f"),
    **dict.fromkeys(("log_loss", "brier"), ".4f"),
    **dict.fromkeys(_RATES, ".2%"),
    **dict.fromkeys(("rows", "score_from"), ",.0f"),
    "share": ".1%",
}
_GAPS = dict.fromkeys(("difference", "low", "high"), "+.4f")


@dataclass(frozen=True)
class Backtested:
    """What the page is about.

    Parameters
    ----------
    name : {"default", "scorecard"}
    tables : mapping of str to DataFrame
        What the backtest writes.
    scale : DataFrame
        See `pipelines.backtest.risk_tables.master_scale`.
    card : Scorecard or None
        The one of the last cutoff.
    definition : DefaultSettings
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    scale: pd.DataFrame
    card: Scorecard | None
    definition: DefaultSettings


def risk_report(made: Backtested, end: date) -> str:
    """Return the page."""
    cutoffs = made.tables["stability"]["cutoff"]
    sections = [
        _validation(made),
        _grades(made.tables["grades"]),
        *(card_section(card) for card in [made.card] if card),
        Section(
            "The master scale",
            [
                "One scale for both models. A grade holds the probabilities above the one before "
                "it and up to its own; customers are those of the last cutoff."
            ],
            (),
            [_table(made.scale, "Grades")],
        ),
        *(selection_section(card) for card in [made.card] if card),
        _stability(made.tables),
        _limits(made),
        _method(made, end),
    ]
    return render_page(
        f"{_TITLES[made.name]}: backtest",
        f"Fitted as of {', '.join(map(str, cutoffs))}; tested on the "
        f"{made.definition.window_months} months after each.",
        _facts(made),
        sections,
    )


def _facts(made: Backtested) -> list[Fact]:
    pooled = made.tables["pooled"].set_index("predictor")
    model, grades = pooled.loc["model"], made.tables["grades"]
    facts = [
        Fact("AUC", _number(model["auc"]), _between(model["auc_low"], model["auc_high"])),
        Fact("Gini", _number(model["gini"]), f"KS {_number(model['ks'])}"),
        Fact(
            "grades that predict inside the 95% interval",
            f"{grades['inside'].sum()} of {len(grades)}",
            "grades by cutoff",
        ),
        Fact(
            "calibration slope",
            _number(model["calibration_slope"]),
            f"1 is right; intercept {_number(model['calibration_intercept'])}, 0 is right",
        ),
    ]
    gap = _gaps(made.tables["comparisons"], "auc").set_index("baseline")
    if _REFERENCE in gap.index:
        row = gap.loc[_REFERENCE]
        facts.append(
            Fact(
                "AUC above logistic regression on five features",
                f"{row['difference']:+.3f}",
                f"95% {row['low']:+.3f} to {row['high']:+.3f}",
            )
        )
    return facts


def _validation(made: Backtested) -> Section:
    rows, pooled = made.tables["predictions"], made.tables["pooled"]
    shown = predictors_of(rows, ("model", OTHER[made.name], _REFERENCE, "worst_dpd"))
    outcome = rows["outcome"].to_numpy(dtype=bool)
    bad_customers = rows.loc[rows["outcome"], "customer_id"].nunique()
    metrics = made.tables["metrics"]
    return Section(
        "Validation",
        [
            f"{len(rows):,} customer years of {rows['customer_id'].nunique():,} customers; "
            f"{int(outcome.sum()):,} ended in default, of {bad_customers:,} customers. "
            "Everything shown was predicted with what was known before it."
        ],
        [
            Picture(
                quality_figure(outcome, {name: rows[name].to_numpy(float) for name in shown}),
                f"Calibration of the model; ROC and precision-recall of {', '.join(shown)}. "
                "The table below has the numbers.",
                "All cutoffs together. Points near the diagonal mean probabilities that came true.",
            ),
            Picture(
                lines_figure(metrics, ("auc", "log_loss", "brier"), shown),
                "AUC, log loss and Brier score by cutoff, with 95% intervals.",
            ),
        ],
        [
            _table(
                pooled[["predictor", "rows", "base_rate", *_QUALITY, *_CALIBRATION]],
                "All predictors on the same customers; rank correlation is with the model",
            ),
            *(
                Table(
                    _gaps(made.tables["comparisons"], measure),
                    f"{title}, model less baseline: paired 95% intervals by customer",
                    _GAPS,
                )
                for measure, title in (("auc", "AUC"), ("log_loss", "Log loss"), ("brier", "Brier"))
            ),
            _table(
                metrics[metrics["predictor"].isin(shown)][
                    ["predictor", "cutoff", "rows", "base_rate", *_QUALITY, *_CALIBRATION]
                ],
                "By cutoff",
            ),
        ],
    )


def _gaps(comparisons: pd.DataFrame, measure: str) -> pd.DataFrame:
    chosen = comparisons[(comparisons["scope"] == POOLED) & (comparisons["measure"] == measure)]
    return chosen[["baseline", "difference", "low", "high"]]


def _grades(grades: pd.DataFrame) -> Section:
    outside, together = (int((~grades[name]).sum()) for name in ("inside", "inside_together"))
    by_chance = 0.05 * len(grades)
    return Section(
        "Calibration by grade",
        [
            f"{outside} of {len(grades)} grades by cutoff predict outside the exact 95% "
            f"interval of what came; about {by_chance:.1f} would where every probability is right. "
            "The binomial test takes customers for independent. In a bad year they default "
            "together, so more grades than that fall outside without a fault of the model. "
            f"Where good and bad years are allowed for ({ASSET_CORRELATION:.0%} asset correlation, "
            f"as in Tasche's traffic lights), {together} fall outside; that test sees a wrong "
            "probability only where over twice or under a third of it came."
        ],
        [
            Picture(
                grades_figure(grades),
                "Observed default rate with its 95% interval and predicted rate of every grade, by "
                "cutoff. The table below has the numbers.",
            )
        ],
        [_table(grades, "Grades by cutoff")],
    )


def _stability(tables: Mapping[str, pd.DataFrame]) -> Section:
    moves = tables["migration"]
    matrices = [
        _matrix(part, f"Customers by grade, {before} (rows) to {after} (columns)")
        for (before, after), part in moves.groupby(["cutoff", "next_cutoff"], sort=True)
    ]
    return Section(
        "Stability",
        [
            "The population stability index compares the scores of the customers tested with those "
            "learnt from. Small samples move by chance: by_chance is what it stays below in 95% of "
            "cases where nothing moved, counting each customer once. Above that, .10 and .25 are "
            "the customary marks.",
            "The matrices count customers that have a grade at both cutoffs; the model was fitted "
            "anew in between, so a move can be the customer's or the model's.",
        ],
        (),
        [_table(tables["stability"], "Stability of the score"), *matrices],
    )


def _matrix(moves: pd.DataFrame, caption: str) -> Table:
    wide = moves.pivot(index="from", columns="to", values="customers")
    order = list(dict.fromkeys(moves["from"]))
    return Table(wide.loc[order, order].rename_axis(columns=None).reset_index(), caption)


def _limits(made: Backtested) -> Section:
    rows = made.tables["predictions"]
    bads = rows[rows["outcome"]].groupby("cutoff")["customer_id"].nunique()
    fewest = int(bads.reindex(rows["cutoff"].unique(), fill_value=0).min())
    text = [
        "It is about customers with an open item or a recent purchase, not in default or "
        "probation: others are not graded by it, and customers without any history were not "
        "tested here.",
        f"The thinnest cutoff has {fewest:,} customers in default. With few of them intervals are "
        "wide; where an interval of a difference holds 0, this backtest does not tell the two "
        "apart.",
        "Cutoffs less than the window apart share months of the same defaults: their results are "
        "not independent, and pooled intervals draw customers with all their cutoffs to allow "
        "for it. All cutoffs share what the economy did; a worse one is not in these figures.",
        "The default is the one defined below. Another definition is another model.",
    ]
    if made.card is not None:
        text.append(
            "Points are whole numbers, so scores near an edge of the scale can change grade by "
            "rounding. Points edited by a person after the fit are not what was validated here: "
            "backtest measures cards as fitted."
        )
    return Section("Limits of use", text)


def _method(made: Backtested, end: date) -> Section:
    own = made.definition
    return Section(
        "How it was measured",
        [
            f"Default: {own.consecutive_days} days in a row with more than "
            f"{own.absolute_threshold:,.0f} and {own.relative_threshold:.1%} of the balance "
            f"overdue, or an event ({', '.join(own.unlikely_to_pay)}), within "
            f"{own.window_months} months. "
            "At each cutoff everything was fitted on monthly snapshots and outcomes as known then, "
            "calibration and baselines on those whose whole window had passed, the models also on "
            f"those of which at least {own.min_window_months} months had, weighted; and asked "
            "about the customers at the first month's start from the cutoff on. Outcomes of the "
            f"test are those known when its window had passed, at the latest {end}.",
            "Baselines: the base rate learnt; worst days past due now, overdue share and bureau "
            "score, each as a logistic regression on that alone; lr_five, a logistic regression on "
            "these, the late rate and the mean days late of the year; hand_made, the same on the "
            "sum of a card written by hand.",
            "Intervals draw customers with replacement (400 draws, 95%); differences are paired on "
            "the same draws. All cutoffs together also compare customers of different cutoffs, "
            "which is why a base rate that changed has an AUC other than .5 there; by cutoff "
            "nothing of the kind happens.",
        ],
    )


def _number(value: float) -> str:
    return "not known" if value != value else f"{value:.3f}"


def _between(low: float, high: float) -> str:
    return "" if low != low else f"95% {low:.3f} to {high:.3f}"


def _table(frame: pd.DataFrame, caption: str) -> Table:
    return Table(frame, caption, _FORMATS, marked="model")
