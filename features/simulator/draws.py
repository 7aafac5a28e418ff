"""Counter-based random numbers: the same draw for the same customer on every machine.

A draw is a hash of (seed, customer, stream, counter), so a customer's history depends neither on
how many customers are simulated nor on the order or the process in which they are.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

TRAITS, HISTORY, DOCUMENTS, GROUPS, CONTACTS, RECOVERIES = range(6)
"""Streams: who the customer is, what happens, what the documents say, what a group shares, whom the
seller contacts, what comes in after a write-off. Groups count on their own; contacts and recoveries
have their own streams, so that a history without them differs only by what they do."""


@njit(cache=True)
def _mix(x):  # type: ignore[no-untyped-def]
    """Return the finaliser of SplitMix64 (Steele, Lea & Flood 2014), a bijection on 64 bits."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def stream_key(seed, customer, stream):  # type: ignore[no-untyped-def]
    """Return the 64-bit key of one customer's stream."""
    key = _mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    key = _mix(key ^ (np.uint64(customer) + np.uint64(0xD1B54A32D192ED03)))
    return _mix(key ^ (np.uint64(stream) + np.uint64(0x8CB92BA72F3D8DD7)))


@njit(cache=True)
def uniform(key, counter):  # type: ignore[no-untyped-def]
    """Return draw number ``counter`` of a stream, in (0, 1)."""
    bits = _mix(np.uint64(key) + np.uint64(counter) * np.uint64(0x9E3779B97F4A7C15))
    return (np.float64(bits >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def take(key, counter):  # type: ignore[no-untyped-def]
    """Return the next draw of a stream and advance ``counter``, an array of one integer."""
    counter[0] += 1
    return uniform(key, counter[0] - 1)


@njit(cache=True)
def normal(key, counter):  # type: ignore[no-untyped-def]
    """Return a standard normal draw; it uses the counters ``counter`` and ``counter + 1``."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, counter)))
    return radius * math.cos(2.0 * math.pi * uniform(key, counter + 1))


@njit(cache=True)
def poisson(mean, u):  # type: ignore[no-untyped-def]
    """Return the Poisson draw that belongs to a uniform, by inversion; at most 60."""
    term = math.exp(-mean)
    total = term
    k = 0
    while u > total and k < 60:
        k += 1
        term *= mean / k
        total += term
    return k


@njit(cache=True)
def _uniforms(seed, customers, stream, first, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[0]):
        key = stream_key(seed, customers[i], stream)
        for j in range(out.shape[1]):
            out[i, j] = uniform(key, first[i] + j)


def uniforms(
    seed: int, customers: Int64, stream: int, draws: int, first: Int64 | None = None
) -> Float64:
    """Draw a row of uniforms per entry of ``customers``.

    Parameters
    ----------
    seed : int
        0 or more.
    customers : int64 array of shape (n,)
        Indices of customers (or of groups); one may occur several times.
    stream : int
        `TRAITS`, `DOCUMENTS` or `GROUPS`.
    draws : int
        Columns of the answer.
    first : int64 array of shape (n,), optional
        The counter of each row's first draw; absent: 0.

    Returns
    -------
    float64 array of shape (n, draws)
        In (0, 1).

    Examples
    --------
    >>> one = uniforms(7, np.array([3]), TRAITS, 2)
    >>> many = uniforms(7, np.arange(5), TRAITS, 2)
    >>> bool((one[0] == many[3]).all())
    True
    """
    out = np.empty((len(customers), draws))
    start = np.zeros(len(customers), np.int64) if first is None else first
    _uniforms(seed, customers, stream, start, out)
    return out
