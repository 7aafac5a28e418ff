"""Months in compiled code against the calendar's."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest

from features.engine.months import month_of, place_in_month

EPOCH = date(1970, 1, 1)


@pytest.mark.parametrize("first", [date(1970, 1, 1), date(1999, 1, 1), date(2099, 1, 1)])
def test_every_day_is_in_its_month(first):
    for number in range(3 * 366):
        day = first + timedelta(days=number)
        since = (day - EPOCH).days
        length = calendar.monthrange(day.year, day.month)[1]
        assert month_of(since) == 12 * (day.year - 1970) + day.month - 1
        assert place_in_month(since) == (day.day if day.day <= 15 else 31 - (length - day.day))


def test_days_out_of_the_table_are_of_its_ends():
    assert month_of(-5) == 0
    assert month_of(10**7) == month_of(10**6) > 2300
