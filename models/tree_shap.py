"""SHAP values of boosted trees at the price of a few predictions, for one row or many.

The path-dependent SHAP values of Lundberg et al. (2020), which LightGBM returns as
``pred_contrib``, by another road. For a leaf of value v on whose path the features 1..m split, with
o_j = 1 where a row meets all conditions on feature j (else 0) and z_j the share of training rows
that met them::

    phi_j = v (o_j - z_j) * integral over t in [0, 1] of prod_{i != j} f_i(t)
    f_i(t) = z_i (1 - t) + o_i t

because the Shapley weight k! (m-1-k)! / m! is the integral of t^k (1-t)^(m-1-k). The integrand is a
polynomial of degree m - 1, so Gauss-Legendre quadrature with (m + 1) // 2 points is exact, and the
same points serve all leaves of a tree. So one walk through the tree is enough, as in Linear
TreeSHAP (Yu et al. 2022): down, the products at the points; up, the values of the subtrees.
Siblings share the work, since their factors add up to their parent's.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.tree_shap_kernels import (
    FIRST_IF_HIGH,
    FIRST_IF_LOW,
    FIRST_IF_MISSING,
    NODE,
    POINTS,
    ZERO_IS_MISSING,
    explain_each,
    explain_rows,
)

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
"""Bits of LightGBM's ``decision_type``; the kind of missing value is in the next two."""
_ZERO = 1
_FEW_ROWS = 3
"""Up to so many rows one after the other are faster than side by side."""
_ROWS_A_THREAD = 256


@dataclass(frozen=True, eq=False)
class ExplainableTrees:
    """Trees laid out for `contributions`; made by `read_trees`.

    Only nodes that split are kept, tree by tree. A child that splits comes before one that is a
    leaf; the first, if it splits, directly follows its parent. References are within the tree.

    Parameters
    ----------
    features : int
        Columns of the matrix.
    expected : float
        Mean of the sum of the trees over the training rows: what the contributions start from.
    node_at, step_at : int64 arrays of shape (walks, 2)
        Where the nodes and steps of each walk's tree begin and end. A tree is walked once for each
        `POINTS` points of its quadrature, or part of them.
    point_count : int64 array of shape (walks,)
        Quadrature points of each walk.
    points, weights : float64 arrays of shape (walks, POINTS)
        Of the quadrature. What fills a row up has no weight.
    nodes : record array of shape (nodes,)
        ``feature, threshold, rule``: the decision; bits of the rule say when a row goes to the
        first child. ``share``: of the node's training rows, those in the first child.
        ``first, second``: the children that split, counted from 1; 0 for a leaf, whose value is in
        ``value_1, value_2``, else 0. ``slot``: twice the depth, plus 1 for a second child.
        ``before``: twice the last node above on the same feature, plus 1 if this is below its
        second child; -1 for none. ``held``: the share of training rows that meet the conditions
        on the feature from the root to here.
    steps : int32 array
        The walk: a node on the way down, its complement (``~node``) on the way up; a node with two
        leaves once. Nodes are numbered through all trees here.
    """

    features: int
    expected: float
    node_at: Int64
    step_at: Int64
    point_count: Int64
    points: Float64
    weights: Float64
    nodes: npt.NDArray[np.void]
    steps: Int32


_FOR_ROWS = [field.name for field in fields(ExplainableTrees)][2:]
_FOR_EACH = [name for name in _FOR_ROWS if name not in ("step_at", "steps")]
_OF_NODES = NODE.names or ()
_LISTS = ("node_at", "step_at", "points", "weights", "steps")


def read_trees(booster: lgb.Booster) -> ExplainableTrees:
    """Lay out a booster's trees, up to its best iteration if it has one.

    Parameters
    ----------
    booster : lightgbm.Booster
        Of numeric features, with one score a row.

    Raises
    ------
    ValueError
        A tree splits on a category or has linear leaves, or there is a score for each class.
    """
    if booster.num_model_per_iteration() != 1:
        raise ValueError("the booster has a score for each class; only one can be explained")
    lists: dict[str, list[Any]] = {name: [] for name in (*_LISTS, *_OF_NODES)}
    expected = 0.0
    for number, text in enumerate(booster.model_to_string().split("\nTree=")[1:]):
        tree = dict(line.split("=", 1) for line in text.splitlines()[1:] if "=" in line)
        expected += _add_tree(lists, number, tree)
    nodes = np.empty(len(lists["feature"]), dtype=NODE)
    for name in _OF_NODES:
        nodes[name] = lists[name]
    return ExplainableTrees(
        features=booster.num_feature(),
        expected=expected,
        node_at=np.array(lists["node_at"], dtype=np.int64).reshape(-1, 2),
        step_at=np.array(lists["step_at"], dtype=np.int64).reshape(-1, 2),
        point_count=np.array([len(points) for points in lists["points"]], dtype=np.int64),
        # Any point within the interval may fill up.
        points=_filled(lists["points"], 0.5),
        weights=_filled(lists["weights"], 0.0),
        nodes=nodes,
        steps=np.array(lists["steps"], dtype=np.int32),
    )


def _filled(rows: list[list[float]], value: float) -> Float64:
    filled = [row + [value] * (POINTS - len(row)) for row in rows]
    return np.array(filled, dtype=np.float64).reshape(-1, POINTS)


def _numbers(tree: dict[str, str], name: str) -> list[float]:
    return [float(number) for number in tree.get(name, "").split()]


def _integers(tree: dict[str, str], name: str) -> list[int]:
    return [int(number) for number in tree.get(name, "").split()]


