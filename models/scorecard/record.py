"""What a card remembers: why each candidate was taken or left out, and what people changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Considered:
    """One line of the selection record.

    Parameters
    ----------
    feature : str
    taken : bool
    why : str
        The reason of the decision.
    iv : float or None
        Information value; None where there are no bins.
    iv_other_customers : float or None
        What the WOE of one half of the customers is worth for the other half.
    iv_early, iv_late : float or None
        What the WOE is worth in each half of the time; None without time.
    psi : float or None
        How far the shares of the bins moved between these halves.
    gain : float or None
        What it added to those taken before it, in standard errors counted by customers, ...
    adds : float or None
        ... and in log-likelihood, per thousand rows.
    correlation : float or None
        The strongest with one taken, ...
    correlated_with : str or None
        ... and which.
    """

    feature: str
    taken: bool
    why: str
    iv: float | None = None
    iv_other_customers: float | None = None
    iv_early: float | None = None
    iv_late: float | None = None
    psi: float | None = None
    gain: float | None = None
    adds: float | None = None
    correlation: float | None = None
    correlated_with: str | None = None


@dataclass(frozen=True)
class Edit:
    """What a person changed in a card.

    Parameters
    ----------
    at : str
        When, UTC.
    by, reason : str
    version : str
        The version that was edited.
    changes, warnings : tuple of str
        One sentence each.
    """

    at: str
    by: str
    reason: str
    version: str
    changes: tuple[str, ...]
    warnings: tuple[str, ...]
