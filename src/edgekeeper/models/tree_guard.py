"""Are an operator's trees trees, and of a depth that recursion survives?

ONNX Runtime walks a tree by recursion when it loads it; one some ten thousand levels deep ends the
process. So depth is measured here, before.
"""

from collections.abc import Mapping

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["DEEPEST_TREE", "check_trees"]

DEEPEST_TREE = 512
_WHERE = "model.onnx: TreeEnsemble"


def check_trees(lists: Mapping[str, Int64Array]) -> None:
    """Refuse trees that are none, or too deep.

    Parameters
    ----------
    lists : mapping of attribute name to int64 [n]
        Of an operator ``TreeEnsemble``.

    Raises
    ------
    BadData
        Lists of different lengths, branches that lead nowhere, meet or go in circles, or a tree
        deeper than ``DEEPEST_TREE``.
    """
    roots, children = _flat(lists)
    nodes = children.shape[1]
    if (children < -1).any() or (children >= nodes).any():
        raise BadData(f"{_WHERE}: expected branches to one of {nodes} nodes, got one elsewhere")
    level, seen = roots, 0
    for _ in range(DEEPEST_TREE + 1):
        seen += len(level)
        if seen > nodes:
            raise BadData(f"{_WHERE}: expected trees, got branches that meet or go in circles")
        level = children[:, level].ravel()
        level = level[level >= 0]
        if len(level) == 0:
            return
    raise BadData(f"{_WHERE}: expected trees at most {DEEPEST_TREE} levels deep, got a deeper one")


def _flat(lists: Mapping[str, Int64Array]) -> tuple[Int64Array, Int64Array]:
    """Roots, and children [2, n] with -1 for a leaf."""
    names = ("nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs")
    left, left_leaf, right, right_leaf = _same_length(lists, names)
    roots = lists.get("tree_roots", np.empty(0, dtype=np.int64))
    if len(roots) == 0:
        raise BadData(f"{_WHERE}: expected at least one root, got none")
    if (roots < 0).any() or (roots >= len(left)).any():
        raise BadData(f"{_WHERE}: expected roots among {len(left)} nodes, got one elsewhere")
    return roots, np.array((_unless(left_leaf != 0, left), _unless(right_leaf != 0, right)))


def _unless(leaf: BoolArray, child: Int64Array) -> Int64Array:
    return np.where(leaf, -1, child)


def _same_length(lists: Mapping[str, Int64Array], names: tuple[str, ...]) -> list[Int64Array]:
    columns = [lists.get(name, np.empty(0, dtype=np.int64)) for name in names]
    if len({len(column) for column in columns}) != 1:
        lengths = {name: len(column) for name, column in zip(names, columns, strict=True)}
        raise BadData(f"{_WHERE}: expected lists of one length, got {lengths}")
    return columns
