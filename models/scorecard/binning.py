"""Bins of a characteristic: optimal and monotone, with enough customers in default in each."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import numpy as np
import numpy.typing as npt

from configs.settings import ScorecardSettings
from models.scorecard.bins import Layout, believable
from models.scorecard.candidates import Candidates

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SMOOTHING = 0.5
"""Customers added to every bin, goods and bads together, so that none has an infinite WOE."""
SCARCE_PRIOR = 20.0
"""Average customers added to the bins of missing and special values: rarely seen means average."""

_TRENDS = {1: "ascending", -1: "descending", 0: "auto_asc_desc"}
_ROUGH_BINS = 20


@dataclass(frozen=True, eq=False)
class Binned:
    """A candidate in bins.

    Parameters
    ----------
    column : int
        Of the candidates' matrix.
    name : str
    direction : int
    layout : Layout
    position : int8 array of shape (n,)
        Each row's bin.
    goods, bads : int64 arrays of shape (bins,)
        What their rows count, rounded.
    woe : float64 array of shape (bins,)
    iv : float
    """

    column: int
    name: str
    direction: int
    layout: Layout
    position: npt.NDArray[np.int8]
    goods: Int64
    bads: Int64
    woe: Float64
    iv: float

    @property
    def rows(self) -> Float64:
        """The WOE of each row."""
        return self.woe[self.position]


def bin_candidate(
    candidates: Candidates, column: int, settings: ScorecardSettings
) -> Binned | None:
    """Bin one candidate; None where no cut separates goods from bads."""
    name, direction = candidates.names[column], candidates.directions[column]
    values = candidates.matrix[:, column]
    specials = tuple(settings.special_values.get(name, ()))
    low, high = believable(values)
    ordinary = np.isfinite(values) & ~np.isin(values, specials)
    share = settings.min_bin_share * len(values) / max(int(ordinary.sum()), 1)
    found = split_points(
        name,
        direction,
        values[ordinary],
        candidates.bad[ordinary],
        share,
        settings,
        candidates.weight[ordinary],
    )
    cuts = without_thin_bins(
        tuple(sorted({_readable(cut) for cut in found})),
        values[ordinary],
        candidates.bad[ordinary],
        candidates.customer[ordinary],
        settings.min_bad_customers_per_bin,
    )
    if not cuts and not specials:
        return None
    layout = Layout(cuts, specials, low, high)
    position = layout.bin_of(values)
    counts = count_bins(position, candidates.bad, len(layout.kinds), candidates.weight)
    # Whole numbers, from which whoever reads the card can work out its WOE.
    goods, bads = (np.rint(count).astype(np.int64) for count in counts)
    woe, iv = weights_of_evidence(goods, bads, layout.first_range, candidates.rows_per_customer)
    return Binned(column, name, direction, layout, position.astype(np.int8), goods, bads, woe, iv)


def split_points(
    name: str,
    direction: int,
    values: Float64,
    bad: Bool,
    share: float,
    settings: ScorecardSettings,
    weight: Float64 | None = None,
) -> tuple[float, ...]:
    """Return the cuts between a feature's ranges, empty where no cut separates goods from bads.

    The trend of the bad rate follows the direction of risk where there is one.

    Parameters
    ----------
    name : str
    direction : int
    values : float64 array of shape (n,)
        Finite.
    bad : bool array of shape (n,)
    share : float
        Of these rows that each range must hold.
    settings : ScorecardSettings
    weight : float64 array of shape (n,), optional
        What each row counts.
    """
    # OptBinning takes seconds to import and is needed in training only.
    # Its solver library announces on standard output that an optional back end is absent.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        from optbinning import OptimalBinning

    if len(values) < 50 or bad.sum() < 5 or bad.all() or share >= 0.5:
        return ()
    binning = OptimalBinning(
        name=name,
        dtype="numerical",
        monotonic_trend=_TRENDS[direction],
        min_bin_size=share,
        max_n_prebins=settings.max_prebins,
        max_n_bins=settings.max_bins,
        time_limit=10,
    )
    binning.fit(values, bad.astype(int), sample_weight=weight)
    return tuple(float(cut) for cut in binning.splits)


def _readable(cut: float) -> float:
    """Round to four significant digits: a card is read by people."""
    return float(f"{cut:.4g}")


def without_thin_bins(
    cuts: tuple[float, ...], values: Float64, bad: Bool, customer: Int64, needed: int
) -> tuple[float, ...]:
    """Remove cuts until every range holds enough different customers that went bad.

    Twelve bad months of one customer are one default: rows do not count here. The thinnest range
    joins the neighbour with the nearer bad rate, which keeps a trend.

    Examples
    --------
    >>> value, bad = np.repeat([0.0, 1.0, 2.0], 4), np.tile([True, False], 6)
    >>> customer = np.array([1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5])
    >>> without_thin_bins((0.5, 1.5), value, bad, customer, 2)
    (1.5,)
    """
    kept = list(cuts)
    while kept:
        position = np.searchsorted(np.array(kept), values, side="right")
        pairs = np.unique(np.column_stack([position[bad], customer[bad]]), axis=0)
        customers = np.bincount(pairs[:, 0], minlength=len(kept) + 1)
        thin = int(np.argmin(customers))
        if customers[thin] >= needed:
            break
        rows = np.bincount(position, minlength=len(kept) + 1)
        rate = np.bincount(position[bad], minlength=len(kept) + 1) / np.maximum(rows, 1)
        left = abs(rate[thin] - rate[thin - 1]) if thin else np.inf
        right = abs(rate[thin] - rate[thin + 1]) if thin < len(kept) else np.inf
        del kept[thin - 1 if left <= right else thin]
    return tuple(kept)


def count_bins(
    position: npt.NDArray[np.integer], bad: Bool, bins: int, weight: Float64
) -> tuple[Float64, Float64]:
    """Return what the goods and the bads of each bin count."""
    goods, bads = (
        np.bincount(position[of], weight[of], minlength=bins).astype(np.float64)
        for of in (~bad, bad)
    )
    return goods, bads


def weights_of_evidence(
    goods: Float64 | Int64, bads: Float64 | Int64, scarce: int, rows_per_customer: float = 1.0
) -> tuple[Float64, float]:
    """Return the WOE per bin and the information value.

    ``woe = ln(share of goods / share of bads)``;
    ``iv = sum (share of goods - share of bads) * woe``.

    Parameters
    ----------
    goods, bads : arrays of shape (bins,)
    scarce : int
        How many bins come before the ranges. Those of them that hold rows are drawn towards the
        average; those that hold none get the WOE of the riskiest range: what was never seen is
        neither safe nor zero.
    rows_per_customer : float
        The priors are customers, not rows.

    Examples
    --------
    >>> woe, iv = weights_of_evidence(np.array([0, 90, 10]), np.array([0, 10, 10]), 1)
    >>> woe.round(2).tolist(), round(iv, 2)
    ([-1.58, 0.58, -1.58], 0.86)
    """
    total_good, total_bad = goods.sum(), bads.sum()
    share = np.array([total_good, total_bad]) / max(total_good + total_bad, 1)
    prior = np.full(len(goods), SMOOTHING * rows_per_customer)
    prior[:scarce] = SCARCE_PRIOR * rows_per_customer
    good = (goods + prior * share[0]) / total_good
    bad = (bads + prior * share[1]) / total_bad
    woe = np.log(good / bad)
    never = goods + bads == 0
    never[scarce:] = False
    woe[never] = woe[scarce:].min()
    iv = float(((goods / total_good - bads / total_bad) * woe).sum())
    return woe, iv


def rough_information(values: Float64, bad: Bool, weight: Float64) -> float:
    """Return the information value over twentieths: cheap, and more than any good bins have.

    Examples
    --------
    >>> rough_information(np.ones(100), np.arange(100) % 2 == 0, np.ones(100))
    0.0
    """
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    cuts = np.unique(np.quantile(values[known], np.linspace(0, 1, _ROUGH_BINS + 1)[1:-1]))
    position = np.where(known, np.searchsorted(cuts, values, side="right") + 1, 0)
    goods, bads = count_bins(position, bad, len(cuts) + 2, weight)
    return weights_of_evidence(goods, bads, 1)[1]
