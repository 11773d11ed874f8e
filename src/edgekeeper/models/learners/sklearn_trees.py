"""Reading scikit-learn's fitted trees."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgekeeper.models.learners.trees import Split
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["HistogramTree", "SklearnTree", "histogram_tree", "sklearn_tree"]


class SklearnTree(Protocol):
    """``tree_`` of a decision tree: one entry a node; ``value`` is ``[nodes, 1, outputs]``."""

    children_left: Int64Array
    children_right: Int64Array
    feature: Int64Array
    threshold: Float64Array
    missing_go_to_left: Int64Array
    value: Float64Array


class HistogramTree(Protocol):
    """One tree of a histogram gradient boosting."""

    nodes: NDArray[np.void]


def sklearn_tree(
    tree: SklearnTree, column: int = 0, scale: float = 1.0, node: int = 0
) -> Split | float:
    """Read a node and all below it; leaves are ``scale`` times a column of ``value``."""
    if tree.children_left[node] < 0:
        return float(scale * tree.value[node, 0, column])
    return Split(
        feature=int(tree.feature[node]),
        threshold=float(tree.threshold[node]),
        nan_left=bool(tree.missing_go_to_left[node]),
        left=sklearn_tree(tree, column, scale, int(tree.children_left[node])),
        right=sklearn_tree(tree, column, scale, int(tree.children_right[node])),
    )


def histogram_tree(
    tree: HistogramTree,
    threshold: Callable[[int, float], float] = lambda _, value: value,
    node: int = 0,
) -> Split | float:
    """Read a node and all below it, of a tree without categories.

    ``threshold`` turns a column and the tree's threshold on it into one on the features.
    """
    here = tree.nodes[node]
    if here["is_leaf"]:
        return float(here["value"])
    column = int(here["feature_idx"])
    return Split(
        feature=column,
        threshold=threshold(column, float(here["num_threshold"])),
        nan_left=bool(here["missing_go_to_left"]),
        left=histogram_tree(tree, threshold, int(here["left"])),
        right=histogram_tree(tree, threshold, int(here["right"])),
    )
