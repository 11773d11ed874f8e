"""Boosted trees as one ONNX node, to the last bit what the boosting library computes."""

from dataclasses import dataclass, field

import numpy as np

from edgekeeper.models.learners.draft import Draft

__all__ = ["FlatTrees", "Split", "add_trees", "tree_graph"]


@dataclass(frozen=True, slots=True)
class Split:
    """``left`` where the feature is at most ``threshold``, else ``right``; a float is a leaf."""

    feature: int
    threshold: float
    nan_left: bool
    left: "Split | float"
    right: "Split | float"


@dataclass
class FlatTrees:
    """Trees as parallel lists, the layout of ONNX's ``TreeEnsemble`` (ai.onnx.ml 5).

    A branch is an index and whether it is one into the leaves.

    Examples
    --------
    >>> trees = FlatTrees()
    >>> trees.add(Split(0, 0.5, True, -1.0, 1.0))
    >>> trees.feature, trees.leaves
    ([0], [-1.0, 1.0])
    """

    roots: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    nan_left: list[int] = field(default_factory=list)
    left: list[tuple[int, bool]] = field(default_factory=list)
    right: list[tuple[int, bool]] = field(default_factory=list)
    leaves: list[float] = field(default_factory=list)

    def add(self, root: Split | float) -> None:
        """Append one tree; its contribution is added after those before it."""
        if not isinstance(root, Split):  # the format wants a split at the root
            root = Split(0, 0.0, True, root, root)
        self.roots.append(self._branch(root)[0])

    def _branch(self, node: Split | float) -> tuple[int, bool]:
        if not isinstance(node, Split):
            self.leaves.append(node)
            return len(self.leaves) - 1, True
        index = len(self.feature)
        self.feature.append(node.feature)
        self.threshold.append(node.threshold)
        self.nan_left.append(int(node.nan_left))
        self.left.append((-1, False))
        self.right.append((-1, False))
        self.left[index] = self._branch(node.left)
        self.right[index] = self._branch(node.right)
        return index, False


def add_trees(draft: Draft, trees: FlatTrees, x: str) -> str:
    """Add the sum of all trees, in doubles throughout; return its name."""
    from onnx import numpy_helper

    less_or_equal = np.zeros(len(trees.feature), dtype=np.uint8)
    return draft.add(
        "TreeEnsemble",
        x,
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,  # sum
        post_transform=0,  # none
        tree_roots=trees.roots,
        nodes_featureids=trees.feature,
        nodes_splits=numpy_helper.from_array(np.array(trees.threshold)),
        nodes_modes=numpy_helper.from_array(less_or_equal),
        nodes_missing_value_tracks_true=trees.nan_left,
        nodes_truenodeids=[index for index, _ in trees.left],
        nodes_trueleafs=[int(leaf) for _, leaf in trees.left],
        nodes_falsenodeids=[index for index, _ in trees.right],
        nodes_falseleafs=[int(leaf) for _, leaf in trees.right],
        leaf_targetids=[0] * len(trees.leaves),
        leaf_weights=numpy_helper.from_array(np.array(trees.leaves)),
    )


def tree_graph(trees: FlatTrees, n_features: int) -> bytes:
    """Serialise the sum of all trees as the score."""
    draft = Draft()
    return draft.serialise(add_trees(draft, trees, draft.x), n_features)
