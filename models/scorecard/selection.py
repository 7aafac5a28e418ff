"""Choosing characteristics, step by step, with a record of why each was taken or left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from configs.settings import ScorecardSettings
from models.calibration import log_losses
from models.logistic import fit_logistic
from models.scorecard.binning import Binned, bin_candidate, rough_information
from models.scorecard.candidates import Candidates
from models.scorecard.gains import Gain, Halves, design_of, gains_of
from models.scorecard.record import Considered

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Selection:
    """The characteristics taken, their weights, and the record of all candidates.

    ``weights`` has the intercept first; the log-odds are of good.
    """

    taken: tuple[Binned, ...]
    weights: Float64
    record: tuple[Considered, ...]


def select(candidates: Candidates, settings: ScorecardSettings) -> Selection:
    """Choose the characteristics of a card.

    First each candidate alone: it must separate (IV), not too well (a leak), for other customers
    too, in both halves of the time, with bins whose shares do not wander. Of what adds to those
    taken beyond chance, the one that adds most is taken next, unless it says the same as one of
    them (correlation); one whose sign turns beside a later one leaves if the rest then fits
    better, else the later one is left out; until nothing adds enough or the card is full.
    """
    record: dict[str, Considered] = {}
    pool: dict[str, Binned] = {}
    halves = Halves(candidates)
    for column in range(len(candidates.names)):
        verdict, binned = _alone(candidates, column, settings, halves)
        record[verdict.feature] = verdict
        if binned is not None:
            pool[verdict.feature] = binned
    most = max(candidates.bad_customers // settings.bads_per_characteristic, 1)
    most = min(settings.max_characteristics, most)
    taken: list[Binned] = []
    ridge = settings.ridge_customers
    weights = _fit(taken, candidates, ridge)
    gains: dict[str, Gain] = {}
    while pool and len(taken) < most:
        gains = gains_of(pool.values(), taken, weights, candidates, halves)
        certain = [n for n in sorted(gains) if gains[n].errors >= settings.min_gain]
        if not certain:
            break
        name = max(certain, key=lambda n: gains[n].adds)
        chosen = pool.pop(name)
        record[name] = _with_gain(record[name], gains[name])
        kept, tried = _with_signs([*taken, chosen], candidates, ridge)
        turned = [b for b in (*taken, chosen) if b not in kept]
        if turned and not _better(kept, tried, taken, weights, candidates):
            record[name] = replace(record[name], why=f"the sign of {turned[-1].name} would turn")
            continue
        for lost in turned:
            why = f"its sign turned when {name} was taken"
            record[lost.name] = replace(record[lost.name], taken=False, why=why)
        taken, weights = kept, tried
        why = f"adds most to {len(taken) - 1} taken before" if taken[1:] else "tells most alone"
        record[name] = replace(record[name], taken=True, why=why)
        for other, binned in list(pool.items()):
            record[other] = _nearer(record[other], chosen.name, _correlation(binned, chosen))
            if (record[other].correlation or 0.0) > settings.max_correlation:
                del pool[other]
                record[other] = replace(record[other], why=f"says the same as {name}")
    why = "the card is full" if len(taken) == most else "adds too little to those taken"
    for name in pool:
        record[name] = replace(_with_gain(record[name], gains.get(name)), why=why)
    return Selection(tuple(taken), weights, tuple(record.values()))


def _with_gain(line: Considered, gain: Gain | None) -> Considered:
    return line if gain is None else replace(line, gain=gain.errors, adds=gain.adds)


def _alone(
    candidates: Candidates, column: int, settings: ScorecardSettings, halves: Halves
) -> tuple[Considered, Binned | None]:
    name = candidates.names[column]
    rough = rough_information(candidates.matrix[:, column], candidates.bad, candidates.weight)
    if rough < settings.min_iv:
        return Considered(name, False, f"IV below {settings.min_iv:g}", iv=rough), None
    binned = bin_candidate(candidates, column, settings)
    leak = f"IV above {settings.max_iv:g}: taken for a leak"
    if binned is None:
        # Where bads and goods do not mix at all there is nothing to bin either.
        why = leak if rough > settings.max_iv else "no bins separate goods from bads"
        return Considered(name, False, why, iv=rough if why == leak else None), None
    bad, weight = candidates.bad, candidates.weight
    other = _worth(halves.woe(binned), bad, weight)
    early = late = psi = None
    if halves.timed:
        rows = binned.rows
        early, late = (
            _worth(rows[half], bad[half], weight[half]) for half in (halves.early, ~halves.early)
        )
        psi = _moved(binned, halves.early)
    why = ""
    if binned.iv < settings.min_iv:
        why = f"IV below {settings.min_iv:g}"
    elif binned.iv > settings.max_iv:
        why = leak
    elif other < settings.min_iv / 2:
        why = "does not hold for other customers"
    elif early is not None and late is not None and min(early, late) < settings.min_iv / 2:
        why = "does not hold in both halves of the time"
    elif psi is not None and psi > settings.max_psi:
        why = f"PSI above {settings.max_psi:g}: its values wander"
    verdict = Considered(name, False, why, binned.iv, other, early, late, psi)
    return verdict, None if why else binned


def _worth(woe: Float64, bad: Bool, weight: Float64) -> float:
    """Return the information of rows' WOE: how far goods and bads lie apart on it."""
    goods, bads = (np.average(woe[of], weights=weight[of]) for of in (~bad, bad))
    return float(goods - bads)


