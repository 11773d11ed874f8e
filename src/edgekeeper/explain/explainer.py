"""One package's scores taken apart again and again, against what its manifest says is usual.

Where a package compares the symbols of a bar, a symbol's own score is taken apart, before the mean
of all is taken off.
"""

from edgekeeper.explain.background import background_of
from edgekeeper.explain.packaged_trees import trees_in
from edgekeeper.explain.shapley import Shapley, shapley_values
from edgekeeper.registry import Package
from edgekeeper.types import Float32Array

__all__ = ["Explainer"]

_USUAL = 32
_ORDERS = 4


class Explainer:
    """Reads the package once; what is usual comes from its reference, so no bar is looked at.

    Parameters
    ----------
    package : Package
    graph : bytes
        Its own; a sum of trees is taken apart exactly, everything else by sampling with a fixed
        seed.
    """

    def __init__(self, package: Package, graph: bytes) -> None:
        self.package = package
        self._usual = background_of(package.manifest.reference, _USUAL)
        self._trees = trees_in(graph)

    def explain(self, rows: Float32Array) -> Shapley:
        """Attribute the scores of rows, float32 ``[n, F]``, to features."""
        if self._trees is not None:
            from edgekeeper.explain.tree_shapley import tree_shapley  # late: loads numba

            found = tree_shapley(self._trees, self.package.score, rows, self._usual)
            if found is not None:
                return found
        return shapley_values(self.package.score, rows, self._usual, orders=_ORDERS)
