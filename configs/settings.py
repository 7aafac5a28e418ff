"""All settings: frozen, typed, documented once; unknown keys are refused, all faults at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from configs.yaml_file import checked, read_yaml

Money = float
"""Amounts in settings are major units of the reporting currency."""


EventKind = Literal["insolvency", "legal", "agency", "restructuring", "left"]
"""What is known to happen to customers."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImportSettings(_Frozen):
    """When a row of an extract is refused, and when the whole import is."""

    quarantine_share_limit: float = Field(0.20, ge=0, le=1)
    """An import stops when a larger share of a table's rows breaks the contract."""
    vanished_share_limit: float = Field(0.20, ge=0, le=1)
    """A full extract that lacks a larger share of the known invoices is taken for a partial one."""
    earliest_date: date = date(1990, 1, 1)
    latest_date: date = date(2100, 1, 1)
    max_terms_days: int = Field(730, gt=0)
    """A due date further behind the issue date than this is an error of entry."""
    fx_max_age_days: int = Field(7, ge=0)
    """The rate of a day without one is the last before it, not older than this."""


class FeatureSettings(_Frozen):
    """How feature tables are built."""

    rows_per_bucket: int = Field(250_000, gt=0)
    """Rows of the ledger, of all tables together, that one process works on at once."""


class SettlementSettings(_Frozen):
    """When an invoice counts as paid."""

    tolerance: Money = Field(1.0, ge=0)
    """Paid on the first day on which the open amount is at or below this (invoice currency)."""
    relative_tolerance: float = Field(0.005, ge=0, lt=1)
    """... and at or below this share of the invoice's amount."""


class DefaultSettings(_Frozen):
    """When a customer counts as in default; amounts are those of each day-end, as known then."""

    consecutive_days: int = Field(90, gt=0)
    """Day-ends in a row with more overdue than both thresholds that make a default."""
    absolute_threshold: Money = Field(500.0, ge=0)
    relative_threshold: float = Field(0.01, ge=0, lt=1)
    """A share of the customer's open balance."""
    exclude_disputes: Literal["all", "seller_fault", "none"] = "all"
    """Which open disputes keep their amount from counting as overdue."""
    exclude_unapplied_cash: bool = True
    """Cash and credit notes not applied to an invoice yet reduce what is overdue."""
    unlikely_to_pay: tuple[EventKind, ...] = ("insolvency", "legal", "agency")
    """Customer events that make a default on the day on which they become known."""
    probation_days: int = Field(90, gt=0)
    """Day-ends in a row with nothing material overdue, and no further cause, that end a default."""
    event_probation_days: int = Field(365, ge=0)
    """A default with an event or a write-off ends no sooner than this after the last of them."""
    group_contagion: bool = False
    """A customer is in default as long as another one of its group is."""
    window_months: int = Field(12, gt=0)
    """The performance window of the default model and the scorecard."""
    min_window_months: int = Field(6, gt=0)
    """Months of the window that must have passed before a snapshot is learnt from; as many as
    ``window_months``: only whole windows."""
    min_defaulted_customers: int = Field(20, gt=0)
    """Training is refused with fewer distinct customers in default in the training window."""
    lgd: float = Field(0.45, ge=0, le=1)
    """Loss given default, as long as recoveries do not tell."""


class LossSettings(_Frozen):
    """Loss given default from finished workouts; ``default.lgd`` where there are too few."""

    workout_months: int = Field(24, gt=0)
    """A default counts from this age on, with the cash that came within it."""
    discount_rate: float = Field(0.06, ge=0, lt=1)
    """A year, for the time from default to cash."""
    min_workouts: int = Field(20, gt=1)
    prior_workouts: float = Field(20.0, ge=0)
    """Workouts of average loss added to each segment's own."""
    assumed_spread: float = Field(0.15, ge=0, le=1)
    """How far the sensitivities move an LGD that is assumed."""


class TreeSettings(_Frozen):
    """How large a booster is, and from how many cases on it is worth a try."""

    min_cases: int = Field(0, ge=0)
    """Cases of an interval, from which on this size is tried."""
    trees: int = Field(200, gt=0)
    leaves: int = Field(15, gt=1)
    learning_rate: float = Field(0.05, gt=0)
    feature_fraction: float = Field(0.3, gt=0, le=1)
    min_rows_in_leaf: int = Field(20, gt=0)
    lambda_l2: float = Field(5.0, ge=0)


_CAPACITIES = {
    "slight": TreeSettings(trees=120, leaves=5, feature_fraction=0.05, min_rows_in_leaf=100),
    "lean": TreeSettings(leaves=7, feature_fraction=0.1, min_rows_in_leaf=60),
    "standard": TreeSettings(min_cases=2_000, feature_fraction=0.5),
    "large": TreeSettings(min_cases=50_000, trees=300, leaves=31, learning_rate=0.08),
}


