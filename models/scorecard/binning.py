"""Bins of a characteristic: optimal and monotone, with missing values in a bin of their own."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE

Float64 = npt.NDArray[np.float64]

SMOOTHING = 0.5
"""Goods and bads added to every bin, so that a bin without bads has a finite WOE."""
MISSING_PRIOR = 30.0
"""Rows of the average customer added to the missing bin: rarely seen means average, not safe."""

_TRENDS = {1: "ascending", -1: "descending", 0: "auto_asc_desc"}


def split_points(
    feature: str, values: Float64, bad: npt.NDArray[np.bool_], min_share: float
) -> list[float]:
    """Return the cuts between a feature's bins, empty where no cut separates goods from bads.

    The trend of the bad rate follows the catalogue's direction where it gives one.
    """
    # OptBinning takes seconds to import and is needed in training only.
    # Its solver library announces on standard output that an optional back end is absent.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        from optbinning import OptimalBinning

    known = ~np.isnan(values)
    if known.sum() < 50 or bad[known].sum() < 5 or bad[known].all():
        return []
    binning = OptimalBinning(
        name=feature,
        dtype="numerical",
        monotonic_trend=_TRENDS[CATALOGUE[feature].direction],
        min_bin_size=min_share,
        max_n_prebins=12,
        max_n_bins=5,
        time_limit=10,
    )
    binning.fit(values[known], bad[known].astype(int))
    return [float(cut) for cut in binning.splits]


def count_bins(
    values: Float64, bad: npt.NDArray[np.bool_], cuts: list[float]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each row's bin (0 is missing) and the goods and bads per bin."""
    found = np.searchsorted(np.array(cuts), values, side="right") + 1
    position = np.where(np.isnan(values), 0, found)
    bins = len(cuts) + 2
    bads = np.bincount(position[bad], minlength=bins)
    goods = np.bincount(position[~bad], minlength=bins)
    return position, goods, bads


def weights_of_evidence(
    goods: npt.NDArray[np.int64], bads: npt.NDArray[np.int64]
) -> tuple[Float64, float]:
    """Return the WOE per bin, missing first, and the information value.

    ``woe = ln(share of goods / share of bads)``;
    ``iv = sum (share of goods - share of bads) * woe``.

    Examples
    --------
    >>> woe, iv = weights_of_evidence(np.array([0, 90, 10]), np.array([0, 10, 10]))
    >>> woe.round(2).tolist(), round(iv, 2)
    ([0.0, 0.58, -1.55], 0.85)
    """
    share_good, share_bad = goods.sum() / (goods + bads).sum(), bads.sum() / (goods + bads).sum()
    prior = np.full(len(goods), 2 * SMOOTHING)
    prior[0] = MISSING_PRIOR
    good = (goods + prior * share_good) / goods.sum()
    bad = (bads + prior * share_bad) / bads.sum()
    woe = np.log(good / bad)
    iv = float(((goods / goods.sum() - bads / bads.sum()) * woe).sum())
    return woe, iv