def _add_tree(lists: dict[str, list[Any]], number: int, tree: dict[str, str]) -> float:
    """Lay out one tree; returns its mean."""
    if tree.get("is_linear", "0") != "0":
        raise ValueError(f"tree {number} has linear leaves; only constants can be explained")
    values, feature = _numbers(tree, "leaf_value"), _integers(tree, "split_feature")
    if not feature:
        return values[0]
    kinds, threshold = _integers(tree, "decision_type"), _numbers(tree, "threshold")
    if any(kind & _CATEGORICAL for kind in kinds):
        raise ValueError(f"tree {number} splits on a category; only numbers can be explained")
    children = list(zip(_integers(tree, "left_child"), _integers(tree, "right_child"), strict=True))
    at_node, at_leaf = _integers(tree, "internal_count"), _integers(tree, "leaf_count")
    start = len(lists["feature"])
    longest = 0
    # LightGBM's number of a node, its slot, its parent here, and for each feature above the last
    # node on it with the share it leaves.
    stack: list[tuple[int, int, int, dict[int, tuple[int, float]]]] = [(0, 0, -1, {})]
    while stack:
        old, slot, parent, above = stack.pop()
        node = len(lists["feature"]) - start
        if slot & 1:
            lists["second"][start + parent] = 1 + node
        left, right = children[old]
        is_swapped = left < 0 <= right
        first, second = (right, left) if is_swapped else (left, right)
        count = at_node[first] if first >= 0 else at_leaf[~first]
        share = count / max(at_node[old], 1)
        before, held = above.get(feature[old], (-1, 1.0))
        # Where nothing is a missing value, NaN is read as 0.
        missing = (kinds[old] >> 2) & 3
        goes_left = bool(kinds[old] & _DEFAULT_LEFT) if missing else threshold[old] >= 0.0
        rule = FIRST_IF_HIGH if is_swapped else FIRST_IF_LOW
        rule |= FIRST_IF_MISSING if goes_left != is_swapped else 0
        rule |= ZERO_IS_MISSING if missing == _ZERO else 0
        lists["feature"].append(feature[old])
        lists["threshold"].append(threshold[old])
        lists["rule"].append(rule)
        lists["slot"].append(slot)
        lists["before"].append(before)
        lists["held"].append(held)
        lists["share"].append(share)
        lists["first"].append(2 + node if first >= 0 else 0)
        lists["second"].append(0)
        lists["value_1"].append(values[~first] if first < 0 else 0.0)
        lists["value_2"].append(values[~second] if second < 0 else 0.0)
        longest = max(longest, len(above) + (before < 0))
        down = (slot | 1) + 1
        for side, child, part in ((1, second, 1.0 - share), (0, first, share)):
            if child >= 0:
                path = {**above, feature[old]: (2 * node + side, held * part)}
                stack.append((child, down + side, node, path))
    first_step = len(lists["steps"])
    lists["steps"] += _walk(lists["first"], lists["second"], start)
    points, weights = _quadrature(longest)
    for low in range(0, len(points), POINTS):
        lists["node_at"].append((start, len(lists["feature"])))
        lists["step_at"].append((first_step, len(lists["steps"])))
        lists["points"].append(points[low : low + POINTS])
        lists["weights"].append(weights[low : low + POINTS])
    return sum(v * n for v, n in zip(values, at_leaf, strict=True)) / at_node[0]


def _walk(first: list[int], second: list[int], start: int) -> list[int]:
    """Return the steps through the tree that starts at a node.

    Second children first: nodes are then left in the order opposite to their numbers, in which the
    kernel for one row adds them up.
    """
    steps, stack = [], [start]
    while stack:
        step = stack.pop()
        steps.append(step)
        if step >= 0 and first[step]:
            stack += [~step, start + first[step] - 1]
            if second[step]:
                stack.append(start + second[step] - 1)
    return steps


@cache
def _quadrature(path: int) -> tuple[list[float], list[float]]:
    """Return the points in (0, 1) and weights for paths of up to so many features."""
    x, w = np.polynomial.legendre.leggauss((path + 1) // 2)
    return list((x + 1.0) / 2.0), list(w / 2.0)


def contributions(trees: ExplainableTrees, matrix: Float64, threads: int = 1) -> Float64:
    """Return each feature's SHAP value for each row; with ``expected`` they add up to the score.

    A row's values do not depend on the rows beside it, nor on the threads.

    Parameters
    ----------
    trees : ExplainableTrees
    matrix : float64 array of shape (n, features)
    threads : int
        0: all cores.

    Returns
    -------
    float64 array of shape (n, features)

    Raises
    ------
    ValueError
        The matrix has other columns than the trees.
    """
    rows = np.ascontiguousarray(matrix, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != trees.features:
        raise ValueError(f"{trees.features} columns expected, not a matrix of {rows.shape}")
    out = np.empty(rows.shape)
    if len(rows) <= _FEW_ROWS:
        explain_each(rows, *(getattr(trees, name) for name in _FOR_EACH), out)
        return out
    arrays = [getattr(trees, name) for name in _FOR_ROWS]

    def explain(low: int, high: int) -> None:
        explain_rows(rows[low:high], *arrays, out[low:high])

    workers = min(threads or os.cpu_count() or 1, max(len(rows) // _ROWS_A_THREAD, 1))
    if workers == 1:
        explain(0, len(rows))
        return out
    edges = [len(rows) * part // workers for part in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(explain, edges, edges[1:]))
    return out
