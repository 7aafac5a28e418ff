"""Defaults that pass to the other customers of a group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.facts.book import Book
from features.facts.lookup import latest_row
from features.facts.versions import DAY, FOREVER
from features.labels.default_causes import GROUP


def spread_in_groups(spells: pd.DataFrame, book: Book, last_day: int) -> pd.DataFrame:
    """Add the day-ends at which another customer of the same group is in default.

    The other one is so by its own affairs: what it caught itself it does not pass on. The group is
    that of the master data as known at each day-end.

    Parameters
    ----------
    spells : DataFrame
        ``customer day cured_day reason given``, as `default_spells` finds them.
    book : Book
    last_day : int
        Day-ends before this one are judged.

    Returns
    -------
    DataFrame
        The same columns, by customer and day. Spells that touch are one.
    """
    own = spells.assign(until=spells["cured_day"].where(spells["cured_day"] >= 0, last_day))
    members = _memberships(book, last_day)
    carried = _overlap(own.merge(members, on="customer"))
    caught = _overlap(
        carried[["customer", "group", "day", "until"]]
        .rename(columns={"customer": "carrier"})
        .merge(members, on="group")
    )
    caught = caught[caught["carrier"] != caught["customer"]]
    caught = caught.assign(reason=GROUP, given=1 << GROUP)
    names = ["customer", "day", "until", "reason", "given"]
    return _joined(pd.concat([own[names], caught[names]], ignore_index=True), last_day)


def _memberships(book: Book, last_day: int) -> pd.DataFrame:
    """Return the day-ends [first, end) at which each customer belongs to each group."""
    masters = book.masters
    since = np.concatenate([masters.known // DAY, masters.void[masters.void < FOREVER] // DAY])
    owner = np.concatenate([masters.owner, masters.owner[masters.void < FOREVER]])
    changes = pd.DataFrame({"customer": owner, "first": since})
    changes = changes[changes["first"] < last_day].drop_duplicates()
    changes = changes.sort_values(["customer", "first"], ignore_index=True)
    row = latest_row(
        masters.offsets, masters.known, masters.void,
        changes["customer"].to_numpy(), (changes["first"].to_numpy() + 1) * DAY,
    )  # fmt: skip
    group = masters.measures["group"]
    changes["group"] = np.where(row >= 0, group[row], -1) if len(group) else -1
    following = changes.groupby("customer")["first"].shift(-1)
    changes["end"] = following.fillna(last_day).astype(np.int64)
    return changes[changes["group"] >= 0]


def _overlap(pairs: pd.DataFrame) -> pd.DataFrame:
    """Cut the spells of pairs to the time of the membership."""
    pairs = pairs.assign(
        day=np.maximum(pairs["day"], pairs["first"]), until=np.minimum(pairs["until"], pairs["end"])
    )
    return pairs[pairs["day"] < pairs["until"]].drop(columns=["first", "end"])


def _joined(pieces: pd.DataFrame, last_day: int) -> pd.DataFrame:
    """Make one spell of those of a customer that touch."""
    pieces = pieces.sort_values(["customer", "day", "reason"], kind="stable", ignore_index=True)
    reached = pieces.groupby("customer")["until"].cummax()
    before = reached.groupby(pieces["customer"]).shift(1)
    begins = before.isna() | (pieces["day"] > before)
    whole = pieces.groupby(begins.cumsum(), as_index=False).agg(
        customer=("customer", "first"),
        day=("day", "first"),
        until=("until", "max"),
        reason=("reason", "first"),
        given=("given", np.bitwise_or.reduce),
    )
    whole["cured_day"] = whole["until"].where(whole["until"] < last_day, -1)
    return whole[["customer", "day", "cured_day", "reason", "given"]]
