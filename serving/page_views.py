"""What the pages show, worked out from the store's rows: aging, bars, the line of past scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from models.late_payment.grid import LAST_DAY
from serving.store_file import Record
from serving.wording import day

AGING = (
    ("current", "not due", None, 0),
    ("1_30", "1-30 days", 1, 30),
    ("31_60", "31-60 days", 31, 60),
    ("61_90", "61-90 days", 61, 90),
    ("90_plus", "over 90 days", 91, None),
)
"""Aging buckets: name, label, first and last day past due."""

GRADE_BANDS = {"A": "low", "B": "low", "C": "low", "D": "mid", "E": "mid", "F": "mid"}


@dataclass(frozen=True)
class Slice:
    """One bucket of an aging bar; ``start`` and ``width`` are percentages of the bar."""

    name: str
    label: str
    amount: float
    start: float
    width: float


@dataclass(frozen=True)
class Aging:
    """Open amounts by days past due, in one currency."""

    currency: str
    total: float
    slices: tuple[Slice, ...]


def days_past_due(invoice: Record, as_of: date) -> int | None:
    """Return how long an invoice is past its due date; negative before it."""
    due_on = invoice["due_on"]
    return (as_of - date.fromisoformat(due_on)).days if due_on else None


def expected_payment(invoice: Record) -> tuple[str, str]:
    """Return when an invoice will be paid in words: the median, and the 10% to 90% span.

    The forecast ends `LAST_DAY` days after the due date; a date at that end is no forecast.

    Examples
    --------
    >>> dates = {"due_on": "2025-01-01", "pay_date_p10": "2025-02-01"}
    >>> expected_payment({**dates, "pay_date_p50": "2025-03-01", "pay_date_p90": "2026-01-01"})
    ('1 Mar 2025', '1 Feb 2025 or later')
    >>> expected_payment({**dates, "pay_date_p50": "2026-01-01", "pay_date_p90": "2026-01-01"})
    ('not by 1 Jan 2026', '1 Feb 2025 or later')
    """
    due_on, early, middle, late = (
        invoice[name] for name in ("due_on", "pay_date_p10", "pay_date_p50", "pay_date_p90")
    )
    if not due_on or not middle:
        return day(middle), ""
    end = (date.fromisoformat(due_on) + timedelta(days=LAST_DAY)).isoformat()
    quoted = day(middle) if middle < end else f"not by {day(middle)}"
    if not early or early >= end:
        return quoted, ""
    open_ended = not late or late >= end
    return quoted, f"{day(early)} or later" if open_ended else f"{day(early)} – {day(late)}"


def aging(invoices: Sequence[Record], as_of: date) -> list[Aging]:
    """Add up open amounts by bucket, a bar per currency, the largest first.

    Examples
    --------
    >>> bars = aging([{"due_on": "2026-01-01", "open_amount": 50.0, "currency": "EUR"},
    ...               {"due_on": "2026-03-01", "open_amount": 150.0, "currency": "EUR"}],
    ...              date(2026, 2, 1))
    >>> [(s.name, s.amount, s.start, s.width) for s in bars[0].slices if s.amount]
    [('current', 150.0, 0.0, 75.0), ('31_60', 50.0, 75.0, 25.0)]
    """
    sums: dict[str, dict[str, float]] = {}
    for invoice in invoices:
        dpd, amount = days_past_due(invoice, as_of), invoice["open_amount"]
        if dpd is None or amount is None or amount <= 0:
            continue
        bucket = next(name for name, _, _, last in AGING if last is None or dpd <= last)
        of_currency = sums.setdefault(invoice["currency"] or "", {})
        of_currency[bucket] = of_currency.get(bucket, 0.0) + amount
    bars = []
    for currency, by_bucket in sums.items():
        total, start, slices = sum(by_bucket.values()), 0.0, []
        for name, label, _, _ in AGING:
            width = 100 * by_bucket.get(name, 0.0) / total
            slices.append(Slice(name, label, by_bucket.get(name, 0.0), start, width))
            start += width
        bars.append(Aging(currency, total, tuple(slices)))
    return sorted(bars, key=lambda bar: -bar.total)


def share_of(value: float | None, whole: float | None) -> float:
    """Return a value as a percentage of a whole, between 0 and 100; 0 where unknown.

    Examples
    --------
    >>> share_of(30.0, 60.0), share_of(90.0, 60.0), share_of(None, 60.0), share_of(5.0, 0.0)
    (50.0, 100.0, 0.0, 0.0)
    """
    if value is None or not whole or whole <= 0:
        return 0.0
    return min(max(100 * value / whole, 0.0), 100.0)


def sparkline(
    values: Sequence[float], width: float = 240, height: float = 48, margin: float = 4
) -> str:
    """Return the points of a polyline through values, for an SVG of that size.

    Examples
    --------
    >>> sparkline([1.0, 3.0, 2.0], width=108, height=28)
    '4.0,24.0 54.0,4.0 104.0,14.0'
    >>> sparkline([5.0])
    ''
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    step = (width - 2 * margin) / (len(values) - 1)
    # Equal values run along the middle.
    shift = 0.0 if high > low else (height - 2 * margin) / 2
    return " ".join(
        f"{margin + place * step:.1f},"
        f"{height - margin - shift - (value - low) / spread * (height - 2 * margin):.1f}"
        for place, value in enumerate(values)
    )


def grade_band(grade: str | None) -> str:
    """Return the band that colours a grade.

    Examples
    --------
    >>> grade_band("A"), grade_band("E"), grade_band("I"), grade_band(None)
    ('low', 'mid', 'high', 'none')
    """
    return "none" if not grade else GRADE_BANDS.get(grade[:1], "high")


def pages_around(page: int, pages: int, reach: int = 2) -> list[int | None]:
    """Return the page numbers to link, None where some are left out.

    Examples
    --------
    >>> pages_around(5, 20)
    [1, None, 3, 4, 5, 6, 7, None, 20]
    >>> pages_around(1, 3)
    [1, 2, 3]
    """
    near = {1, pages, *range(page - reach, page + reach + 1)}
    numbers = sorted(n for n in near if 1 <= n <= pages)
    linked: list[int | None] = numbers[:1] if numbers else []
    for before, after in pairwise(numbers):
        linked += [None, after] if after > before + 1 else [after]
    return linked
