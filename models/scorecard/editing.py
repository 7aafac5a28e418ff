"""A card that a person changed: bins merged, points overridden; checked, recorded, rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.scorecard.binning import weights_of_evidence
from models.scorecard.bins import Bin, Characteristic, Kind
from models.scorecard.card import Scorecard
from models.scorecard.record import Edit

_MOST_POINTS = 1000


@dataclass(frozen=True)
class EditedBin:
    """One row of an edited card; ``where`` names it in messages.

    ``points`` are the fitted ones as the row shows them, ``edited`` a person's or None.
    """

    where: str
    characteristic: str
    kind: str
    low: float | None
    high: float | None
    points: float | None
    edited: float | None


def edited_card(card: Scorecard, rows: Sequence[EditedBin], edit: Edit) -> Scorecard:
    """Return the card as edited, its record one edit longer.

    Goods, bads, WOE and points of merged bins are computed anew from the training counts. The
    calibration (slope and intercept) stays as it was: an edited card is a challenger, to be
    judged by a backtest.

    Parameters
    ----------
    card : Scorecard
    rows : sequence of EditedBin
        All bins of all characteristics.
    edit : Edit
        Who, when and why; its changes and warnings are filled in here.

    Raises
    ------
    ValueError
        One line with every fault, or that nothing was changed.
    """
    known = {c.feature for c in card.characteristics}
    faults = [
        f"{row.where}: unknown characteristic {row.characteristic!r}"
        for row in rows
        if row.characteristic not in known
    ]
    made, changes, warnings = [], [], []
    for characteristic in card.characteristics:
        own = [row for row in rows if row.characteristic == characteristic.feature]
        found = _faults(characteristic, own)
        faults += found
        if not found:
            new = _rebuilt(card, characteristic, own)
            made.append(new)
            changes += _changes(characteristic, new)
            warnings += _warnings(new)
    if faults:
        raise ValueError("scorecard: " + "; ".join(faults))
    if not changes:
        raise ValueError(
            "scorecard: nothing was changed; write into 'edited points' or merge ranges"
        )
    done = replace(edit, changes=tuple(changes), warnings=tuple(warnings))
    return replace(card, characteristics=tuple(made), edits=(*card.edits, done))


def _faults(characteristic: Characteristic, rows: list[EditedBin]) -> list[str]:
    name = characteristic.feature
    if not rows:
        return [f"{name} is gone; give its bins 0 'edited points' instead"]
    faults = []
    fixed = {(b.kind, b.low if b.kind == "special" else None) for b in characteristic.bins}
    kept = [(row.kind, row.low if row.kind == "special" else None) for row in rows]
    for kind, value in sorted(fixed - set(kept), key=str):
        what = f"special value {value:g}" if value is not None else f"bin '{kind}'"
        faults.append(f"{name}: the {what} was removed; every value needs a bin")
    for row, own in zip(rows, kept, strict=True):
        if own not in fixed:
            faults.append(f"{row.where}: {name} has no bin of kind {row.kind!r} like this")
        elif row.kind != "range" and kept.count(own) > 1:
            faults.append(f"{row.where}: {name} has this bin twice")
        if row.edited is not None and (
            row.edited != round(row.edited) or abs(row.edited) > _MOST_POINTS
        ):
            faults.append(
                f"{row.where}: edited points {row.edited:g}; "
                f"write a whole number from -{_MOST_POINTS} to {_MOST_POINTS}"
            )
    return faults or _range_faults(characteristic, rows)


def _range_faults(characteristic: Characteristic, rows: list[EditedBin]) -> list[str]:
    name, faults = characteristic.feature, []
    edges = {edge for b in characteristic.ranges for edge in (b.low, b.high)}
    ranges = [row for row in rows if row.kind == "range"]
    for row in ranges:
        if row.low is None or row.high is None or not row.low < row.high:
            return [f"{row.where}: {name} needs from below to"]
        for edge in (row.low, row.high):
            if edge not in edges:
                faults.append(
                    f"{row.where}: {name} has no edge at {edge:g}; ranges can be merged, not moved"
                )
    if faults:
        return faults
    ranges = sorted(ranges, key=lambda row: (row.low, row.high))
    expected: float | None = -np.inf
    for row in ranges:
        if row.low != expected:
            what = "overlaps the range before it" if row.low < expected else "leaves a gap before"  # type: ignore[operator]
            faults.append(f"{row.where}: {name} {what}: from is {row.low:g}, not {expected:g}")
        expected = row.high
    if expected != np.inf:
        faults.append(f"{name}: no range from {expected:g} on")
    before = {(str(b.kind), b.low, b.high): b.fitted_points for b in characteristic.bins}
    for row in rows:
        fitted = before.get((str(row.kind), row.low, row.high))
        if fitted is not None and row.points != fitted:
            faults.append(
                f"{row.where}: {name}: change the column 'edited points', not 'points' ({fitted})"
            )
    return faults


def _rebuilt(
    card: Scorecard, characteristic: Characteristic, rows: list[EditedBin]
) -> Characteristic:
    """Put together the bins as edited, with their counts, WOE and points."""
    order: dict[Kind, int] = {"missing": 0, "unseen": 1, "special": 2, "range": 3}
    by_kind = sorted(rows, key=lambda row: (order[row.kind], row.low or 0.0))  # type: ignore[index]
    parts = [_covered(characteristic, row) for row in by_kind]
    goods = np.array([sum(b.goods for b in part) for part in parts])
    bads = np.array([sum(b.bads for b in part) for part in parts])
    scarce = characteristic.layout.first_range
    woe, iv = weights_of_evidence(goods, bads, scarce, card.rows_per_customer)
    bins = []
    for row, part, good, bad, weight in zip(by_kind, parts, goods, bads, woe, strict=True):
        fitted = round(float(weight) * characteristic.weight * card.factor)
        points = fitted if row.edited is None else round(row.edited)
        low, high = part[0].low, part[-1].high
        bins.append(
            Bin(part[0].kind, low, high, int(good), int(bad), float(weight), points, fitted)
        )
    return replace(characteristic, iv=iv, bins=tuple(bins))


def _covered(characteristic: Characteristic, row: EditedBin) -> list[Bin]:
    """Return the card's bins that an edited one covers, from low to high."""
    if row.kind != "range":
        same = [b for b in characteristic.bins if b.kind == row.kind]
        return [b for b in same if row.kind != "special" or b.low == row.low]
    return [b for b in characteristic.ranges if row.low <= b.low and b.high <= row.high]  # type: ignore[operator]


def _changes(before: Characteristic, after: Characteristic) -> list[str]:
    old = {(b.kind, b.low, b.high): b for b in before.bins}
    found = []
    for b in after.bins:
        same = old.get((b.kind, b.low, b.high))
        if same is None:
            found.append(f"{after.feature}: ranges merged to {b.label}, {b.fitted_points} points")
        was = b.fitted_points if same is None else same.points
        if b.points != was:
            found.append(f"{after.feature}: {b.label}: {was} -> {b.points} points")
    return found


def _warnings(characteristic: Characteristic) -> list[str]:
    steps = np.diff([b.points for b in characteristic.ranges])
    against = {
        1: (steps > 0).any(),
        -1: (steps < 0).any(),
        0: (steps > 0).any() and (steps < 0).any(),
    }
    if not against[characteristic.direction]:
        return []
    return [
        f"{characteristic.feature}: the points of its ranges no longer follow one direction of risk"
    ]
