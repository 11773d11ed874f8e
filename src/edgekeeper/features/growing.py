"""``GrowingMatrix``: features of a history that grows, computed once for each row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars, GrowingArray
from edgekeeper.errors import BadData
from edgekeeper.features.compute import Real, compute
from edgekeeper.features.feature_set import FeatureSet

__all__ = ["GrowingMatrix"]


class GrowingMatrix:
    """Features of bars to which later instants are appended; old rows are never computed again.

    Rows are those of :meth:`FeatureSet.matrix` over the whole history, to the last bit.

    Parameters
    ----------
    features : FeatureSet
    dtype : float32 or float64
    """

    def __init__(self, features: FeatureSet, dtype: type[Real] = np.float32) -> None:
        self.features = features
        self._dtype = dtype
        self._states: list[NDArray[np.float64]] = []
        self._grown: GrowingArray[Any] | None = None

    def extend(self, part: Bars) -> NDArray[Any]:
        """Return features of the next instants alone, ``[n, F]``, and keep them.

        Raises
        ------
        UsageError
            The bars lack a column.
        """
        plan = self.features.plan
        if self._grown is None:
            self._states = [np.zeros((len(part.symbols), size)) for size in plan.state_sizes]
        values = compute(plan, part, self._dtype, states=self._states)
        if self._grown is None:
            self._grown = GrowingArray(values)
        else:
            self._grown.extend(values)
        return values

    def of(self, bars: Bars) -> NDArray[Any]:
        """Return features of all rows, ``[N, F]``.

        Parameters
        ----------
        bars : Bars
            Those of the last call, or these with more at the end.

        Raises
        ------
        UsageError
            The bars lack a column.
        BadData
            Fewer bars than the last time.
        """
        if self._grown is None:
            return self.extend(bars)
        seen = len(self._grown)
        if len(bars) < seen:
            raise BadData(f"expected at least the {seen} bars seen before, got {len(bars)}")
        if len(bars) > seen:
            self.extend(bars.rows(seen, len(bars)))
        return self._grown.view
