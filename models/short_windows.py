"""What may be learnt from windows that have not passed yet: weights from a life table.

Waiting for the whole performance window throws the latest months of a ledger away, of a young
one nearly all. Of a customer some months ago it is known already whether it defaulted in these
months; what that says of the whole window the ledger's own time to default tells, counted as
Kaplan and Meier do (Journal of the American Statistical Association 1958). The rows of a shorter
window are weighted so that their odds of default are those of the whole one, as King and Zeng weigh
a sample whose share of events is not the population's (Political Analysis 2001, section 4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def defaulted_by_month(window: Int64, month: Int64, months: int) -> Float64:
    """Return the share in default by the end of each month of the window, shape (months,).

    Parameters
    ----------
    window : int64 array of shape (n,)
        Months of each row's window that have passed.
    month : int64 array of shape (n,)
        In which of them it defaulted, 1 and up; 0: in none.
    months : int
        Of the whole window. Months that no row has reached add nothing.

    Examples
    --------
    Four rows, two of which are seen for one month only: one of four defaults in the first month,
    one of the two still seen in the second; .25 + .75 * .5.

    >>> defaulted_by_month(np.array([1, 1, 2, 2]), np.array([1, 0, 0, 2]), 2).tolist()
    [0.25, 0.625]
    """
    survival, found = 1.0, np.empty(months)
    for number in range(1, months + 1):
        at_risk = (window >= number) & ((month == 0) | (month >= number))
        events = int(np.count_nonzero(at_risk & (month == number)))
        survival *= 1.0 - events / max(int(np.count_nonzero(at_risk)), 1)
        found[number - 1] = 1.0 - survival
    return found


def whole_window_weights(window: Int64, month: Int64, months: int) -> Float64:
    """Return what each row counts, shape (n,): 1 where the whole window has passed.

    With ``F`` the share in default by each month, a row seen for ``w`` months weighs
    ``F(months) / F(w)`` if it defaulted in them and ``(1 - F(months)) / (1 - F(w))`` if not: the
    rows of each window count as many as they are, with as many bads as in the whole window.

    Parameters
    ----------
    window, month, months
        As in `defaulted_by_month`; every window is at least a month.

    Examples
    --------
    >>> weight = whole_window_weights(np.array([1, 1, 2, 2]), np.array([1, 0, 0, 2]), 2)
    >>> weight.tolist()
    [2.5, 0.5, 1.0, 1.0]
    """
    by_month = defaulted_by_month(window, month, months)
    then, whole = by_month[window - 1], by_month[-1]
    bad = month > 0
    # A row is only there where its share is above 0, or below 1: it is one of those counted.
    share = np.where(bad, then, 1.0 - then)
    of_whole = np.where(bad, whole, 1.0 - whole)
    return np.asarray(np.where(window < months, of_whole / np.where(share > 0, share, 1.0), 1.0))
