"""Where values fall: every value there can be, finite or not, has a bin with points of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Kind = Literal["missing", "unseen", "special", "range"]

MISSING, UNSEEN = 0, 1
"""Positions of the first two bins of every characteristic."""


@dataclass(frozen=True)
class Layout:
    """How one characteristic's values are divided.

    Parameters
    ----------
    cuts : tuple of float
        Edges between the ranges, ascending; a value on an edge belongs to the right.
    specials : tuple of float
        Values that mean something of their own: each is a bin.
    low, high : float
        What can be believed. Outside, infinite values included, is unseen: training saw nothing
        like it, and the value is more likely a fault than a customer.
    """

    cuts: tuple[float, ...]
    specials: tuple[float, ...]
    low: float
    high: float

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of each bin, in order."""
        special: list[Kind] = ["special"] * len(self.specials)
        ranges: list[Kind] = ["range"] * (len(self.cuts) + 1)
        return ("missing", "unseen", *special, *ranges)

    @property
    def first_range(self) -> int:
        """Position of the first range."""
        return 2 + len(self.specials)

    @property
    def edges(self) -> list[tuple[float | None, float | None]]:
        """``low`` and ``high`` of each bin, as a `Bin` has them."""
        special = [(value, value) for value in self.specials]
        ranges = pairwise([-np.inf, *self.cuts, np.inf])
        return [(None, None), (self.low, self.high), *special, *ranges]

    def bin_of(self, values: Float64) -> npt.NDArray[np.int64]:
        """Return each value's position among the bins.

        Examples
        --------
        >>> layout = Layout((0.5,), (0.0,), -1.0, 2.0)
        >>> layout.bin_of(np.array([np.nan, np.inf, 0.0, 0.4, 0.5])).tolist()
        [0, 1, 2, 3, 4]
        """
        cuts = np.array(self.cuts, dtype=np.float64)
        found = np.searchsorted(cuts, values, side="right") + self.first_range
        found[(values < self.low) | (values > self.high)] = UNSEEN
        for number, value in enumerate(self.specials, start=2):
            found[values == value] = number
        return np.where(np.isnan(values), MISSING, found).astype(np.int64)


def believable(values: Float64) -> tuple[float, float]:
    """Return the limits outside which a value is unseen: as far again as training's own range.

    A little beyond training is nothing new, and much of it must come: customers grow older.

    Examples
    --------
    >>> believable(np.array([0.0, 1.0, np.inf, np.nan]))
    (-1.0, 2.0)
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -np.inf, np.inf
    low, high = float(finite.min()), float(finite.max())
    width = max(high - low, 1.0)
    return low - width, high + width


@dataclass(frozen=True)
class Bin:
    """One bin of a characteristic.

    Parameters
    ----------
    kind : {"missing", "unseen", "special", "range"}
    low, high : float or None
        A range holds ``[low, high)``; a special value is both; what is outside is unseen.
    goods, bads : int
        Rows of each that training saw.
    woe : float
    points : int
        What a customer in the bin gets.
    fitted_points : int
        What the weight of evidence alone gives: they differ where a person decided otherwise.
    """

    kind: Kind
    low: float | None
    high: float | None
    goods: int
    bads: int
    woe: float
    points: int
    fitted_points: int

    @property
    def label(self) -> str:
        """Return what falls into it as text."""
        if self.low is None or self.high is None:
            return "missing"
        if self.kind == "special":
            return f"exactly {self.low:g}"
        if self.kind == "unseen":
            return f"unseen: outside {self.low:g} to {self.high:g}"
        if np.isinf(self.low):
            return "any value" if np.isinf(self.high) else f"below {self.high:g}"
        return f"{self.low:g} or more" if np.isinf(self.high) else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Characteristic:
    """One row of the card: a feature, what it knows, its weight and its bins.

    Parameters
    ----------
    feature : str
    iv : float
        Information value of the bins.
    weight : float
        Coefficient of the weight of evidence, above 0.
    direction : int
        +1: higher is riskier, -1: higher is safer, 0: not certain.
    bins : tuple of Bin
        Missing, unseen, special values, then ranges from low to high.
    """

    feature: str
    iv: float
    weight: float
    direction: int
    bins: tuple[Bin, ...]

    @cached_property
    def layout(self) -> Layout:
        """Where each value falls."""
        specials = tuple(b.low for b in self.bins if b.kind == "special" and b.low is not None)
        cuts = tuple(b.low for b in self.ranges[1:] if b.low is not None)
        unseen = self.bins[UNSEEN]
        low, high = unseen.low, unseen.high
        return Layout(
            cuts, specials, -np.inf if low is None else low, np.inf if high is None else high
        )

    @property
    def ranges(self) -> tuple[Bin, ...]:
        """The bins that are ranges, from low to high."""
        return tuple(b for b in self.bins if b.kind == "range")

    def bin_of(self, values: Float64) -> npt.NDArray[np.int64]:
        """Return each value's position in ``bins``."""
        return self.layout.bin_of(values)

    @cached_property
    def points(self) -> Float64:
        """The points of each bin."""
        return np.array([b.points for b in self.bins], dtype=np.float64)

    @cached_property
    def neutral_points(self) -> float:
        """Points of an average customer: what points lost are counted from."""
        weight = np.array([b.goods + b.bads for b in self.bins], dtype=np.float64)
        return float((self.points * weight).sum() / weight.sum())
