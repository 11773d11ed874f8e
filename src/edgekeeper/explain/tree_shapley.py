"""Exact Shapley values of a sum of trees, against a background, for any number of features."""

import math

import numba
import numpy as np

from edgekeeper.explain.shapley import Score, Shapley
from edgekeeper.models.tree_nodes import TreeSum
from edgekeeper.types import BoolArray, Float32Array, Float64Array, Int64Array

__all__ = ["tree_shapley"]

_DEEPEST = 128
_AGREES = 1e-5


def tree_shapley(
    trees: TreeSum, score: Score, rows: Float32Array, background: Float32Array
) -> Shapley | None:
    """Attribute scores to features, exactly; None where the trees alone do not make up the score.

    Parameters
    ----------
    trees : TreeSum
    score : callable
        Of the package; what is added up is compared with it, row by row.
    rows : float32 [n, F]
    background : float32 [b, F]

    Notes
    -----
    Interventional TreeSHAP (Lundberg et al. 2020, supplementary algorithm 3): on the way down a
    tree each feature at which row and background part company is taken from one or the other; a
    leaf reached with p taken from the row and q from the background gives each of the p
    ``(p-1)! q! / (p+q)!`` of its weight, and takes ``p! (q-1)! / (p+q)!`` from each of the q.
    """
    depth = trees.depth
    if depth > _DEEPEST or trees.feature.max(initial=-1) >= rows.shape[1]:
        return None
    rows, background = np.ascontiguousarray(rows), np.ascontiguousarray(background)
    values = np.zeros(rows.shape)
    _add_up(
        rows,
        background,
        trees.roots,
        trees.feature,
        trees.threshold,
        trees.nan_left,
        trees.left,
        trees.right,
        trees.weight,
        _shares(depth),
        values,
    )
    values /= len(background)
    scores, base = score(rows), float(score(background).mean())
    off = np.abs(values.sum(axis=1) - (scores - base))
    if not (off <= _AGREES * (1.0 + np.abs(scores - base))).all():
        return None
    return Shapley(values, np.zeros(rows.shape), scores, base, exact=True)


def _shares(depth: int) -> Float64Array:
    """``(p-1)! q! / (p+q)!`` at ``[p, q]``; 0 where there is no p."""
    shares = np.zeros((depth + 1, depth + 1))
    for p in range(1, depth + 1):
        for q in range(depth + 1):
            shares[p, q] = 1.0 / (p * math.comb(p + q, p))
    return shares


@numba.njit(cache=True, nogil=True)
def _goes_left(value: float, threshold: float, nan_left: bool) -> bool:
    if np.isnan(value):
        return nan_left
    return value <= threshold


@numba.njit(cache=True, nogil=True)
def _add_up(
    rows: Float32Array,
    background: Float32Array,
    roots: Int64Array,
    feature: Int64Array,
    threshold: Float64Array,
    nan_left: BoolArray,
    left: Int64Array,
    right: Int64Array,
    weight: Float64Array,
    shares: Float64Array,
    values: Float64Array,
) -> None:
    most = len(shares) + 1
    waiting_node = np.empty(most, np.int64)
    waiting_length = np.empty(most, np.int64)
    path = np.empty(most, np.int64)  # features taken, in order
    own = np.empty(most, np.bool_)  # from the row, not from the background
    for i in range(len(rows)):
        for j in range(len(background)):
            for t in range(len(roots)):
                node, length, waiting = roots[t], 0, 0
                while True:
                    if node >= len(feature):
                        _give(values, i, path, own, length, weight[node - len(feature)], shares)
                        if waiting == 0:
                            break
                        waiting -= 1
                        node, length = waiting_node[waiting], waiting_length[waiting]
                        own[length - 1] = False
                        continue
                    f = feature[node]
                    mine = _goes_left(rows[i, f], threshold[node], nan_left[node])
                    usual = _goes_left(background[j, f], threshold[node], nan_left[node])
                    if mine != usual:
                        taken = -1
                        for k in range(length):
                            if path[k] == f:
                                taken = k
                        if taken < 0:
                            # First the way of the row; that of the background waits.
                            path[length], own[length] = f, True
                            length += 1
                            waiting_node[waiting] = left[node] if usual else right[node]
                            waiting_length[waiting] = length
                            waiting += 1
                        elif not own[taken]:
                            mine = usual
                    node = left[node] if mine else right[node]


@numba.njit(cache=True, nogil=True)
def _give(
    values: Float64Array,
    i: int,
    path: Int64Array,
    own: BoolArray,
    length: int,
    weight: float,
    shares: Float64Array,
) -> None:
    p = 0
    for k in range(length):
        p += own[k]
    q = length - p
    for k in range(length):
        if own[k]:
            values[i, path[k]] += weight * shares[p, q]
        else:
            values[i, path[k]] -= weight * shares[q, p]
