"""Features as bin numbers, for trees that would take long to find their own bins."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from edgekeeper.models.reference import column_quantiles
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["Binning"]


@dataclass(frozen=True, slots=True)
class Binning:
    """Edges between the bins of each column, values that occurred in training.

    A value's bin is how many edges lie below it: bin ``k`` or less means at most ``edges[k]``.

    Examples
    --------
    >>> binning = Binning.fit(np.arange(9, dtype=np.float32)[:, None], 3)
    >>> binning.bins(np.array([[2], [3], [np.inf], [np.nan]], np.float32)).ravel().tolist()
    [0.0, 1.0, 2.0, nan]
    >>> binning.threshold(0, 0.5)
    2.0
    """

    edges: tuple[Float32Array, ...]

    @classmethod
    def fit(cls, features: Float32Array, bins: int) -> Self:
        """Cut each column into bins of about as many training rows."""
        inner = tuple(np.linspace(0.0, 1.0, bins + 1)[1:-1].tolist())
        quantiles = column_quantiles(features, inner)[0]
        return cls(tuple(np.unique(column[~np.isnan(column)]) for column in quantiles.T))

    def bins(self, features: Float32Array) -> Float64Array:
        """Return the bin of each value, ``[n, F]``; NaN stays, and a column of NaN alone is 0."""
        found = np.empty(features.shape)
        for i, edges in enumerate(self.edges):
            column = features[:, i]
            known = np.where(np.isnan(column), np.nan, np.searchsorted(edges, column))
            found[:, i] = known if len(edges) else 0.0
        return found

    def threshold(self, column: int, bin_threshold: float) -> float:
        """Return the largest value whose bin is at most ``bin_threshold``."""
        edges = self.edges[column]
        return float(edges[int(bin_threshold)]) if bin_threshold < len(edges) else float(np.inf)
