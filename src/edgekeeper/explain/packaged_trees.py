"""The trees of a package, read from its graph, where its score is nothing but their sum."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.graph_guard import check_graph
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["PackagedTrees", "trees_in"]

_SUM, _NOTHING, _AT_MOST = 1, 0, 0
_AROUND = {"Cast", "Identity", "Add"}


@dataclass(frozen=True, slots=True)
class PackagedTrees:
    """Trees as ONNX keeps them: a child is a node, or a leaf where it is at or above ``nodes``.

    Attributes
    ----------
    roots : int64 [T]
    feature, left, right : int64 [nodes]
        ``left`` where the feature is at most ``threshold``.
    threshold : float64 [nodes]
    nan_left : bool [nodes]
    weight : float64 [leaves]
    """

    roots: Int64Array
    feature: Int64Array
    threshold: Float64Array
    nan_left: np.ndarray
    left: Int64Array
    right: Int64Array
    weight: Float64Array

    @property
    def depth(self) -> int:
        """Splits on the longest way from a root to a leaf."""
        level, deep = self.roots, 0
        while len(level):
            deep += 1
            level = np.concatenate([self.left[level], self.right[level]])
            level = level[level < len(self.feature)]
        return deep


def trees_in(graph: bytes) -> PackagedTrees | None:
    """Return the trees of a serialised graph, or None where the score is more than their sum.

    Raises
    ------
    BadData
        A graph that no package may have.
    """
    check_graph(graph)
    import onnx

    nodes = onnx.load_model_from_string(graph).graph.node
    ensembles = [node for node in nodes if node.op_type == "TreeEnsemble"]
    others = {node.op_type for node in nodes} - {"TreeEnsemble"}
    if len(ensembles) != 1 or others - _AROUND:
        return None
    said = {each.name: onnx.helper.get_attribute_value(each) for each in ensembles[0].attribute}
    modes = onnx.numpy_helper.to_array(said["nodes_modes"])
    plain = (said.get("aggregate_function", _SUM), said.get("post_transform", _NOTHING))
    if plain != (_SUM, _NOTHING) or said.get("n_targets") != 1 or (modes != _AT_MOST).any():
        return None
    count = len(said["nodes_featureids"])

    def child(way: str) -> Int64Array:
        index = np.array(said[f"nodes_{way}nodeids"], dtype=np.int64)
        return index + count * np.array(said[f"nodes_{way}leafs"], dtype=np.int64)

    return PackagedTrees(
        np.array(said["tree_roots"], dtype=np.int64),
        np.array(said["nodes_featureids"], dtype=np.int64),
        onnx.numpy_helper.to_array(said["nodes_splits"]).astype(np.float64),
        np.array(said.get("nodes_missing_value_tracks_true", [0] * count), dtype=np.bool_),
        child("true"),
        child("false"),
        onnx.numpy_helper.to_array(said["leaf_weights"]).astype(np.float64),
    )
