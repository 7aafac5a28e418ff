from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ledger.spans import void_at


class Version(NamedTuple):
    invoice: str | None
    company: str | None
    known: int
    recorded: int | None


moments = st.integers(0, 6)
versions = st.builds(
    Version,
    st.sampled_from(["X", "Y", None]),
    st.sampled_from(["a", "b", None]),
    moments,
    st.none() | moments,
)


def table_of(rows: list[Version]) -> pa.Table:
    return pa.table(
        {
            "invoice": pa.array([row.invoice for row in rows], pa.string()),
            "company": pa.array([row.company for row in rows], pa.string()),
            "known_at": pa.array([row.known for row in rows], pa.timestamp("us")),
            "recorded_at": pa.array([row.recorded for row in rows], pa.timestamp("us")),
        }
    )


def obviously(rows: list[Version], key: list[str]) -> list[int | None]:
    """Return the void of each row: the earliest moment at which a version after it is known."""

    def after(other: int, row: int) -> bool:
        one, two = rows[row], rows[other]
        if any(getattr(one, name) != getattr(two, name) for name in key):
            return False
        order = [
            (v.known if v.recorded is None else v.recorded, v.known, at)
            for v, at in ((one, row), (two, other))
        ]
        return order[0] < order[1]

    everyone = range(len(rows))
    return [
        min((rows[other].known for other in everyone if after(other, row)), default=None)
        for row in everyone
    ]


def found(rows: list[Version], key: list[str]) -> list[int | None]:
    return void_at(table_of(rows), key).cast(pa.int64()).to_pylist()


@given(st.lists(versions, max_size=14))
def test_a_version_ends_where_one_after_it_is_known(rows):
    assert found(rows, ["invoice"]) == obviously(rows, ["invoice"])


@given(st.lists(versions, max_size=14))
def test_a_key_of_several_columns_names_a_fact_by_all_of_them(rows):
    key = ["invoice", "company"]
    assert found(rows, key) == obviously(rows, key)
    assert found(rows, key[::-1]) == obviously(rows, key)


@pytest.mark.parametrize(
    ("rows", "voids"),
    [
        ([], []),
        ([Version("X", None, 3, None)], [None]),
        # The later row of one moment stands.
        ([Version("X", None, 3, 3), Version("X", None, 3, 3)], [3, None]),
        # Recorded first, although about a later day: voided before it is known.
        ([Version("X", None, 3, 2), Version("X", None, 9, 1)], [None, 3]),
        # A version that is known early ends all those recorded before it.
        (
            [Version("X", None, 5, 1), Version("X", None, 6, 2), Version("X", None, 3, 3)],
            [3, 3, None],
        ),
    ],
)
def test_examples(rows, voids):
    assert found(rows, ["invoice"]) == voids
