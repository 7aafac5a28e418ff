"""Suggested credit limits: min(need, loss cap, policy caps), rounded down to a ladder.

The first, simple form: one customer at a time. The portfolio's loss budget comes on top of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from configs.settings import LimitSettings

Float64 = npt.NDArray[np.float64]
Text = npt.NDArray[np.object_]

CAPS = ("need", "loss", "policy_maximum", "new_customer", "step_up", "no_credit", "kept")
"""Names of what bound a limit; ``kept``: a change too small to be worth making."""

_Z_UPPER = 1.2816
"""90% one-sided."""


def upper_by_rule(pd_12m: Float64, settled_invoices: Float64) -> Float64:
    """Return an upper bound of a PD where no model measured one: of a scorecard alone.

    A 90% Wilson upper bound with half as many observations as settled invoices of the last year,
    plus one: a rule that widens for thin histories, not a measured interval.
    """
    n = 1.0 + settled_invoices / 2.0
    z2 = _Z_UPPER**2
    centre = pd_12m + z2 / (2 * n)
    spread = _Z_UPPER * np.sqrt(pd_12m * (1 - pd_12m) / n + z2 / (4 * n * n))
    return np.asarray(np.minimum((centre + spread) / (1 + z2 / n), 1.0))


def ladder(amount: Float64) -> Float64:
    """Round down to 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.

    Examples
    --------
    >>> ladder(np.array([0.0, 999.0, 17_400.0])).tolist()
    [0.0, 800.0, 15000.0]
    """
    steps = np.array([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
    positive = amount > 0
    power = 10.0 ** np.floor(np.log10(np.where(positive, amount, 1.0)) + 1e-12)
    mantissa = np.where(positive, amount, 1.0) / power
    chosen = steps[np.searchsorted(steps, mantissa + 1e-9, side="right") - 1] * power
    return np.where(positive, chosen, 0.0)


def suggest_limits(
    settings: LimitSettings,
    *,
    monthly_sales_p80: Float64,
    terms_days: Float64,
    expected_days_late: Float64,
    pd_12m: Float64,
    pd_upper: Float64,
    lgd: Float64,
    settled_invoices: Float64,
    current_limit: Float64,
) -> tuple[Float64, Text]:
    """Suggest a limit per customer.

    ``need = P80 monthly sales x (terms + expected delay + buffer) / 30``;
    ``loss cap = loss budget / (upper PD x LGD)``.

    Parameters
    ----------
    settings : LimitSettings
    monthly_sales_p80, current_limit : float64 arrays of shape (n,)
        Reporting major units; NaN where no limit is known.
    terms_days, expected_days_late : float64 arrays of shape (n,)
    pd_12m, pd_upper : float64 arrays of shape (n,)
        NaN where no model scored the customer: only need and policy bind.
    lgd : float64 array of shape (n,)
    settled_invoices : float64 array of shape (n,)
        Of the last year.

    Returns
    -------
    limit : float64 array of shape (n,)
        Reporting major units, on the `ladder`.
    binding_cap : object array of shape (n,)
        Which of `CAPS` bound.
    """
    days = terms_days + np.maximum(expected_days_late, 0.0) + settings.need_buffer_days
    upper = np.nan_to_num(pd_upper)
    loss_cap = settings.loss_budget_per_customer / np.maximum(upper * lgd, 1e-9)
    unlimited = np.full(len(days), np.inf)
    caps = np.column_stack(
        [
            monthly_sales_p80 * days / 30.0,
            np.where(np.isnan(pd_12m), unlimited, loss_cap),
            np.full(len(days), settings.max_limit),
            np.where(settled_invoices > 0, unlimited, settings.new_customer_limit),
            np.where(current_limit > 0, current_limit * settings.max_step_up, unlimited),
            np.where(pd_12m >= settings.no_credit_pd, 0.0, unlimited),
        ]
    )
    limit = ladder(caps.min(axis=1))
    binding = np.array(CAPS, dtype=object)[caps.argmin(axis=1)]
    # Who needs nothing and may have nothing is told the latter.
    binding[pd_12m >= settings.no_credit_pd] = "no_credit"
    known = np.nan_to_num(current_limit, nan=-1.0)
    small = (known > 0) & (limit > 0) & (np.abs(limit - known) < settings.hysteresis * known)
    # A limit is kept only where it does not exceed what risk allows.
    small &= known <= caps[:, 1:].min(axis=1)
    return np.where(small, known, limit), np.where(small, "kept", binding)


def limits_of_applicants(
    settings: LimitSettings,
    requested: Float64,
    pd_12m: Float64,
    pd_upper: Float64,
    lgd: Float64,
) -> tuple[Float64, Text]:
    """Suggest a first limit: what is asked for, within the loss cap and the policy's caps.

    Parameters
    ----------
    settings : LimitSettings
    requested : float64 array of shape (n,)
        Reporting major units.
    pd_12m, pd_upper, lgd : float64 arrays of shape (n,)

    Returns
    -------
    limit : float64 array of shape (n,)
        On the `ladder`.
    binding_cap : object array of shape (n,)
        Which of `CAPS` bound; ``need`` is what was asked for.
    """
    size = len(requested)
    caps = {
        "need": requested,
        "loss": settings.loss_budget_per_customer / np.maximum(pd_upper * lgd, 1e-9),
        "policy_maximum": np.full(size, settings.max_limit),
        "new_customer": np.full(size, settings.new_customer_limit),
        "no_credit": np.where(pd_12m >= settings.no_credit_pd, 0.0, np.inf),
    }
    table = np.column_stack(list(caps.values()))
    return ladder(table.min(axis=1)), np.array(list(caps), dtype=object)[table.argmin(axis=1)]
