"""``Walker``: the sum of many trees, for one row or thousands, to the last bit what ONNX says.

One row walks eight trees at a time, so that no step waits for the one before. Many rows ask each
split of a tree at once, and strike out the leaves that each answer rules out: the first one left is
the leaf (Lucchese et al. 2015, "QuickScorer"; Ye et al. 2018 do it with vectors). Either way leaves
are added in the order of the trees, in doubles.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic

from edgekeeper.models.tree_layout import (
    FEATURE,
    LEFT,
    NAN_LEFT,
    RIGHT,
    THRESHOLD,
    Masks,
    Nodes,
    lay_out,
)
from edgekeeper.models.tree_nodes import TreeSum
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["Walker"]

# numba describes neither of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic

_TOGETHER = 64
"""Rows that answer together."""

_ALONE = 12
"""Rows up to which each walks by itself: sixty-four together cost as much as some more."""

_EIGHT = 8
_LINE = 64
"""Bytes in a line of the cache."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)

# Features may be read-only: were that not said, each kind would be compiled by itself.
_X = types.Array(types.float32, 2, "C", readonly=True)
_TABLES = (
    _X,
    types.uint32[:, ::1],
    types.float32[:, ::1],
    types.float64[::1],
    types.uint32[::1],
    types.int64[::1],
)
_ASKED = (
    types.int64[::1],
    types.uint32[::1],
    types.float32[::1],
    types.uint64[::1],
    types.float64[::1],
)


class Walker:
    """Sums of the leaves that rows reach.

    Parameters
    ----------
    trees : TreeSum

    Examples
    --------
    >>> one = np.ones(1, dtype=np.int64)
    >>> trees = TreeSum(
    ...     one - 1, one - 1, np.array([0.5]), one > 0, one, one + 1, np.array([-1.0, 1.0])
    ... )
    >>> Walker(trees).sums(np.array([[0.5], [0.6], [np.nan]], dtype=np.float32)).tolist()
    [-1.0, 1.0, -1.0]
    """

    def __init__(self, trees: TreeSum) -> None:
        layout = lay_out(trees)
        self._tables = layout.tables
        self._asked = layout.asked

    def sums(self, features: Float32Array) -> Float64Array:
        """Return the sum of a leaf of each tree, ``[n]``, for contiguous float32 ``[n, F]``."""
        sums = np.zeros(len(features))
        if len(features) <= _ALONE:
            _one_by_one(features, *self._tables, sums)
        else:
            _together(features, *self._tables, *self._asked, sums)
        return sums


@njit(cache=True, nogil=True, inline="always")
def _child(nodes: Nodes, splits: Float32Array, node: Any, x: Float32Array, row: int) -> Any:
    feature = nodes[node, FEATURE]
    value = x[row, feature & np.uint32(0x7FFFFFFF)]
    left = (value <= splits[node, THRESHOLD]) | ((value != value) & (feature >= NAN_LEFT))
    return nodes[node, LEFT] if left else nodes[node, RIGHT]


@njit(cache=True, nogil=True, inline="always")
def _eight_leaves(
    nodes: Nodes, splits: Float32Array, steps: int, at: Any, x: Float32Array, rows: Any
) -> Any:
    """Where eight ways end, all a step at a time: no step waits for one of another way."""
    a, b, c, d, e, f, g, h = at
    for _ in range(steps):
        a = _child(nodes, splits, a, x, rows[0])
        b = _child(nodes, splits, b, x, rows[1])
        c = _child(nodes, splits, c, x, rows[2])
        d = _child(nodes, splits, d, x, rows[3])
        e = _child(nodes, splits, e, x, rows[4])
        f = _child(nodes, splits, f, x, rows[5])
        g = _child(nodes, splits, g, x, rows[6])
        h = _child(nodes, splits, h, x, rows[7])
    return (a, b, c, d, e, f, g, h)