class LatePaymentSettings(_Frozen):
    """The discrete-time hazard model of the payment day."""

    min_settled_invoices: int = Field(200, gt=0)
    calibration_share: float = Field(0.2, gt=0, lt=0.5)
    """The latest share of the training invoices: calibrates the hazards of those before."""
    calibration_weight: float = Field(0.0, ge=0, le=1)
    """How much of that calibration the hazards fitted on everything take over: they have seen the
    slice themselves."""
    capacities: dict[str, TreeSettings] = Field(default=_CAPACITIES, min_length=1)
    """Boosters to choose from, small to large. Each interval takes the one that predicts the
    latest share best, or the average of it and the next smaller."""
    max_rows: int = Field(1_500_000, gt=0)
    """From a longer history invoices are drawn at random, so that training fits into memory."""
    max_rows_to_choose: int = Field(120_000, gt=0)
    """Rows from which the boosters that choose learn, at most, and on which they are held against
    each other and calibrated."""
    regression_ridges: tuple[float, ...] = (1000.0, 300.0, 100.0, 30.0)
    """Ridges of the logistic regression that the boosters are averaged with, to choose from;
    none: boosters alone."""
    regression_rows: int = Field(50_000, gt=0)
    """Rows the regression learns from, at most."""
    record_prior: float | None = Field(30.0, gt=0, allow_inf_nan=False)
    """Invoices of a customer's own record that say as much of how early it pays as the hazards.
    Hazards alone serve where later rows speak against it; null: always."""
    extra_trees: bool = True
    monotone: bool = False
    """Hold the hazards to the catalogue's directions of risk; costs accuracy where measured."""
    seeds: int = Field(1, gt=0)
    """Boosters averaged per interval and capacity."""
    seed: int = 7


class CashForecastSettings(_Frozen):
    """Expected cash of the open book, and its intervals."""

    coverage: float = Field(0.80, gt=0, lt=1)
    """Share of the draws inside an interval; the rest lies half below and half above."""
    draws: int = Field(1_000, ge=100)
    seed: int = Field(7, ge=0)


class DefaultModelSettings(_Frozen):
    """The model of the probability of default: a regression and boosted trees, half each."""

    regression_lasso: float = Field(20.0, ge=0)
    """Weight of the regression's summed weights against the summed log loss; milder below 1,000
    bad rows."""
    regression_ridge: float = Field(10.0, gt=0)
    """The same of half the squared weights."""
    upper_confidence: float = Field(0.90, gt=0.5, lt=1)
    """Of the upper bound of the probability, which caps limits."""
    trees: int = Field(150, gt=0)
    leaves: int = Field(4, gt=1)
    learning_rate: float = Field(0.04, gt=0)
    feature_fraction: float = Field(0.5, gt=0, le=1)
    min_rows_in_leaf: int = Field(100, gt=0)
    lambda_l2: float = Field(10.0, ge=0)
    seeds: int = Field(3, gt=0)
    seed: int = 7


class ScorecardSettings(_Frozen):
    """Points, and the grades of the master scale."""

    base_score: int = 600
    base_odds: float = Field(50.0, gt=0)
    """Goods per bad at ``base_score``."""
    pdo: float = Field(20.0, gt=0)
    """Points that double the odds."""
    max_characteristics: int = Field(12, gt=0)
    bads_per_characteristic: int = Field(8, gt=0)
    """Defaulted customers that each characteristic needs: with few, the card is short."""
    ridge_customers: float = Field(20.0, gt=0)
    """Prior of the weights, in customers: with few bads it keeps them moderate, and those of what
    says alike near each other; where bads abound less serves better."""
    max_bins: int = Field(6, gt=1)
    """Ranges of a characteristic, at most; missing, unseen and special values come on top."""
    max_prebins: int = Field(12, gt=1)
    """Ranges from which the optimal ones are put together."""
    min_bin_share: float = Field(0.05, gt=0, lt=0.5)
    min_bad_customers_per_bin: int = Field(3, gt=0)
    """Different defaulted customers in each range: one customer's months are one default."""
    special_values: dict[str, list[float]] = {}
    """Values of a characteristic that mean something of their own: each is a bin."""
    min_iv: float = Field(0.02, ge=0)
    max_iv: float = Field(3.0, gt=0)
    """A characteristic with more information than this is taken for a leak and left out."""
    max_correlation: float = Field(0.95, gt=0, le=1)
    """With one taken already: what says the same, not what says something alike."""
    max_psi: float = Field(0.5, gt=0)
    """Characteristics whose values moved more than this between the halves of the time are left
    out; how many are missing does not count."""
    min_gain: float = Field(2.5, ge=0)
    """What a characteristic must add to those taken: standard errors, counted by customers. More
    than two, because many are tried."""
    grades: dict[str, float] = Field(
        default={
            "A": 0.0025,
            "B": 0.005,
            "C": 0.01,
            "D": 0.02,
            "E": 0.04,
            "F": 0.08,
            "G": 0.16,
            "H": 0.32,
            "I": 1.0,
        }
    )
    """The master scale: each grade's upper PD, ascending; the last is 1."""

    @field_validator("grades")
    @classmethod
    def _is_a_scale(cls, grades: dict[str, float]) -> dict[str, float]:
        upper = list(grades.values())
        rising = all(a < b for a, b in zip([0.0, *upper], upper, strict=False))
        if not upper or not rising or upper[-1] != 1.0:
            raise ValueError(
                f"upper PDs {upper} are no master scale: each must lie above the one before it, "
                "the first above 0, and the last be 1"
            )
        return grades


