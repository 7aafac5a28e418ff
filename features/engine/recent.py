"""Each customer's latest settlements at a moment, newest first."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.facts.lookup import first_not_before

RECENT_COLUMNS = (
    "count",
    "days_late_last",
    "days_late_mean_3",
    "days_late_mean_10",
    "days_late_mean_60",
    "days_late_median_20",
    "days_late_p90_20",
    "days_late_max_20",
    "days_late_spread_20",
    "late_1_rate_3",
    "late_1_rate_10",
    "late_5_rate_10",
    "late_5_rate_60",
    "late_15_rate_60",
    "late_30_rate_60",
    "days_late_ewm",
    "late_1_ewm",
    "late_5_ewm",
    "late_15_ewm",
    "days_to_pay_ewm",
    "days_late_by_amount_20",
    "late_streak",
    "on_time_streak",
    "early_share",
    "early_2_share",
    "early_6_share",
    "early_15_share",
    "on_due_share",
    "month_end_share",
    "weekday_share",
    "batch_share",
    "in_parts_share",
    "like_weight",
    "like_late_1",
    "like_late_5",
    "like_late_15",
    "like_late_30",
    "like_days_late",
    "like_terms_count",
    "like_terms_late_5",
    "like_terms_days_late",
    "like_amount_count",
    "like_amount_late_5",
    "like_amount_days_late",
    "share_as_late",
    "share_as_old",
    "wait_for_weekday",
    "same_due_count",
    "same_due_days_late",
)
"""Columns of `recent_settlements`: rates, days, weights."""
(
    _COUNT, _LAST, _MEAN_3, _MEAN_10, _MEAN_60, _MEDIAN, _P90, _MAX, _SPREAD,
    _LATE_1_3, _LATE_1_10, _LATE_5_10, _LATE_5_60, _LATE_15_60, _LATE_30_60,
    _EWM, _EWM_1, _EWM_5, _EWM_15, _EWM_TO_PAY, _BY_AMOUNT, _LATE_STREAK, _ON_TIME_STREAK,
    _EARLY, _EARLY_2, _EARLY_6, _EARLY_15, _ON_DUE, _MONTH_END, _WEEKDAY, _BATCH, _IN_PARTS,
    _LIKE, _LIKE_1, _LIKE_5, _LIKE_15, _LIKE_30, _LIKE_DAYS,
    _TERMS, _TERMS_5, _TERMS_DAYS, _AMOUNT, _AMOUNT_5, _AMOUNT_DAYS,
    _AS_LATE, _AS_OLD, _WAIT, _SAME_DUE, _SAME_DUE_DAYS,
) = range(len(RECENT_COLUMNS))  # fmt: skip
_WIDTH = len(RECENT_COLUMNS)

RECENT_DEPTH = 60
"""Settlements that are looked back over."""
_QUANTILE_DEPTH = 20
_FADING = 0.9 ** np.arange(RECENT_DEPTH)
_LIKE_FADING = 0.97 ** np.arange(RECENT_DEPTH)
_TERMS_SCALE = 4.0
_LIKE_TERMS = 2
_LIKE_LOG_AMOUNT = 0.35


@njit(cache=True, nogil=True)
def recent_settlements(  # type: ignore[no-untyped-def]
    offsets, known, void, days_late, days_late_bounded, days_to_pay, terms, amount, log_amount,
    settled_day, due_day, at_month_end, in_parts,
    customer, as_of, day, key_terms, key_log_amount, key_due, key_issued, key_dpd,
):  # fmt: skip
    """Look back over each customer's latest settlements, at most `RECENT_DEPTH`.

    The ``like_*`` columns weigh each settlement by how close its terms and amount are to the key's
    and by its rank; ``share_as_late`` is the share that was paid later than the key's days past due
    now, ``share_as_old`` the share that took longer than the key's age; ``wait_for_weekday`` the
    mean wait from the key's due day to the weekday of each payment.

    Parameters
    ----------
    offsets ... in_parts : int64 arrays
        The stream of settled invoices; ``log_amount`` in thousandths.
    customer, as_of, day : int64 arrays of shape (n,)
    key_terms, key_due, key_issued, key_dpd : int64 arrays of shape (n,)
        Of the key's invoice; a due day below zero means that there is none.
    key_log_amount : float64 array of shape (n,)
        Natural logarithm of minor units.

    Returns
    -------
    float64 array of shape (len(RECENT_COLUMNS), n); NaN where nothing was settled
    """
    n = len(customer)
    out = np.full((_WIDTH, n), np.nan)
    s = np.zeros(_WIDTH, np.float64)
    late = np.empty(_QUANTILE_DEPTH, np.int64)
    weekdays = np.zeros(7, np.int64)
    for i in range(n):
        for k in (_COUNT, _LIKE, _TERMS, _AMOUNT, _SAME_DUE):
            out[k, i] = 0.0
        c = customer[i]
        if c < 0:
            continue
        low = offsets[c]
        row = first_not_before(known, low, offsets[c + 1], as_of[i]) - 1
        s[:] = 0.0
        weekdays[:] = 0
        count = 0
        ordered = 0
        fading = 0.0
        amounts = 0.0
        streak = 0
        previous_day = np.int64(-(2**62))
        about_invoice = key_due[i] >= 0
        age = day[i] - key_issued[i]
        while row >= low and count < RECENT_DEPTH:
            if void[row] < as_of[i]:
                row -= 1
                continue
            dl = days_late[row]
            bounded = float(days_late_bounded[row])
            late_1, late_5, late_15, late_30 = dl >= 1, dl >= 5, dl >= 15, dl >= 30
            if count == 0:
                s[_LAST] = bounded
            if count < 3:
                s[_MEAN_3] += bounded
                s[_LATE_1_3] += late_1
            if count < 10:
                s[_MEAN_10] += bounded
                s[_LATE_1_10] += late_1
                s[_LATE_5_10] += late_5
            if count < _QUANTILE_DEPTH:
                at = ordered
                while at > 0 and late[at - 1] > dl:
                    late[at] = late[at - 1]
                    at -= 1
                late[at] = dl
                ordered += 1
                weight = amount[row] / 100.0
                amounts += weight
                s[_BY_AMOUNT] += weight * bounded
            s[_MEAN_60] += bounded
            s[_LATE_5_60] += late_5
            s[_LATE_15_60] += late_15
            s[_LATE_30_60] += late_30
            weight = _FADING[count]
            fading += weight
            s[_EWM] += weight * bounded
            s[_EWM_1] += weight * late_1
            s[_EWM_5] += weight * late_5
            s[_EWM_15] += weight * late_15
            s[_EWM_TO_PAY] += weight * days_to_pay[row]
            if streak == 0:
                if late_1 and s[_ON_TIME_STREAK] == 0.0:
                    s[_LATE_STREAK] += 1.0
                elif not late_1 and s[_LATE_STREAK] == 0.0:
                    s[_ON_TIME_STREAK] += 1.0
                else:
                    streak = 1
            s[_EARLY] += dl < 0
            s[_EARLY_2] += dl <= -2
            s[_EARLY_6] += dl <= -6
            s[_EARLY_15] += dl <= -15
            s[_ON_DUE] += dl == 0
            s[_MONTH_END] += at_month_end[row]
            s[_IN_PARTS] += in_parts[row]
            weekdays[(settled_day[row] + 3) % 7] += 1
            s[_BATCH] += settled_day[row] == previous_day
            previous_day = settled_day[row]
            if about_invoice:
                s[_AS_LATE] += dl > key_dpd[i]
                s[_AS_OLD] += days_to_pay[row] > age
                s[_WAIT] += (settled_day[row] - key_due[i]) % 7
                if due_day[row] == key_due[i]:
                    s[_SAME_DUE] += 1.0
                    s[_SAME_DUE_DAYS] += bounded
                apart = log_amount[row] / 1000.0 - key_log_amount[i]
                gap = float(terms[row] - key_terms[i])
                close = gap / _TERMS_SCALE
                weight = _LIKE_FADING[count] * np.exp(-0.5 * close * close - apart * apart)
                s[_LIKE] += weight
                s[_LIKE_1] += weight * late_1
                s[_LIKE_5] += weight * late_5
                s[_LIKE_15] += weight * late_15
                s[_LIKE_30] += weight * late_30
                s[_LIKE_DAYS] += weight * bounded
                if abs(gap) <= _LIKE_TERMS:
                    s[_TERMS] += 1.0
                    s[_TERMS_5] += late_5
                    s[_TERMS_DAYS] += bounded
                if abs(apart) <= _LIKE_LOG_AMOUNT:
                    s[_AMOUNT] += 1.0
                    s[_AMOUNT_5] += late_5
                    s[_AMOUNT_DAYS] += bounded
            count += 1
            row -= 1
        if count == 0:
            continue
        out[_COUNT, i] = count
        out[_LAST, i] = s[_LAST]
        for k, depth in ((_MEAN_3, 3), (_LATE_1_3, 3), (_MEAN_10, 10), (_LATE_1_10, 10),
                         (_LATE_5_10, 10)):  # fmt: skip
            out[k, i] = s[k] / min(count, depth)
        for k in (_MEAN_60, _LATE_5_60, _LATE_15_60, _LATE_30_60, _EARLY, _EARLY_2, _EARLY_6,
                  _EARLY_15, _ON_DUE, _MONTH_END, _IN_PARTS):  # fmt: skip
            out[k, i] = s[k] / count
        out[_MEDIAN, i] = late[(ordered - 1) // 2]
        out[_P90, i] = late[int(0.9 * (ordered - 1) + 0.5)]
        out[_MAX, i] = late[ordered - 1]
        quarter = late[int(0.25 * (ordered - 1) + 0.5)]
        out[_SPREAD, i] = late[int(0.75 * (ordered - 1) + 0.5)] - quarter
        for k in (_EWM, _EWM_1, _EWM_5, _EWM_15, _EWM_TO_PAY):
            out[k, i] = s[k] / fading
        if amounts > 0.0:
            out[_BY_AMOUNT, i] = s[_BY_AMOUNT] / amounts
        out[_LATE_STREAK, i] = s[_LATE_STREAK]
        out[_ON_TIME_STREAK, i] = s[_ON_TIME_STREAK]
        out[_WEEKDAY, i] = weekdays.max() / count
        if count > 1:
            out[_BATCH, i] = s[_BATCH] / (count - 1)
        if not about_invoice:
            continue
        out[_LIKE, i] = s[_LIKE]
        out[_TERMS, i] = s[_TERMS]
        out[_AMOUNT, i] = s[_AMOUNT]
        out[_SAME_DUE, i] = s[_SAME_DUE]
        out[_AS_LATE, i] = s[_AS_LATE] / count
        out[_AS_OLD, i] = s[_AS_OLD] / count
        out[_WAIT, i] = s[_WAIT] / count
        if s[_LIKE] > 0.0:
            for k in (_LIKE_1, _LIKE_5, _LIKE_15, _LIKE_30, _LIKE_DAYS):
                out[k, i] = s[k] / s[_LIKE]
        if s[_TERMS] > 0.0:
            out[_TERMS_5, i] = s[_TERMS_5] / s[_TERMS]
            out[_TERMS_DAYS, i] = s[_TERMS_DAYS] / s[_TERMS]
        if s[_AMOUNT] > 0.0:
            out[_AMOUNT_5, i] = s[_AMOUNT_5] / s[_AMOUNT]
            out[_AMOUNT_DAYS, i] = s[_AMOUNT_DAYS] / s[_AMOUNT]
        if s[_SAME_DUE] > 0.0:
            out[_SAME_DUE_DAYS, i] = s[_SAME_DUE_DAYS] / s[_SAME_DUE]
    return out
