"""The trees of a package, where its score is nothing but their sum."""

from edgekeeper.models.graph_guard import check_graph
from edgekeeper.models.tree_nodes import TreeSum, cut

__all__ = ["trees_in"]

_AROUND = frozenset(("Cast", "Identity", "Add"))
_ANY_WIDTH = 1 << 31


def trees_in(graph: bytes) -> TreeSum | None:
    """Return the trees of a serialised graph, or None where the score is more than their sum.

    Raises
    ------
    BadData
        A graph that no package may have.
    """
    check_graph(graph)
    parts = cut(graph, _ANY_WIDTH)
    if len(parts.trees) != 1 or parts.operators - _AROUND:
        return None
    return next(iter(parts.trees.values()))
