"""Monthly customer snapshots with the default of the following year: the risk models' rows."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from configs.settings import DefaultSettings
from features.build import build_matrix
from features.catalogue import CUSTOMER_FEATURES
from features.engine import Keys, Moment
from features.facts.book import Book
from features.facts.versions import DAY, Int64
from models.snapshot_months import learnable_months, monthly_snapshots


@dataclass(frozen=True)
class Snapshots:
    """Customers at month starts.

    Arrays of shape (n,), ``matrix`` of shape (n, features). ``bad`` is the default in the part of
    the performance window that has passed; ``settled`` the settled invoices of the year before
    (not given: none is known of); ``matured`` whether the whole window has passed, and ``weight``
    what the row counts in learning, 1 if matured (not given: all are). See
    `models.short_windows`.
    """

    customer: Int64
    as_of: Int64
    matrix: npt.NDArray[np.float64]
    bad: npt.NDArray[np.bool_]
    settled: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    matured: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    weight: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Take a history that is not given for none, and a window for a whole one."""
        n = len(self.customer)
        usual = {"settled": np.zeros(n), "matured": np.ones(n, dtype=bool), "weight": np.ones(n)}
        for name, values in usual.items():
            if len(getattr(self, name)) != n:
                object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: npt.NDArray[np.generic]) -> Snapshots:
        """Return some rows."""
        return Snapshots(*(getattr(self, part.name)[rows] for part in fields(self)))

    @property
    def whole(self) -> Snapshots:
        """Those whose whole window has passed: what can be measured on."""
        return self if self.matured.all() else self.take(self.matured)

    @property
    def bad_customers(self) -> int:
        """Number of distinct customers that defaulted within a window that has passed."""
        return len(np.unique(self.customer[self.bad & self.matured]))


def customer_keys(customer: Int64, as_of: Int64) -> Keys:
    """Return keys about customers."""
    none = np.full(len(customer), -1, dtype=np.int64)
    return Keys(customer, as_of, none, none, none, none)


def matured_snapshots(
    book: Book, settings: DefaultSettings, cutoff: int, since_day: int = 0
) -> Snapshots:
    """Return every eligible monthly snapshot whose performance window had passed at a cutoff.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
    cutoff : int
        Microseconds since 1970.
    since_day : int
        The first month wanted, days since 1970.
    """
    months = monthly_snapshots(book, settings, cutoff)
    wanted = months["matured"].astype(bool) & (months["day"] >= since_day)
    chosen = months[(months["excluded"] == "") & wanted]
    return _with_features(book, chosen.assign(weight=1.0))


def training_snapshots(book: Book, settings: DefaultSettings, cutoff: int) -> Snapshots:
    """Return what the models learn from at a cutoff: `learnable_months` with their features.

    Parameters
    ----------
    book : Book
    settings : DefaultSettings
    cutoff : int
        Microseconds since 1970.
    """
    return _with_features(
        book, learnable_months(monthly_snapshots(book, settings, cutoff), settings)
    )


def _with_features(book: Book, chosen: pd.DataFrame) -> Snapshots:
    customer = chosen["customer"].to_numpy(dtype=np.int64)
    as_of = chosen["day"].to_numpy(dtype=np.int64) * DAY
    keys = customer_keys(customer, as_of)
    matrix = build_matrix(book, keys, CUSTOMER_FEATURES)
    order = np.lexsort((as_of, customer))
    settled = np.empty(len(order))
    settled[order] = Moment(book, keys.take(order)).settled["365d"]["count"]
    return Snapshots(
        customer,
        as_of,
        matrix,
        chosen["bad"].to_numpy(dtype=bool),
        settled,
        chosen["matured"].to_numpy(dtype=bool),
        chosen["weight"].to_numpy(dtype=np.float64),
    )


def require_defaults(name: str, snapshots: Snapshots, settings: DefaultSettings) -> None:
    """Refuse to train on too few defaults.

    Raises
    ------
    ValueError
        One line with the number there is and the number needed.
    """
    found, needed = snapshots.bad_customers, settings.min_defaulted_customers
    if found < needed:
        raise ValueError(
            f"{name}: {found} customers with a matured default in "
            f"{settings.window_months} months, {needed} are needed; "
            "import more history or lower default.min_defaulted_customers"
        )


def folds(customer: Int64, count: int = 5) -> Int64:
    """Return a fold per row that keeps each customer's rows together, by a hash of the customer."""
    mixed = (customer.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(40)) % np.uint64(count)).astype(np.int64)


def later_half(snapshots: Snapshots) -> npt.NDArray[np.bool_]:
    """Return the rows of the later months: the slice that calibrates."""
    if len(snapshots) == 0:
        return np.empty(0, dtype=bool)
    return np.asarray(snapshots.as_of >= np.quantile(snapshots.as_of, 0.5))
