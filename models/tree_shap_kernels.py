"""The loops behind `models.tree_shap`: one for many rows side by side, one for a single row.

Both do the same operations on a row in the same order, without liberties for the compiler, so their
answers are equal to the bit. At a node whose first child takes the share s of the rows, a row's
factor at the point t is f = s (1 - t) + o t, with o = 1 where it goes to the first child. Down the
tree the product of the factors is split, p into p f and p - p f; up, the values of the subtrees are
joined, g = g2 + f (g1 - g2); and the node's feature earns (o - s) times the sum of p (g1 - g2).

A node that splits a feature again divides what the edge above holds, h of the rows::

    f = (h s (1 - t) + o t) / (h (1 - t) + t)          earning h (o - s) / (h (1 - t) + t)^2

for rows that came this way by that feature. For the others f = s and nothing is earned, which is
what o = s yields: it stands for "neither".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FIRST_IF_LOW, FIRST_IF_HIGH, FIRST_IF_MISSING, ZERO_IS_MISSING = 1, 2, 4, 8
"""Bits of a node's rule: when rows go to its first child."""
_ZERO_BELOW = float(np.float32(1e-35))
"""LightGBM's constant, which it writes in single precision."""
_LANES = 256
"""Rows side by side. A loop over them must outweigh its own start, and all must fit the cache."""
POINTS = 8
"""Quadrature points that a walk through a tree takes along, at most. A walk with fewer is filled up
with points of weight 0."""
NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("share", np.float64),
        ("held", np.float64),
        ("value_1", np.float64),
        ("value_2", np.float64),
        ("feature", np.int32),
        ("before", np.int32),
        ("first", np.int32),
        ("second", np.int32),
        ("slot", np.int32),
        ("rule", np.int32),
    ]
)
"""A node that splits, in 64 bytes. See `models.tree_shap.ExplainableTrees`."""


@njit(cache=True, nogil=True, error_model="numpy")
def _coefficients(t, share, held):  # type: ignore[no-untyped-def]
    """Return a and b of the factor a + b o, and the scale of what is earned."""
    if held == 1.0:
        return share * (1.0 - t), t, 1.0
    inverse = 1.0 / (held * (1.0 - t) + t)
    return held * share * (1.0 - t) * inverse, t * inverse, held * inverse * inverse


# Arrays have two dimensions and are read by single elements: a view of a row would be counted in
# and out at each node, and the sum of two indices checked for its sign at each element.
@njit(cache=True, nogil=True, error_model="numpy")
def explain_rows(  # type: ignore[no-untyped-def]
    rows, node_at, step_at, point_count, points, weights, nodes, steps, out
):
    """Write the contributions of at least one row, many at a time; rows are the last dimension."""
    n, width = out.shape
    slots = 1
    for node in range(len(nodes)):
        slots = max(slots, nodes[node].slot + 1)
    lanes = min(_LANES, n)
    x, phi = np.empty((width, lanes)), np.empty((width, lanes))
    side, alive = np.empty((slots, lanes)), np.empty((slots, lanes))
    # A slot for each side of each depth: the way down leaves products, the way up values.
    kept = np.empty(((slots + 3) * POINTS, lanes))
    earned = np.empty((1, lanes))
    for start in range(0, n, lanes):
        count = min(lanes, n - start)
        for j in range(width):
            for r in range(count):
                x[j, r] = rows[start + r, j]
                phi[j, r] = 0.0
        for walk in range(len(node_at)):
            q_count = point_count[walk]
            for q in range(q_count):
                for r in range(count):
                    kept[q, r] = weights[walk, q]
            for at in range(step_at[walk, 0], step_at[walk, 1]):
                node = nodes[steps[at] if steps[at] >= 0 else ~steps[at]]
                j, s, h = node.feature, node.share, node.held
                children = (node.first > 0) + (node.second > 0)
                depth = node.slot >> 1
                here, below = node.slot * q_count, 2 * (depth + 1) * q_count
                beside = below + q_count
                if steps[at] >= 0:
                    limit, bits = node.threshold, node.rule
                    low, high = float(bits & 1), float((bits >> 1) & 1)
                    lost = float((bits >> 2) & 1)
                    for r in range(count):
                        v = x[j, r]
                        side[depth, r] = low if v <= limit else (high if v > limit else lost)
                    if bits & ZERO_IS_MISSING:
                        for r in range(count):
                            side[depth, r] = lost if abs(x[j, r]) <= _ZERO_BELOW else side[depth, r]
                    if node.before >= 0:
                        old = nodes[node_at[walk, 0] + (node.before >> 1)]
                        other, above = float(node.before & 1), old.slot >> 1
                        for r in range(count):
                            alive[depth, r] = abs(other - side[above, r])
                        if old.before >= 0:
                            for r in range(count):
                                alive[depth, r] *= alive[above, r]
                        for r in range(count):
                            side[depth, r] = side[depth, r] if alive[depth, r] > 0.0 else s
                    if children > 0:
                        for q in range(q_count):
                            a, b, _ = _coefficients(points[walk, q], s, h)
                            if children == 1:
                                for r in range(count):
                                    p = kept[here + q, r]
                                    kept[below + q, r] = p * (a + b * side[depth, r])
                            else:
                                for r in range(count):
                                    p = kept[here + q, r]
                                    p_first = p * (a + b * side[depth, r])
                                    kept[below + q, r] = p_first
                                    kept[beside + q, r] = p - p_first
                        continue
                for r in range(count):
                    earned[0, r] = 0.0
                v1, v2 = node.value_1, node.value_2
                for q in range(q_count):
                    a, b, c = _coefficients(points[walk, q], s, h)
                    if children == 0:
                        step, scaled = v1 - v2, c * (v1 - v2)
                        for r in range(count):
                            earned[0, r] += kept[here + q, r] * scaled
                            kept[here + q, r] = v2 + (a + b * side[depth, r]) * step
                    elif children == 1:
                        for r in range(count):
                            step = kept[below + q, r] - v2
                            earned[0, r] += kept[here + q, r] * (c * step)
                            kept[here + q, r] = v2 + (a + b * side[depth, r]) * step
                    else:
                        for r in range(count):
                            base = kept[beside + q, r]
                            step = kept[below + q, r] - base
                            earned[0, r] += kept[here + q, r] * (c * step)
                            kept[here + q, r] = base + (a + b * side[depth, r]) * step
                for r in range(count):
                    phi[j, r] += earned[0, r] * (side[depth, r] - s)
        for r in range(count):
            for j in range(width):
                out[start + r, j] = phi[j, r]


