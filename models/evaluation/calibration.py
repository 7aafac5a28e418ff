"""Whether probabilities mean what they say: by bins, by a line on the log-odds, and in money."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.logistic import fit_logistic

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

EPSILON = 1e-6
"""Probabilities are kept this far from 0 and 1 where a logarithm is taken."""
TRIMMED_DOCUMENTS = 10
"""Documents with the largest amounts, left out of the trimmed measures of cash."""
_RIDGE = 1e-3
"""Keeps the line finite where the classes are apart."""


def calibration_table(
    outcome: Bool, probability: Float64, bins: int = 10
) -> list[tuple[float, float, int]]:
    """Return (mean probability, observed rate, rows) of equally filled bins, lowest first.

    Rows with the same probability count with their common rate: where an edge falls between
    them, the order of the rows must not decide who is on which side.
    """
    _, tied = np.unique(probability, return_inverse=True)
    rate = (np.bincount(tied, weights=outcome) / np.maximum(np.bincount(tied), 1))[tied]
    order = np.argsort(probability, kind="stable")
    return [
        (float(probability[part].mean()), float(rate[part].mean()), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def expected_calibration_error(outcome: Bool, probability: Float64, bins: int = 10) -> float:
    """Return the mean gap between probability and observed rate over equally filled bins.

    Examples
    --------
    >>> expected_calibration_error(np.array([False, True]), np.array([0.5, 0.5]), bins=1)
    0.0
    """
    if len(outcome) == 0:
        return np.nan
    table = calibration_table(outcome, probability, bins)
    return float(sum(n * abs(p - o) for p, o, n in table) / len(outcome))


def calibration_line(outcome: Bool, probability: Float64) -> tuple[float, float]:
    """Return the calibration slope and intercept.

    The slope is that of a logistic regression of the outcome on the log-odds (1 where they are
    neither too bold nor too shy); the intercept is the one that fits with the slope held at 1:
    calibration in the large, above 0 where the probabilities are too low (Van Calster et al.,
    BMC Medicine 2019). NaN with one class, and the slope also where all probabilities agree.

    Examples
    --------
    >>> outcome = np.arange(100) < 50
    >>> slope, intercept = calibration_line(outcome, np.where(outcome, 0.8, 0.2) * 1.0)
    >>> slope > 1, abs(intercept) < 1e-6
    (True, True)
    """
    if not 0 < outcome.sum() < len(outcome):
        return np.nan, np.nan
    clipped = np.clip(probability, EPSILON, 1 - EPSILON)
    logit = np.log(clipped / (1 - clipped))
    intercept = fit_logistic(np.ones((len(logit), 1)), outcome, _RIDGE, logit)[0]
    if np.ptp(logit) == 0:
        return np.nan, float(intercept)
    design = np.column_stack([np.ones(len(logit)), logit])
    return float(fit_logistic(design, outcome, _RIDGE)[1]), float(intercept)


def cash_calibration(
    outcome: Bool, probability: Float64, amount: Float64, document: npt.NDArray[np.generic]
) -> dict[str, float]:
    """Compare the cash expected to be late with what was.

    ``cash_ratio`` is happened over expected. A few odd documents can carry it, so
    ``cash_ratio_trimmed`` leaves out the ten documents with the largest amounts, a choice that
    does not look at what became of them.

    Parameters
    ----------
    outcome : bool array of shape (n,)
    probability, amount : float64 arrays of shape (n,)
    document : array of shape (n,)
        Which document each row is about; one can have several rows.
    """
    names, code = np.unique(document, return_inverse=True)
    largest = np.zeros(len(names))
    np.maximum.at(largest, code, amount)
    kept = ~np.isin(code, np.argsort(-largest, kind="stable")[:TRIMMED_DOCUMENTS])
    expected, happened = probability * amount, outcome * amount
    return {
        "cash_expected": float(expected.sum()),
        "cash_happened": float(happened.sum()),
        "cash_ratio": _ratio(happened.sum(), expected.sum()),
        "cash_ratio_trimmed": _ratio(happened[kept].sum(), expected[kept].sum()),
    }


def _ratio(happened: float, expected: float) -> float:
    return float(happened / expected) if expected > 0 else np.nan