@njit(types.void(*_TABLES, types.float64[::1]), cache=True, nogil=True)
def _one_by_one(
    x: Float32Array,
    nodes: Nodes,
    splits: Float32Array,
    weight: Float64Array,
    roots: Nodes,
    depths: Int64Array,
    sums: Float64Array,
) -> None:
    """Eight trees at a time, row after row."""
    count = roots.shape[0]
    whole = count - count % _EIGHT
    for i in range(x.shape[0]):
        rows = (i, i, i, i, i, i, i, i)
        total = 0.0
        for t in range(0, whole, _EIGHT):
            steps = 0
            for k in range(t, t + _EIGHT):
                steps = max(steps, abs(depths[k]))
            at = (
                roots[t],
                roots[t + 1],
                roots[t + 2],
                roots[t + 3],
                roots[t + 4],
                roots[t + 5],
                roots[t + 6],
                roots[t + 7],
            )
            for leaf in _eight_leaves(nodes, splits, steps, at, x, rows):
                total += weight[leaf]
        for t in range(whole, count):
            leaf = roots[t]
            for _ in range(abs(depths[t])):
                leaf = _child(nodes, splits, leaf, x, i)
            total += weight[leaf]
        sums[i] = total


@intrinsic
def _lowest(typing: Any, mask: Any) -> Any:
    """Position of the lowest bit that is set."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True, inline="always")
def _strike_out(
    columns: Float32Array, feature: Any, threshold: Any, ruled_out: Any, possible: Masks
) -> None:
    """Strike out what a split rules out, in the rows that go right."""
    f = feature & np.uint32(0x7FFFFFFF)
    if feature >= NAN_LEFT:
        for i in range(_TOGETHER):
            possible[i] &= ruled_out if columns[f, i] > threshold else _ALL
    else:
        for i in range(_TOGETHER):
            possible[i] &= _ALL if columns[f, i] <= threshold else ruled_out


@njit(cache=True, nogil=True)
def _walk_rows(
    x: Float32Array,
    start: int,
    n: int,
    nodes: Nodes,
    splits: Float32Array,
    weight: Float64Array,
    root: Any,
    steps: int,
    totals: Float64Array,
) -> None:
    """One tree, eight rows at a time."""
    whole = n - n % _EIGHT
    at = (root, root, root, root, root, root, root, root)
    for i in range(0, whole, _EIGHT):
        k = start + i
        rows = (k, k + 1, k + 2, k + 3, k + 4, k + 5, k + 6, k + 7)
        lane = i
        for leaf in _eight_leaves(nodes, splits, steps, at, x, rows):
            totals[lane] += weight[leaf]
            lane += 1
    for i in range(whole, n):
        leaf = root
        for _ in range(steps):
            leaf = _child(nodes, splits, leaf, x, start + i)
        totals[i] += weight[leaf]


@njit(types.void(*_TABLES, *_ASKED, types.float64[::1]), cache=True, nogil=True)
def _together(
    x: Float32Array,
    nodes: Nodes,
    splits: Float32Array,
    weight: Float64Array,
    roots: Nodes,
    depths: Int64Array,
    first: Int64Array,
    feature: Nodes,
    threshold: Float32Array,
    ruled_out: Masks,
    ordered: Float64Array,
    sums: Float64Array,
) -> None:
    """Sixty-four rows at a time, tree after tree: the trees stay in the cache."""
    # In whole cache lines, so that no vector lies across two.
    space = np.zeros(x.shape[1] * _TOGETHER + _LINE // 4, np.float32)
    begin = -space.ctypes.data // 4 % (_LINE // 4)
    columns = space[begin : begin + x.shape[1] * _TOGETHER].reshape((x.shape[1], _TOGETHER))
    masks = np.empty(_TOGETHER + _LINE // 8, np.uint64)
    begin = -masks.ctypes.data // 8 % (_LINE // 8)
    possible = masks[begin : begin + _TOGETHER]
    totals = np.empty(_TOGETHER)
    for start in range(0, x.shape[0], _TOGETHER):
        n = min(_TOGETHER, x.shape[0] - start)
        for i in range(n):
            for f in range(x.shape[1]):
                columns[f, i] = x[start + i, f]
        totals[:] = 0.0
        for t in range(roots.shape[0]):
            if depths[t] < 0:
                _walk_rows(x, start, n, nodes, splits, weight, roots[t], -depths[t], totals)
                continue
            possible[:] = _ALL
            for k in range(first[t], first[t + 1]):
                _strike_out(columns, feature[k], threshold[k], ruled_out[k], possible)
            here = np.uint64(first[t] + t)
            for i in range(_TOGETHER):
                totals[i] += ordered[here + _lowest(possible[i])]
        sums[start : start + n] = totals[:n]