class LimitSettings(_Frozen):
    """Suggested limit = min(need, loss cap, policy caps), rounded down to a ladder."""

    need_buffer_days: int = Field(15, ge=0)
    loss_budget_per_customer: Money = Field(25_000.0, ge=0)
    max_limit: Money = Field(1_000_000.0, ge=0)
    new_customer_limit: Money = Field(5_000.0, ge=0)
    """Cap for a customer with no settled invoice."""
    max_step_up: float = Field(2.0, ge=1)
    """A limit grows at most by this factor at a time."""
    hysteresis: float = Field(0.10, ge=0, lt=1)
    """A change by a smaller share of the current limit is not suggested."""
    no_credit_pd: float = Field(0.5, gt=0, le=1)
    """From this PD on the suggestion is no credit."""


class PrioritySettings(_Frozen):
    """Collection priority: what a contact today is expected to be worth."""

    capacity: int = Field(500, gt=0)
    """Customers on one worklist."""
    contact_effect: float = Field(0.15, gt=0, le=1)
    """Share of the cash at risk that a contact is assumed to bring in: not measured."""
    min_overdue: Money = Field(50.0, ge=0)
    call_from_days: int = Field(5, ge=0)
    letter_from_days: int = Field(30, ge=0)
    stop_delivery_from_days: int = Field(60, ge=0)


class OrderPolicy(_Frozen):
    """The first order policy: thresholds that turn numbers into an outcome."""

    version: str = "2026-11"
    warn_limit_use: float = Field(0.9, gt=0)
    hold_limit_use: float = Field(1.1, gt=0)
    """Between 1 and this share of the limit an order goes to review; above, it is held."""
    review_pd: float = Field(0.10, gt=0, le=1)
    hold_pd: float = Field(0.40, gt=0, le=1)
    review_overdue_days: int = Field(30, gt=0)
    hold_overdue_days: int = Field(60, gt=0)
    unknown_customer: Literal["review", "hold"] = "review"


class ServingSettings(_Frozen):
    """The API's listener; keys come from the environment, never from a file."""

    host: str = "127.0.0.1"
    port: int = Field(8350, ge=0, le=65535)
    max_batch_rows: int = Field(1000, gt=0)


class Settings(_Frozen):
    """Everything that can be set, with the defaults the project ships."""

    reporting_currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    """Absent: the currency most invoices of the first import are in."""
    intake: ImportSettings = ImportSettings()
    features: FeatureSettings = FeatureSettings()
    settlement: SettlementSettings = SettlementSettings()
    default: DefaultSettings = DefaultSettings()
    loss: LossSettings = LossSettings()
    late_payment: LatePaymentSettings = LatePaymentSettings()
    cash_forecast: CashForecastSettings = CashForecastSettings()
    default_model: DefaultModelSettings = DefaultModelSettings()
    scorecard: ScorecardSettings = ScorecardSettings()
    limits: LimitSettings = LimitSettings()
    priority: PrioritySettings = PrioritySettings()
    orders: OrderPolicy = OrderPolicy()
    serving: ServingSettings = ServingSettings()


def load_settings(path: str | Path | None = None) -> Settings:
    """Read settings from a YAML file over the shipped defaults.

    Parameters
    ----------
    path : str or Path, optional
        A YAML mapping of the sections to change. Absent: the defaults.

    Raises
    ------
    ValueError
        The file is not YAML or breaks a rule; the message lists every fault with its key.

    Examples
    --------
    >>> load_settings().scorecard.pdo
    20.0
    """
    if path is None:
        return Settings()
    content = read_yaml(Path(path)) or {}
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: holds a {type(content).__name__}; write sections as 'key: value'"
        )
    return checked(Settings, content, str(path), "settings")
