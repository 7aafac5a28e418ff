"""How far a population moved, against what samples of that size show when nothing moves."""

from __future__ import annotations

from scipy.stats import chi2

WATCHED, SHIFTED = 0.10, 0.25
"""The customary marks of a population stability index."""


def stability_by_chance(expected: int, actual: int, bins: int, share: float = 0.95) -> float:
    """Return the population stability index that chance alone stays below in a share of cases.

    Without a shift the index times ``1 / (1 / expected + 1 / actual)`` is nearly chi-squared with
    ``bins - 1`` degrees of freedom (Yurdakul and Naranjo, Journal of Risk Model Validation 2020):
    fixed marks call small samples shifted and large ones stable, whatever they are.

    Parameters
    ----------
    expected, actual : int
        Independent cases of each sample.
    bins : int
    share : float

    Examples
    --------
    >>> round(stability_by_chance(100, 100, 10), 2), round(stability_by_chance(9000, 9000, 10), 3)
    (0.34, 0.004)
    """
    if min(expected, actual, bins - 1) < 1:
        return 0.0
    return float(chi2.ppf(share, bins - 1) * (1.0 / expected + 1.0 / actual))


def stability_note(index: float, by_chance: float) -> str:
    """Say what an index means for samples of this size.

    Examples
    --------
    >>> stability_note(0.2, 0.3), stability_note(0.05, 0.01)
    ('no more than chance gives', 'moved, a little')
    """
    if index <= by_chance:
        return "no more than chance gives"
    if index < WATCHED:
        return "moved, a little"
    return "moved: watch" if index < SHIFTED else "shifted"
