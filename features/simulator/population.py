"""Who the customers are: segment, country, size, habits of buying and paying, quality."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from features.simulator.business_days import (
    FORTNIGHTLY,
    MONTH_END,
    MONTHLY,
    TWICE_MONTHLY,
    WEEKLY,
    Calendar,
    pay_calendars,
)
from features.simulator.draws import GROUPS, TRAITS, Float64, Int64, uniforms

SEGMENTS = ("retail", "wholesale", "manufacturing", "construction", "services", "hospitality")
COUNTRIES = ("DE", "FR", "IT", "PL", "NL")
SIZES = ("micro", "small", "medium", "large")
TERMS = np.array([14, 30, 45, 60, 90])
COLLECTORS = 8

SMALLEST_INVOICE = 60_000
"""Minor units. Above default's absolute threshold (500), so that one overdue invoice counts."""

_SEGMENT_SHARES = (0.22, 0.18, 0.22, 0.14, 0.16, 0.08)
_SEGMENT_RISK = np.array([0.10, -0.10, -0.25, 0.45, 0.0, 0.55])
_SEGMENT_SEASON = np.array([1, 1, 0, 2, 0, 2])
_TERMS_SHARES = np.array(
    [
        [0.25, 0.50, 0.15, 0.10, 0.00],
        [0.10, 0.45, 0.20, 0.20, 0.05],
        [0.05, 0.35, 0.20, 0.30, 0.10],
        [0.20, 0.50, 0.15, 0.15, 0.00],
        [0.30, 0.55, 0.10, 0.05, 0.00],
        [0.45, 0.45, 0.10, 0.00, 0.00],
    ]
)
_COUNTRY_SHARES = (0.40, 0.20, 0.15, 0.15, 0.10)
_COUNTRY_RISK = np.array([-0.10, 0.0, 0.30, 0.15, -0.20])
_SIZE_SHARES = (0.30, 0.36, 0.25, 0.09)
_SIZE_RISK = np.array([0.35, 0.10, -0.20, -0.60])
_YEARLY_INVOICES = np.array([8.0, 17.0, 34.0, 75.0])
_USUAL_AMOUNT = np.array([1_400.0, 2_400.0, 5_000.0, 14_000.0])
_RUN_KIND_SHARES = (0.50, 0.12, 0.13, 0.12, 0.13)
_SHORTEST_GAP = {WEEKLY: 7, FORTNIGHTLY: 14, TWICE_MONTHLY: 12, MONTH_END: 26, MONTHLY: 26}
_WEEKS_BETWEEN = {WEEKLY: 1.0, FORTNIGHTLY: 2.0, TWICE_MONTHLY: 2.2, MONTH_END: 4.3, MONTHLY: 4.3}
_DRAWS = 24
_SEGMENT_DISPUTES = np.array([0.022, 0.024, 0.030, 0.062, 0.022, 0.018])
"""Invoices disputed by a customer in healthy times."""
_DISCOUNT_SHARE, _DUNNED_SHARE, _GROUPED_SHARE = 0.15, 0.90, 0.12
_DISCOUNTS = ((10, 0.02), (14, 0.03))
_GROUP_SIZE = 40
"""Neighbouring numbers of which those with a parent share it."""
_PARENT_WEIGHT = 0.6
"""Share of the variance of quality and carelessness that comes from the parent."""


class Population(NamedTuple):
    """Customers, one entry per array; days count from the calendar's start, amounts in cents.

    ``item_by_item`` customers pay each invoice around its due date in the week in which they run;
    the others pay everything due up to ``lead`` days after the run, on the run's day.
    ``joined`` is negative for who was a customer before the start. ``group`` is -1 for none.
    ``discount_days`` is 0 for who takes no cash discount; ``dunned`` 0 for who is never contacted;
    ``insured`` a uniform draw of which the insurer takes the lowest.
    """

    seed: int
    customer: Int64
    segment: Int64
    country: Int64
    size: Int64
    season: Int64
    terms: Int64
    other_terms: Int64
    yearly_invoices: Float64
    usual_amount: Float64
    growth: Float64
    calendar: Int64
    lead: Int64
    item_by_item: Int64
    weeks_between: Float64
    skip: Float64
    quality: Float64
    leaving: Float64
    joined: Int64
    business_age: Int64
    group: Int64
    collector: Int64
    disputes: Float64
    discount_days: Int64
    discount_rate: Float64
    dunned: Int64
    insured: Float64


def _pick(shares: tuple[float, ...] | Float64, draw: Float64) -> Int64:
    """Return the index of the class that each draw falls into; shares sum to 1 (per row)."""
    edges = np.cumsum(np.broadcast_to(shares, (len(draw), np.shape(shares)[-1])), axis=1)
    at: Int64 = np.minimum((draw[:, None] >= edges).sum(axis=1), edges.shape[1] - 1)
    return at.astype(np.int64)


