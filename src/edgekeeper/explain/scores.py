"""Take a package's scores apart, exactly where its graph lets one."""

import numpy as np

from edgekeeper.explain.packaged_trees import trees_in
from edgekeeper.explain.shapley import Shapley, shapley_values
from edgekeeper.models import PackagedModel
from edgekeeper.types import Float32Array

__all__ = ["explain_scores"]


def explain_scores(
    package: PackagedModel,
    rows: Float32Array,
    background: Float32Array,
    *,
    graph: bytes | None = None,
    orders: int = 2,
) -> Shapley:
    """Attribute a package's scores to its features.

    Parameters
    ----------
    package : PackagedModel
    rows : float32 [n, F]
    background : float32 [b, F]
        Rows that stand for what is usual.
    graph : bytes, optional
        The package's graph. A sum of trees is then taken apart exactly.
    orders : int
        How finely any other score is; see :func:`shapley_values`.

    Raises
    ------
    BadData
        See :func:`shapley_values`.
    """
    trees = trees_in(graph) if graph is not None else None
    if trees is not None and len(rows) and len(background):
        from edgekeeper.explain.tree_shapley import tree_shapley  # late: loads numba

        found = tree_shapley(trees, package.score, *map(np.ascontiguousarray, (rows, background)))
        if found is not None:
            return found
    return shapley_values(package.score, rows, background, orders=orders)
