"""The hidden state of a customer: how it moves from week to week and what it does to payments.

A customer is healthy, strained, failing or has ceased to pay; from there it recovers or becomes
insolvent. A healthy one may also leave. The chain does not look at invoices, so whatever follows
from it can be computed exactly.
"""

from __future__ import annotations

import numpy as np

from features.simulator.draws import Float64

STATES = ("healthy", "strained", "failing", "ceased", "recovering", "insolvent", "left")
HEALTHY, STRAINED, FAILING, CEASED, RECOVERING, INSOLVENT, LEFT = range(7)
N_STATES = len(STATES)

EVENT_KINDS = ("insolvency", "legal", "agency", "restructuring", "left")
EVENT_LAGS = np.array([36, 11, 11, 29, 61])
"""Days within which an event of each kind becomes known."""

SHOCK_WEEKS = 17
"""Length of the market-wide shock. Customers see it end by chance with this mean."""
SHOCK_DOWNGRADES = 2.5
"""Factor on the rates at which customers deteriorate during the shock."""
SHOCK_EXECUTION = 0.85
"""Factor on the probability that a pay run takes place during the shock."""

_HELD_SHARE = 0.012
_HELD_PER_RUN = 0.05
INSTALMENT_SHARE = 0.75
"""Probability that a run of a recovering customer pays instalments."""
HANDOVER_PER_WEEK = 0.02
"""Probability, per week since the last run, that a ceased customer in arrears is handed over."""


def weekly_transitions(quality: Float64, leaving: Float64) -> Float64:
    """Return the chain's weekly transition matrices over (shock regime, state).

    Parameters
    ----------
    quality : float64 array of shape (n,)
        Factor on the rates of deterioration; 1 is average, above 1 riskier.
    leaving : float64 array of shape (n,)
        Weekly probability that a healthy customer leaves, 0 to 0.1.

    Returns
    -------
    float64 array of shape (n, 14, 14)
        Rows sum to 1. Index = 7 x regime + state; regime 1 is the shock.

    Examples
    --------
    >>> matrix = weekly_transitions(np.array([1.0]), np.array([0.002]))
    >>> bool(np.allclose(matrix.sum(axis=2), 1))
    True
    >>> float(matrix[0, :7, 7:].sum())  # nobody foresees the shock
    0.0
    """
    calm = _one_regime(quality, leaving)
    shocked = _one_regime(quality * SHOCK_DOWNGRADES, leaving)
    n = N_STATES
    both = np.zeros((len(quality), 2 * n, 2 * n))
    both[:, :n, :n] = calm
    end = 1.0 / SHOCK_WEEKS
    both[:, n:, :n] = shocked * end
    both[:, n:, n:] = shocked * (1 - end)
    return both


def _one_regime(quality: Float64, leaving: Float64) -> Float64:
    worse = np.minimum(quality, 12.0)
    # Once strained, quality matters less: what brought the customer there is shared by all.
    soft = np.minimum(np.sqrt(worse), 3.0)
    move = np.zeros((len(quality), N_STATES, N_STATES))
    move[:, HEALTHY, STRAINED] = 0.0053 * worse
    move[:, HEALTHY, LEFT] = leaving
    move[:, STRAINED, HEALTHY] = 0.100 / soft
    move[:, STRAINED, FAILING] = 0.045 * soft
    move[:, FAILING, STRAINED] = 0.045 / soft
    move[:, FAILING, CEASED] = 0.075 * soft
    move[:, FAILING, INSOLVENT] = 0.002 * soft
    move[:, CEASED, RECOVERING] = 0.018
    move[:, CEASED, INSOLVENT] = 0.020
    move[:, RECOVERING, STRAINED] = 0.090
    move[:, RECOVERING, CEASED] = 0.015
    move[:, RECOVERING, INSOLVENT] = 0.004
    diagonal = np.arange(N_STATES)
    move[:, diagonal, diagonal] = 1 - move.sum(axis=2)
    return move


def execution(skip: Float64, weeks_between: Float64) -> Float64:
    """Return the probability that a pay run takes place and pays what is due.

    Parameters
    ----------
    skip : float64 array of shape (n,)
        Probability that the customer skips a run while healthy, 0 to 0.4.
    weeks_between : float64 array of shape (n,)
        Mean weeks between runs; who runs weekly skips more easily than who runs monthly.

    Returns
    -------
    float64 array of shape (n, 14)
        By (regime, state); 0 where the customer has ceased, pays instalments or is insolvent.

    Examples
    --------
    >>> execution(np.array([0.02]), np.array([1.0]))[0, :3].round(2).tolist()
    [0.98, 0.67, 0.28]
    """
    monthly = np.clip((weeks_between - 1) / 3, 0, 1)
    pays = np.zeros((len(skip), 2, N_STATES))
    pays[:, 0, HEALTHY] = 1 - skip
    pays[:, 0, STRAINED] = (1 - skip) * (0.68 + 0.17 * monthly)
    pays[:, 0, FAILING] = (1 - skip) * (0.29 + 0.26 * monthly)
    pays[:, 0, LEFT] = 1 - skip
    pays[:, 1] = pays[:, 0] * SHOCK_EXECUTION
    return pays.reshape(len(skip), 2 * N_STATES)


def held_share(yearly_invoices: Float64, weeks_between: Float64) -> Float64:
    """Return the probability that a run which pays holds a given item back once.

    An item is held back for approval, part-paid, or paid and returned; the next run that pays
    settles it. Bounded per run, or the runs of a large customer would never leave it clear.

    Parameters
    ----------
    yearly_invoices, weeks_between : float64 arrays of shape (n,)
        Above 0.

    Examples
    --------
    >>> held_share(np.array([10.0, 700.0]), np.array([1.0, 4.3])).round(4).tolist()
    [0.012, 0.0009]
    """
    share: Float64 = np.minimum(_HELD_SHARE, _HELD_PER_RUN * 52.0 / yearly_invoices / weeks_between)
    return share


def clearing(pays: Float64, yearly_invoices: Float64, weeks_between: Float64) -> Float64:
    """Return the probability that a run leaves nothing overdue, in the shape of ``pays``.

    What is disputed is not overdue.

    Parameters
    ----------
    pays : float64 array of shape (n, 4, 14)
        From `dunning.contacted`.
    yearly_invoices, weeks_between : float64 arrays of shape (n,)
        Above 0.
    """
    items = np.maximum(yearly_invoices * weeks_between / 52.0, 1.0)
    nothing_held = (1.0 - held_share(yearly_invoices, weeks_between)) ** items
    clears: Float64 = pays * nothing_held[:, None, None]
    return clears