def draw_population(seed: int, customers: Int64, calendar: Calendar) -> Population:
    """Draw the traits of the customers with these indices.

    Parameters
    ----------
    seed : int
        Of the simulation.
    customers : int64 array of shape (n,)
        Indices from 0.
    calendar : Calendar
        Its horizon bounds the day on which a customer joins.

    Examples
    --------
    >>> from datetime import date
    >>> from features.simulator.business_days import build_calendar
    >>> people = draw_population(1, np.arange(100), build_calendar(date(2021, 1, 1), 24))
    >>> bool((people.lead >= 0).all() and (people.joined < 731).all())
    True
    """
    u = uniforms(seed, customers, TRAITS, _DRAWS)
    grouped = u[:, 14] < _GROUPED_SHARE
    # A group's number does not depend on how many customers there are.
    group = np.where(grouped, customers // _GROUP_SIZE, -1)
    _share_with_group(seed, u, group)
    z = ndtri(u)
    segment = _pick(_SEGMENT_SHARES, u[:, 0])
    country = _pick(_COUNTRY_SHARES, u[:, 1])
    size = _pick(_SIZE_SHARES, u[:, 2])
    terms_at = _pick(_TERMS_SHARES[segment], u[:, 3])
    kind = _pick(_RUN_KIND_SHARES, u[:, 4])
    here = np.where(u[:, 5] < 0.55, -1, (u[:, 6] * (calendar.horizon - 30)).astype(np.int64))
    joined = np.where(here < 0, -(30 + 3000 * u[:, 6] ** 2).astype(np.int64), here)
    # Lognormal age of the business when it became a customer, half a year to sixty years.
    age_years = np.clip(np.exp(2.2 + 0.9 * z[:, 7]), 0.5, 60.0)
    risk = (
        _SEGMENT_RISK[segment]
        + _COUNTRY_RISK[country]
        + _SIZE_RISK[size]
        + np.where(age_years < 4, 0.45, 0.0)
        - 0.012 * np.minimum(age_years, 30)
    )
    quality = np.exp(risk + 0.70 * z[:, 8] - 0.28)
    weeks = np.array([_WEEKS_BETWEEN[k] for k in range(5)])[kind]
    # Most customers pay ahead of the due date within their calendar, some only what is overdue.
    gap = np.array([_SHORTEST_GAP[k] for k in range(5)])[kind]
    habit = _pick((0.74, 0.15, 0.11), u[:, 9])
    lead = np.where(habit == 0, gap - 1, np.where(habit == 1, gap // 2, 0))
    item_by_item = ((kind == WEEKLY) & (u[:, 10] < 0.6)).astype(np.int64)
    lead = np.where(item_by_item == 1, 6, lead)
    sloppy = np.exp(0.8 * z[:, 11] + 0.25 * np.log(quality))
    skip = np.minimum(0.018 * sloppy * (1.4 - 0.2 * np.minimum(weeks, 3)), 0.30)
    ten_days = (u[:, 20] < 0.7).astype(np.int64)
    discount = np.array(_DISCOUNTS)[1 - ten_days]
    takes = u[:, 19] < _DISCOUNT_SHARE
    return Population(
        seed=seed,
        customer=customers,
        segment=segment,
        country=country,
        size=size,
        season=_SEGMENT_SEASON[segment],
        terms=TERMS[terms_at],
        other_terms=TERMS[np.where(terms_at == 1, 0, 1)],
        yearly_invoices=np.minimum(_YEARLY_INVOICES[size] * np.exp(0.65 * z[:, 12]), 700.0),
        usual_amount=100.0 * _USUAL_AMOUNT[size] * np.exp(0.6 * z[:, 13]),
        growth=0.03 + 0.10 * z[:, 15],
        calendar=_pay_calendar(kind, u[:, 16], item_by_item),
        lead=lead.astype(np.int64),
        item_by_item=item_by_item,
        weeks_between=weeks,
        skip=skip,
        quality=quality,
        leaving=0.0010 + 0.0012 * u[:, 17],
        joined=joined,
        business_age=(365.25 * age_years).astype(np.int64),
        group=group,
        collector=(u[:, 18] * COLLECTORS).astype(np.int64),
        disputes=_SEGMENT_DISPUTES[segment] * np.exp(0.6 * z[:, 21] - 0.18),
        discount_days=np.where(takes, discount[:, 0], 0).astype(np.int64),
        discount_rate=np.where(takes, discount[:, 1], 0.0),
        dunned=(u[:, 22] < _DUNNED_SHARE).astype(np.int64),
        insured=u[:, 23],
    )


def _share_with_group(seed: int, u: Float64, group: Int64) -> None:
    """Let the members of a group draw from their parent: in place, the marginals stay.

    A group pays through one office, so its pay calendar and lead are the same; quality and
    carelessness are the parent's for the larger part.
    """
    members = np.flatnonzero(group >= 0)
    shared = uniforms(seed, group[members], GROUPS, 6)
    for column, at in ((4, 0), (9, 1), (10, 2), (16, 3)):
        u[members, column] = shared[:, at]
    for column, at in ((8, 4), (11, 5)):
        own, parent = ndtri(u[members, column]), ndtri(shared[:, at])
        both = np.sqrt(1 - _PARENT_WEIGHT) * own + np.sqrt(_PARENT_WEIGHT) * parent
        u[members, column] = ndtr(both)


def _pay_calendar(kind: Int64, draw: Float64, item_by_item: Int64) -> Int64:
    calendars = pay_calendars()
    chosen = np.zeros(len(kind), np.int64)
    for wanted in range(5):
        places = np.array([i for i, (k, _) in enumerate(calendars) if k == wanted])
        here = kind == wanted
        chosen[here] = places[(draw[here] * len(places)).astype(np.int64)]
    # Who pays item by item decides on Mondays for the week.
    return np.where(item_by_item == 1, 0, chosen)
