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

import numpy as np
from numba import njit

FIRST_IF_LOW, FIRST_IF_HIGH, FIRST_IF_MISSING, ZERO_IS_MISSING = 1, 2, 4, 8
"""Bits of a node's rule: when rows go to its first child."""
_ZERO_BELOW = float(np.float32(1e-35))
"""LightGBM's constant, which it writes in single precision."""
_LANES = 256
"""Rows side by side. A loop over them must outweigh its own start, and all must fit the cache."""


@njit(cache=True, nogil=True, error_model="numpy")
def _coefficients(t, share, held):  # type: ignore[no-untyped-def]
    """Return a and b of the factor a + b o, and the scale of what is earned."""
    if held == 1.0:
        return share * (1.0 - t), t, 1.0
    total = held * (1.0 - t) + t
    return held * share * (1.0 - t) / total, t / total, held / (total * total)


@njit(cache=True, nogil=True, error_model="numpy")
def _largest(node_at, point_at, slot):  # type: ignore[no-untyped-def]
    """Return the most nodes and points of a tree, and the most slots of a path."""
    nodes, points, slots = 1, 1, 1
    for tree in range(len(node_at) - 1):
        nodes = max(nodes, node_at[tree + 1] - node_at[tree])
        points = max(points, point_at[tree + 1] - point_at[tree])
    for node in range(len(slot)):
        slots = max(slots, slot[node] + 1)
    return nodes, points, slots


# Arrays have two dimensions and are read by single elements: a view of a row would be counted in
# and out at each node, and the sum of two indices checked for its sign at each element.
@njit(cache=True, nogil=True, error_model="numpy")
def explain_rows(  # type: ignore[no-untyped-def]
    rows, node_at, step_at, point_at, feature, threshold, rule, slot, before, held, share, inner,
    value_1, value_2, steps, points, weights, out,
):  # fmt: skip
    """Write the contributions of at least one row, many at a time; rows are the last dimension."""
    n, width = out.shape
    _, most_points, slots = _largest(node_at, point_at, slot)
    lanes = min(_LANES, n)
    x, phi = np.empty((width, lanes)), np.empty((width, lanes))
    side, alive = np.empty((slots, lanes)), np.empty((slots, lanes))
    # A slot for each side of each depth: the way down leaves products, the way up values.
    kept = np.empty(((slots + 3) * most_points, lanes))
    earned = np.empty((1, lanes))
    for start in range(0, n, lanes):
        count = min(lanes, n - start)
        for j in range(width):
            for r in range(count):
                x[j, r] = rows[start + r, j]
                phi[j, r] = 0.0
        for tree in range(len(node_at) - 1):
            q0 = point_at[tree]
            q_count = point_at[tree + 1] - q0
            for q in range(q_count):
                for r in range(count):
                    kept[q, r] = weights[q0 + q]
            for at in range(step_at[tree], step_at[tree + 1]):
                node = steps[at] if steps[at] >= 0 else ~steps[at]
                j, s, h, children = feature[node], share[node], held[node], inner[node]
                depth = slot[node] >> 1
                here, below = slot[node] * q_count, 2 * (depth + 1) * q_count
                beside = below + q_count
                if steps[at] >= 0:
                    limit, bits = threshold[node], rule[node]
                    low, high = float(bits & 1), float((bits >> 1) & 1)
                    lost = float((bits >> 2) & 1)
                    for r in range(count):
                        v = x[j, r]
                        side[depth, r] = low if v <= limit else (high if v > limit else lost)
                    if bits & ZERO_IS_MISSING:
                        for r in range(count):
                            side[depth, r] = lost if abs(x[j, r]) <= _ZERO_BELOW else side[depth, r]
                    if before[node] >= 0:
                        old = node_at[tree] + (before[node] >> 1)
                        other, above = float(before[node] & 1), slot[old] >> 1
                        for r in range(count):
                            alive[depth, r] = abs(other - side[above, r])
                        if before[old] >= 0:
                            for r in range(count):
                                alive[depth, r] *= alive[above, r]
                        for r in range(count):
                            side[depth, r] = side[depth, r] if alive[depth, r] > 0.0 else s
                    if children > 0:
                        for q in range(q_count):
                            a, b, _ = _coefficients(points[q0 + q], s, h)
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
                v1, v2 = value_1[node], value_2[node]
                for q in range(q_count):
                    a, b, c = _coefficients(points[q0 + q], s, h)
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


