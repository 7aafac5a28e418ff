"""How a backtest asks: whose rows are held out, and how old a proposal's features are."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.book import Book

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Protocol:
    """Options of a late-payment backtest.

    Parameters
    ----------
    customer_folds : int
        0: everyone's past is learnt from. 2 or more: customers are dealt into that many folds by a
        hash of their id, and each fold is predicted by models that never saw its customers' rows.
    rescore_days : int
        0: an invoice is scored on the day of its issue. Otherwise as proposed on the last scoring
        day at or before its issue, one every so many days from the cutoff on.

    Raises
    ------
    ValueError
        One fold, or a negative number.
    """

    customer_folds: int = 0
    rescore_days: int = 0

    def __post_init__(self) -> None:
        if self.customer_folds < 0 or self.customer_folds == 1:
            raise ValueError(
                f"--customer-folds {self.customer_folds}: give 2 or more, or leave it out"
            )
        if self.rescore_days < 0:
            raise ValueError(f"--rescore-days {self.rescore_days}: give 1 or more, or leave it out")

    def folds(self, book: Book) -> Iterator[tuple[Bool | None, Bool]]:
        """Yield whose rows to learn from (None: everyone's) and whose to predict."""
        if self.customer_folds == 0:
            yield None, np.ones(len(book.customer_ids), dtype=bool)
            return
        fold = np.array(
            [fold_of(str(customer), self.customer_folds) for customer in book.customer_ids]
        )
        for number in range(self.customer_folds):
            yield fold != number, fold == number


def fold_of(customer_id: str, folds: int) -> int:
    """Return a customer's fold: the same in every ledger and every run.

    Examples
    --------
    >>> fold_of("C1", 5) == fold_of("C1", 5)
    True
    """
    return zlib.crc32(customer_id.encode()) % folds
