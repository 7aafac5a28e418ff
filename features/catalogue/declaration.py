"""What a feature is: declared once, read by the models, the reason codes and the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from features.engine import Moment
from features.facts.book import Float64

Entity = Literal["customer", "invoice"]
Unit = Literal[
    "share", "days", "ratio", "count", "score", "log", "spreads", "day_of_month", "weekday"
]

_NAME = re.compile(
    r"^(customer|invoice)_[a-z0-9_]+_"
    r"(rate|mean|std|median|p90|max|share|ratio|difference|count|value)_"
    r"(last\d+|ewm|like|30d|90d|180d|365d|all|now)$"
)
_WORDS = re.compile(r"\[(\w+)\|(\w+)\]")
"""The two words of a sentence, for values above and below zero."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    Parameters
    ----------
    name : str
        ``<entity>_<measure>_<statistic>_<window>``.
    unit : Unit
        Of its value.
    direction : int
        +1: higher is riskier, -1: higher is safer, 0: not certain. A certain direction is a
        monotone constraint of the models.
    sentence : str
        The reason code's text; ``{value}`` stands for the formatted value. Of ``[after|before]``
        the second word is for values below zero, which then lose their sign.
    missing : str
        What NaN means.
    compute : callable
        From the moment to an array of shape (keys,).
    owner : str
        Who answers for it.

    Raises
    ------
    ValueError
        The name does not follow the pattern.

    Examples
    --------
    >>> Feature("late", "share", 1, "", "", lambda moment: moment.amount)
    Traceback (most recent call last):
    ...
    ValueError: feature 'late': write <entity>_<measure>_<statistic>_<window>
    """

    name: str
    unit: Unit
    direction: Literal[-1, 0, 1]
    sentence: str
    missing: str
    compute: Callable[[Moment], Float64]
    owner: str = "credit risk"

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(
                f"feature {self.name!r}: write <entity>_<measure>_<statistic>_<window>"
            )

    @property
    def entity(self) -> Entity:
        """Whether it describes the customer or one invoice."""
        return "invoice" if self.name.startswith("invoice_") else "customer"

    def describe(self, value: float) -> str:
        """Return the reason sentence for a value.

        Examples
        --------
        >>> name = "customer_late_5d_rate_90d"
        >>> share = Feature(name, "share", 1, "{value} late", "nothing paid", len)
        >>> share.describe(0.25), share.describe(float("nan"))
        ('25% late', 'nothing paid')
        """
        if np.isnan(value):
            return self.missing
        shown = _FORMATS[self.unit](value)
        above, below, word = self._two_sided
        if word and shown.startswith("-"):
            return below.format(value=shown[1:])
        return above.format(value=shown)

    @property
    def meaning(self) -> str:
        """The sentence for any value above zero."""
        return self._two_sided[0].format(value="…")

    def shown(self, value: float) -> str:
        """Return a value, not missing, as sentences show it.

        Examples
        --------
        >>> Feature("customer_delay_mean_90d", "days", 1, "", "", len).shown(2.6)
        '3 days'
        >>> two_sided = "{value} [after|before] due"
        >>> Feature("customer_delay_mean_90d", "days", 1, two_sided, "", len).shown(-2)
        '2 days before'
        """
        shown, word = _FORMATS[self.unit](value), self._two_sided[2]
        return f"{shown[1:]} {word}" if word and shown.startswith("-") else shown

    @cached_property
    def _two_sided(self) -> tuple[str, str, str]:
        """The sentence above and below zero, and the word that tells below; empty without one."""
        words = _WORDS.search(self.sentence)
        above, below = (_WORDS.sub(side, self.sentence) for side in (r"\1", r"\2"))
        return above, below, words[2] if words else ""


def _days(value: float) -> str:
    rounded = round(value)
    return f"{rounded} day" if abs(rounded) == 1 else f"{rounded} days"


_FORMATS: dict[str, Callable[[float], str]] = {
    "share": lambda value: f"{value:z.0%}",
    "days": _days,
    "ratio": lambda value: f"{value:z.1f} times",
    "count": lambda value: f"{value:z.0f}",
    "score": lambda value: f"{value:z.0f}",
    "log": lambda value: f"{np.exp(value):,.0f}",
    "spreads": lambda value: f"{value:z.1f}",
    "day_of_month": lambda value: f"{value:.0f}",
    "weekday": lambda value: "Mon Tue Wed Thu Fri Sat Sun".split()[int(value)],
}
