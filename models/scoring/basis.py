"""What carries a score: the customer's own history, a bureau, its segment, or the portfolio."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.engine import Keys, Moment
from features.facts.book import Book

OWN_HISTORY = 3
"""From this many settled invoices in a year on a customer's own history carries its score."""


def basis_at(moment: Moment) -> npt.NDArray[np.object_]:
    """Return ``own history``, ``segment`` or ``portfolio`` for each key."""
    segment = moment.latest(moment.book.masters, "segment")
    own = moment.settled["365d"]["count"] >= OWN_HISTORY
    # A comparison with NaN is false: a customer of no segment.
    chosen = np.select([own, segment >= 0], ["own history", "segment"], "portfolio")
    return np.asarray(chosen, dtype=object)


def customer_basis_at(moment: Moment) -> npt.NDArray[np.object_]:
    """Return the same for scores of customers: for a thin history a bureau's score comes first."""
    basis = basis_at(moment)
    bureau = ~np.isnan(moment.latest(moment.book.bureau, "score_milli"))
    return np.where((basis != "own history") & bureau, "bureau", basis).astype(object)


def basis_of(book: Book, keys: Keys) -> npt.NDArray[np.object_]:
    """Return the basis for keys in any order."""
    order = np.lexsort((keys.as_of, keys.customer))
    basis = np.empty(len(order), dtype=object)
    basis[order] = basis_at(Moment(book, keys.take(order)))
    return basis
