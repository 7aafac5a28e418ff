"""From when on two states of the facts differ: what is older need not be built again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numba import njit

from features.facts.book import STREAMS, Book, Measures, Stream
from features.facts.dealings import PLACES
from features.facts.versions import FOREVER, Int64


def changed_from(before: Book, after: Book) -> Int64:
    """Return the moment from which on each customer's facts differ; shape (customers of after,).

    Features at that moment or earlier are the same in both, `FOREVER` where nothing changed. A
    customer that is new has changed at all times.
    """
    earlier = before.positions(after.customer_ids)
    first = np.where(earlier >= 0, FOREVER, np.int64(-(2**62)))
    old_ids, new_ids = _hashes(before), _hashes(after)
    for name in STREAMS:
        old, new = getattr(before, name), getattr(after, name)
        _earliest(
            earlier, old.offsets, old.known, old.void, _values(old, before, after, old_ids),
            new.offsets, new.known, new.void, _values(new, after, after, new_ids), first,
        )  # fmt: skip
    return first


def _hashes(book: Book) -> Int64:
    """Return a number for each invoice that says which it is, wherever it stands."""
    return np.append(pd.util.hash_array(book.invoice_ids, categorize=False).view(np.int64), 0)


def _values(stream: Stream, book: Book, reference: Book, invoices: Int64) -> Int64:
    """Return the stored measures of a stream, one row each.

    Positions and codes shift with what comes, so invoices go by their hash and places by their
    code in one book.
    """
    base = stream.measures.base if isinstance(stream.measures, Measures) else stream.measures
    rows = []
    for name in sorted(base):
        values = base[name]
        if name == "invoice":
            values = np.where(values >= 0, invoices[np.maximum(values, 0)], values)
        if stream is book.masters and name in PLACES and book is not reference:
            index = {place: at for at, place in enumerate(reference.places)}
            codes = np.array([index.get(place, -2) for place in book.places] + [-1])
            values = codes[values]
        rows.append(values)
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(stream.known))


@njit(cache=True, nogil=True)
def _earliest(  # type: ignore[no-untyped-def]
    earlier, old_offsets, old_known, old_void, old_values,
    new_offsets, new_known, new_void, new_values, first,
):  # fmt: skip
    """Lower ``first`` to the moment of each customer's first difference in a stream."""
    for c in range(len(earlier)):
        if earlier[c] < 0:
            continue
        a, a_end = old_offsets[earlier[c]], old_offsets[earlier[c] + 1]
        b, b_end = new_offsets[c], new_offsets[c + 1]
        while a < a_end and b < b_end:
            same = old_known[a] == new_known[b]
            for k in range(len(old_values)):
                same = same and old_values[k, a] == new_values[k, b]
            if not same:
                first[c] = min(first[c], old_known[a], new_known[b])
                break
            if old_void[a] != new_void[b]:
                first[c] = min(first[c], old_void[a], new_void[b])
            a += 1
            b += 1
        if a < a_end:
            first[c] = min(first[c], old_known[a])
        if b < b_end:
            first[c] = min(first[c], new_known[b])