def _moved(binned: Binned, early: Bool) -> float:
    """Return the PSI of the ranges between the halves of the time.

    Of what has a value: a book that begins knows more of its customers every month, and what is
    missing has a bin of its own whose weight does not move the others'.
    """
    first, bins = binned.layout.first_range, len(binned.woe)
    known = binned.position >= first
    counts = [
        np.bincount(binned.position[rows & known], minlength=bins)[first:] + 0.5
        for rows in (early, ~early)
    ]
    before, after = (c / c.sum() for c in counts)
    return float(((after - before) * np.log(after / before)).sum())


def _fit(taken: list[Binned], candidates: Candidates, ridge_customers: float) -> Float64:
    """Return the intercept and the weights of those taken, on the log-odds of good."""
    ridge = np.full(len(taken) + 1, ridge_customers * candidates.rows_per_customer)
    ridge[0] = 1e-6
    design = design_of(taken, len(candidates))
    return fit_logistic(design, ~candidates.bad, ridge, weight=candidates.weight)


def _with_signs(
    tried: list[Binned], candidates: Candidates, ridge_customers: float
) -> tuple[list[Binned], Float64]:
    """Leave out what gets a weight of 0 or below, the lowest first; return the rest, fitted."""
    weights = _fit(tried, candidates, ridge_customers)
    while (weights[1:] <= 0).any():
        lowest = int(np.argmin(weights[1:]))
        tried = [b for number, b in enumerate(tried) if number != lowest]
        weights = _fit(tried, candidates, ridge_customers)
    return tried, weights


def _better(
    kept: list[Binned],
    tried: Float64,
    taken: list[Binned],
    weights: Float64,
    candidates: Candidates,
) -> bool:
    """Tell whether those kept fit better than those taken so far."""
    n, good = len(candidates), ~candidates.bad
    now, before = (
        float(candidates.weight @ log_losses(good, design_of(b, n) @ w))
        for b, w in ((kept, tried), (taken, weights))
    )
    return now < before


def _correlation(first: Binned, second: Binned) -> float:
    return float(abs(np.corrcoef(first.rows, second.rows)[0, 1]))


def _nearer(line: Considered, taken: str, correlation: float) -> Considered:
    """Keep the strongest correlation with a characteristic taken."""
    if correlation <= (line.correlation or 0.0):
        return line
    return replace(line, correlation=correlation, correlated_with=taken)