# With one row only the points lie side by side; what counts is that no branch hangs
# on the shape of the tree. So the products and values of a leaf have a row as well, the first:
# on the way down it takes what nobody reads, then it is cleared, on the way up it is zeros.
def _walk_with(width: int) -> Any:
    """Return a walk of one row with so many points; known beforehand, they need no loop."""

    @njit(inline="always", error_model="numpy")
    def explain_walk(rows, i, walk, trees, room, out):  # type: ignore[no-untyped-def]
        node_at, points, weights, nodes = trees
        side, alive, kept, factor, scale = room
        n0, n1 = node_at[walk, 0], node_at[walk, 1]
        for q in range(width):
            kept[1, q] = weights[walk, q]
        for k in range(n1 - n0):
            node, row = nodes[n0 + k], 1 + k
            s, h, v, limit = node.share, node.held, rows[i, node.feature], node.threshold
            which = 2 - 2 * (v <= limit) - (v > limit)
            if node.rule & ZERO_IS_MISSING and abs(v) <= _ZERO_BELOW:
                which = 2
            o = float((node.rule >> which) & 1)
            first, second = node.first, node.second
            if node.before < 0:
                side[k] = o
                for q in range(width):
                    t, p = points[walk, q], kept[row, q]
                    f = s * (1.0 - t) + t * o
                    factor[k, q] = f
                    kept[first, q] = p * f
                    kept[second, q] = p - p * f
            else:
                old = node.before >> 1
                alive[k] = abs(float(node.before & 1) - side[old])
                if nodes[n0 + old].before >= 0:
                    alive[k] *= alive[old]
                if not alive[k] > 0.0:
                    o = s
                side[k] = o
                for q in range(width):
                    a, b, c = _coefficients(points[walk, q], s, h)
                    f, p = a + b * o, kept[row, q]
                    factor[k, q], scale[k, q] = f, c
                    kept[first, q] = p * f
                    kept[second, q] = p - p * f
        for q in range(width):
            kept[0, q] = 0.0
        for k in range(n1 - n0 - 1, -1, -1):
            node, row = nodes[n0 + k], 1 + k
            v1, v2 = node.value_1, node.value_2
            first, second = node.first, node.second
            earned = 0.0
            if node.before < 0:
                for q in range(width):
                    base = kept[second, q] + v2
                    step = kept[first, q] + v1 - base
                    earned += kept[row, q] * step
                    kept[row, q] = base + factor[k, q] * step
            else:
                for q in range(width):
                    base = kept[second, q] + v2
                    step = kept[first, q] + v1 - base
                    earned += kept[row, q] * (scale[k, q] * step)
                    kept[row, q] = base + factor[k, q] * step
            out[i, node.feature] += earned * (side[k] - node.share)

    return explain_walk


_walk_4, _walk_5, _walk_6, _walk_all = (_walk_with(width) for width in (4, 5, 6, POINTS))


@njit(cache=True, nogil=True, error_model="numpy")
def explain_each(  # type: ignore[no-untyped-def]
    rows, node_at, point_count, points, weights, nodes, out
):
    """Write the contributions of few rows, one by one."""
    most = 1
    for walk in range(len(node_at)):
        most = max(most, node_at[walk, 1] - node_at[walk, 0])
    side, alive = np.empty(most), np.empty(most)
    kept = np.empty((1 + most, POINTS))
    factor, scale = np.empty((most, POINTS)), np.empty((most, POINTS))
    trees, room = (node_at, points, weights, nodes), (side, alive, kept, factor, scale)
    out[:] = 0.0
    for i in range(len(rows)):
        for walk in range(len(node_at)):
            if point_count[walk] <= 4:
                _walk_4(rows, i, walk, trees, room, out)
            elif point_count[walk] == 5:
                _walk_5(rows, i, walk, trees, room, out)
            elif point_count[walk] == 6:
                _walk_6(rows, i, walk, trees, room, out)
            else:
                _walk_all(rows, i, walk, trees, room, out)