# With one row there is nothing to do side by side; what counts is that no branch hangs on the
# shape of the tree. So leaves have rows of `kept` as well: zeros to read, a waste row to write.
@njit(cache=True, nogil=True, error_model="numpy")
def explain_each(  # type: ignore[no-untyped-def]
    rows, node_at, point_at, feature, threshold, rule, slot, before, held, share, inner, second,
    value_1, value_2, points, weights, out,
):  # fmt: skip
    """Write the contributions of few rows, one by one."""
    most_nodes, most_points, _ = _largest(node_at, point_at, slot)
    side, alive = np.empty(most_nodes), np.empty(most_nodes)
    zeros, waste = most_nodes, most_nodes + 1
    kept = np.zeros((most_nodes + 2, most_points))
    factor = np.empty((most_nodes, most_points))
    out[:] = 0.0
    for i in range(len(rows)):
        for tree in range(len(node_at) - 1):
            n0, q0 = node_at[tree], point_at[tree]
            q_count = point_at[tree + 1] - q0
            for q in range(q_count):
                kept[0, q] = weights[q0 + q]
            for k in range(node_at[tree + 1] - n0):
                node = n0 + k
                s, h, v, limit = share[node], held[node], rows[i, feature[node]], threshold[node]
                which = 2 - 2 * (v <= limit) - (v > limit)
                if rule[node] & ZERO_IS_MISSING and abs(v) <= _ZERO_BELOW:
                    which = 2
                o = float((rule[node] >> which) & 1)
                if before[node] >= 0:
                    old = before[node] >> 1
                    alive[k] = abs(float(before[node] & 1) - side[old])
                    if before[n0 + old] >= 0:
                        alive[k] *= alive[old]
                    if not alive[k] > 0.0:
                        o = s
                side[k] = o
                first = k + 1 if inner[node] > 0 else waste
                other = second[node] if inner[node] > 1 else waste
                if h == 1.0:
                    for q in range(q_count):
                        t, p = points[q0 + q], kept[k, q]
                        f = s * (1.0 - t) + t * o
                        factor[k, q] = f
                        kept[first, q] = p * f
                        kept[other, q] = p - p * f
                else:
                    for q in range(q_count):
                        a, b, _ = _coefficients(points[q0 + q], s, h)
                        f, p = a + b * o, kept[k, q]
                        factor[k, q] = f
                        kept[first, q] = p * f
                        kept[other, q] = p - p * f
            for k in range(node_at[tree + 1] - n0 - 1, -1, -1):
                node = n0 + k
                s, h, v1, v2 = share[node], held[node], value_1[node], value_2[node]
                first = k + 1 if inner[node] > 0 else zeros
                other = second[node] if inner[node] > 1 else zeros
                earned = 0.0
                if h == 1.0:
                    for q in range(q_count):
                        base = kept[other, q] + v2
                        step = kept[first, q] + v1 - base
                        earned += kept[k, q] * step
                        kept[k, q] = base + factor[k, q] * step
                else:
                    for q in range(q_count):
                        _, _, c = _coefficients(points[q0 + q], s, h)
                        base = kept[other, q] + v2
                        step = kept[first, q] + v1 - base
                        earned += kept[k, q] * (c * step)
                        kept[k, q] = base + factor[k, q] * step
                out[i, feature[node]] += earned * (side[k] - s)
