from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from features.facts.buckets import buckets
from features.facts.loading import daily_totals, load_customers
from features.facts.surroundings import (
    MEASURES,
    PORTFOLIO,
    DailyTotals,
    Surroundings,
    first_difference,
)

TRADE, RETAIL = ("segment", "trade"), ("segment", "retail")


def totals(*rows: tuple[tuple[str, str], int, int]) -> DailyTotals:
    """Return totals of rows of place, day and number."""
    places = tuple(dict.fromkeys(place for place, _, _ in rows))
    values = np.zeros((len(MEASURES), len(rows)), dtype=np.int64)
    values[0] = [number for _, _, number in rows]
    return DailyTotals.collect(
        places,
        np.array([places.index(place) for place, _, _ in rows], dtype=np.int64),
        np.array([day for _, day, _ in rows], dtype=np.int64),
        values,
    )


def around(*rows: tuple[tuple[str, str], int, int]) -> Surroundings:
    return Surroundings.of(totals(*rows))


def same(one: Surroundings, two: Surroundings) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(two, field.name))
        for field in fields(Surroundings)
    )


@pytest.mark.parametrize("rows", [1, 400, 3000])
@pytest.mark.parametrize("order", [1, -1])
def test_totals_of_parts_together_are_those_of_the_whole(busy_ledger, busy_book, rows, order):
    parts = [
        daily_totals(load_customers(busy_ledger, bucket.customers))
        for bucket in buckets(busy_ledger, rows)[::order]
    ]
    assert same(Surroundings.of(DailyTotals.together(parts)), busy_book.surroundings)
    # Also a few at a time, onto what was added up before.
    together = DailyTotals.together([])
    for part in parts:
        together = DailyTotals.together([together, part])
    assert same(Surroundings.of(together), busy_book.surroundings)


@pytest.mark.parametrize("parts", [0, 1, 2, 7, 40])
def test_totals_of_many_parts_add_up(parts):
    rng = np.random.default_rng(parts)
    kinds = [PORTFOLIO, TRADE, RETAIL]
    every = [
        totals(
            *((kinds[rng.integers(3)], int(rng.integers(5)), int(rng.integers(9))) for _ in "abc")
        )
        for _ in range(parts)
    ]
    found = DailyTotals.of_many(iter(every))
    assert same(Surroundings.of(found), Surroundings.of(DailyTotals.together(every)))


def test_totals_run_by_place_and_day():
    found = around((TRADE, 7, 2), (PORTFOLIO, 5, 1), (TRADE, 3, 5), (TRADE, 7, 1))
    assert found.places == (PORTFOLIO, TRADE)
    assert found.day.tolist() == [5, 3, 7]
    assert found.totals[0].tolist() == [0, 1, 6, 9]
    assert found.offsets.tolist() == [0, 1, 3]
    assert found.codes([TRADE, ("segment", "public"), PORTFOLIO]).tolist() == [1, -1, 0]


BASE = ((PORTFOLIO, 5, 1), (PORTFOLIO, 8, 2), (TRADE, 6, 1))


@pytest.mark.parametrize(
    ("rows", "day"),
    [
        (BASE, None),
        (BASE[::-1], None),
        ((*BASE, (PORTFOLIO, 9, 1)), 9),
        ((*BASE, (TRADE, 2, 1)), 2),
        ((*BASE, (RETAIL, 7, 1)), 7),
        ((*BASE, (PORTFOLIO, 5, 1)), 5),
        (BASE[:2], 6),
        (((PORTFOLIO, 5, 1), (PORTFOLIO, 7, 2), (TRADE, 6, 1)), 7),
        (((PORTFOLIO, 5, 1), (PORTFOLIO, 8, 3), (TRADE, 7, 1)), 6),
    ],
)
def test_the_first_difference_is_the_day_from_which_two_disagree(rows, day):
    assert first_difference(around(*BASE), around(*rows)) == day
    assert first_difference(around(*rows), around(*BASE)) == day


def test_nothing_differs_from_nothing():
    empty = Surroundings.of(DailyTotals.together([]))
    assert first_difference(empty, empty) is None
    assert first_difference(empty, around(*BASE)) == 5
