"""Trees laid out for walking: nodes in one table, and what each split rules out.

Features are float32, so thresholds are rounded down to float32: no float32 lies between, and every
comparison comes out as it does in doubles.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edgekeeper.models.tree_nodes import TreeSum
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = [
    "FEATURE",
    "LEFT",
    "NAN_LEFT",
    "RIGHT",
    "THRESHOLD",
    "Layout",
    "Masks",
    "Nodes",
    "lay_out",
]

Nodes = NDArray[np.uint32]
Masks = NDArray[np.uint64]

FEATURE, THRESHOLD, LEFT, RIGHT = 0, 1, 2, 3
"""Columns of the table of nodes."""

NAN_LEFT = np.uint32(1 << 31)
"""Bit of the feature that is set where NaN goes left."""

_MOST_LEAVES = 64
"""Of a tree, bits of a mask."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Arrays as the walker's kernels take them.

    Attributes
    ----------
    tables : tuple
        Nodes uint32 ``[splits + leaves, 4]``, leaves behind the splits and leading to themselves;
        the same memory as float32, for thresholds; weights of nodes, float64; root of each tree,
        uint32; its depth, int64, negative where it has more leaves than a mask has bits.
    asked : tuple
        Where each tree's splits begin, int64 ``[T + 1]``; then split by split, parents first:
        feature, threshold, bits of the leaves that stay if the answer is "right"; and the weights
        of each tree's leaves from left to right, one more than splits a tree.
    """

    tables: tuple[Nodes, Float32Array, Float64Array, Nodes, Int64Array]
    asked: tuple[Int64Array, Nodes, Float32Array, Masks, Float64Array]


def lay_out(trees: TreeSum) -> Layout:
    """Lay out trees that share no branch."""
    splits, leaves, count = len(trees.feature), len(trees.weight), len(trees.roots)
    nodes = np.zeros((splits + leaves, 4), dtype=np.uint32)
    nodes[:splits, FEATURE] = trees.feature
    nodes[:splits, FEATURE] |= np.where(trees.nan_left, NAN_LEFT, np.uint32(0))
    nodes.view(np.float32)[:splits, THRESHOLD] = _rounded_down(trees.threshold)
    nodes[:, LEFT] = nodes[:, RIGHT] = np.arange(splits + leaves)
    nodes[:splits, LEFT], nodes[:splits, RIGHT] = trees.left, trees.right
    weight = np.concatenate((np.zeros(splits), trees.weight))
    roots = trees.roots.astype(np.uint32)
    first, depths = np.zeros(count + 1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    order, staying = np.zeros(splits, dtype=np.uint32), np.zeros(splits, dtype=np.uint64)
    ordered = np.zeros(splits + count)
    _lay_out(nodes, roots, weight, splits, first, depths, order, staying, ordered)
    asked = nodes[order[: first[-1]]]
    return Layout(
        (nodes, nodes.view(np.float32), weight, roots, depths),
        (
            first,
            np.ascontiguousarray(asked[:, FEATURE]),
            np.ascontiguousarray(asked.view(np.float32)[:, THRESHOLD]),
            staying,
            ordered,
        ),
    )


def _rounded_down(threshold: Float64Array) -> Float32Array:
    with np.errstate(over="ignore"):
        single = threshold.astype(np.float32)
    above = single > threshold
    single[above] = np.nextafter(single[above], np.float32(-np.inf))
    return single


@njit(cache=True, nogil=True)
def _lay_out(
    nodes: Nodes,
    roots: Nodes,
    weight: Float64Array,
    splits: int,
    first: Int64Array,
    depths: Int64Array,
    order: Nodes,
    staying: Masks,
    ordered: Float64Array,
) -> None:
    """Fill all but the table of nodes, tree by tree."""
    place, level = np.zeros(splits, np.int64), np.zeros(splits, np.int64)
    leaves, waiting = np.zeros(splits, np.int64), np.zeros(splits + 1, np.uint32)
    begin = np.zeros(splits, np.int64)
    stop = 0
    for t in range(roots.shape[0]):
        start = stop
        stop, deepest = _descend(nodes, roots[t], splits, start, order, place, level, waiting)
        for j in range(stop - 1, start - 1, -1):
            for side in (LEFT, RIGHT):
                child = nodes[order[j], side]
                leaves[j] += leaves[place[child]] if child < splits else 1
        for j in range(start, stop):
            child = nodes[order[j], LEFT]
            on_left = leaves[place[child]] if child < splits else 1
            for side in (LEFT, RIGHT):
                child = nodes[order[j], side]
                here = begin[j] + (on_left if side == RIGHT else 0)
                if child < splits:
                    begin[place[child]] = here
                else:
                    ordered[start + t + here] = weight[child]
            if leaves[start] <= _MOST_LEAVES:
                bits = (np.uint64(1) << np.uint64(on_left)) - np.uint64(1)
                staying[j] = ~(bits << np.uint64(begin[j]))
        first[t + 1] = stop
        depths[t] = deepest if leaves[start] <= _MOST_LEAVES else -deepest


@njit(cache=True, nogil=True)
def _descend(
    nodes: Nodes,
    root: int,
    splits: int,
    start: int,
    order: Nodes,
    place: Int64Array,
    level: Int64Array,
    waiting: Nodes,
) -> tuple[int, int]:
    """Put the splits of a tree in order from ``start`` on; return the end, and its depth."""
    k, deepest, left = start, 0, 1
    waiting[0], level[root] = root, 1
    while left > 0:
        left -= 1
        node = waiting[left]
        order[k], place[node] = node, k
        k += 1
        deepest = max(deepest, level[node])
        for side in (RIGHT, LEFT):
            child = nodes[node, side]
            if child < splits:
                level[child] = level[node] + 1
                waiting[left] = child
                left += 1
    return k, deepest
