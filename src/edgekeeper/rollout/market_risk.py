"""Predicted volatility of a set of positions: exponentially weighted covariance of returns."""

import math

import numpy as np
from numba import njit

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array

__all__ = ["MarketRisk"]


@njit(cache=True)
def _step(
    sums: Float64Array, weights: Float64Array, returns: Float64Array, decay: float,
    path: Float64Array,
) -> None:  # fmt: skip
    """Write the covariance known before each bar into ``path``, then learn from the bar."""
    symbols = returns.shape[1]
    for t in range(returns.shape[0]):
        for i in range(symbols):
            for j in range(symbols):
                known = weights[i, j] > 0.0
                path[t, i, j] = sums[i, j] / weights[i, j] if known else 0.0
                product = returns[t, i] * returns[t, j]
                if not math.isnan(product):
                    sums[i, j] = decay * sums[i, j] + (1.0 - decay) * product
                    weights[i, j] = decay * weights[i, j] + (1.0 - decay)


class MarketRisk:
    """Covariance of simple returns about zero, as it was known before each bar.

    Pairs are updated only when both symbols have a bar. The estimate is divided by the sum of its
    weights, so it is unbiased from the first bar on.

    Parameters
    ----------
    symbols : int
    span : int
        Bars over which the weights fall to ``1/e**2``: ``decay = 1 - 2 / (span + 1)``.
    """

    def __init__(self, symbols: int, span: int) -> None:
        self.decay = 1.0 - 2.0 / (span + 1.0)
        self.sums = np.zeros((symbols, symbols))
        self.weights = np.zeros((symbols, symbols))

    def update(self, returns: Float64Array) -> Float64Array:
        """Take returns ``[t, S]`` (NaN = no bar); give the prediction for each, ``[t, S, S]``.

        Raises
        ------
        BadData
            Another number of symbols.
        """
        if returns.ndim != 2 or returns.shape[1] != len(self.sums):
            raise BadData(f"expected returns [t, {len(self.sums)}], got {returns.shape}")
        path = np.empty((returns.shape[0], *self.sums.shape))
        _step(self.sums, self.weights, returns, self.decay, path)
        return path
