"""One package's scores taken apart again and again, against what its manifest says is usual.

Where a package compares the symbols of a bar, usual are those symbols: what is taken apart is how a
symbol's score differs from the mean of theirs.
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

    def explain(self, rows: Float32Array, peers: Float32Array | None = None) -> Shapley:
        """Attribute the scores of rows to features.

        Parameters
        ----------
        rows : float32 [n, F]
        peers : float32 [p, F], optional
            Rows of one bar, these among them: scores are then told against the mean of theirs.
        """
        if peers is not None:
            return self._against(rows, peers).from_base
        return self._against(rows, self._usual)

    def _against(self, rows: Float32Array, usual: Float32Array) -> Shapley:
        if self._trees is not None:
            from edgekeeper.explain.tree_shapley import tree_shapley  # late: loads numba

            found = tree_shapley(self._trees, self.package.score, rows, usual)
            if found is not None:
                return found
        return shapley_values(self.package.score, rows, usual, orders=_ORDERS)
