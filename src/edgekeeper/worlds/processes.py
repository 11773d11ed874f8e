"""Random processes the worlds are made of: autoregression, volatility, fat tails."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from edgekeeper.types import Float64Array

__all__ = ["PERIODS_PER_YEAR", "Volatility", "ar1", "draw_volatility"]

PERIODS_PER_YEAR = 252.0

_PERSISTENCE = 0.97
_LOG_SD = 0.45
_DEGREES = 4


@njit(cache=True, nogil=True)
def ar1(noise: Float64Array, persistence: float) -> Float64Array:
    """Stationary first-order autoregression of unit variance, driven by unit ``noise`` [T, S]."""
    path = np.empty_like(noise)
    fresh = np.sqrt(1.0 - persistence * persistence)
    for s in range(noise.shape[1]):
        path[0, s] = noise[0, s]
        for t in range(1, noise.shape[0]):
            path[t, s] = persistence * path[t - 1, s] + fresh * noise[t, s]
    return path


@dataclass(frozen=True, slots=True)
class Volatility:
    """How much each symbol moves.

    Attributes
    ----------
    predictable : float64 [T + 1, S]
        Standard deviation of bar ``t``'s log return as known at the close before it; the last
        row is for the bar after the end.
    variance : float64 [T, S]
        The variance each bar really had: ``predictable ** 2`` times a shock of mean one.
    typical : float64 [S]
        Long-run standard deviation of a bar.
    """

    predictable: Float64Array
    variance: Float64Array
    typical: Float64Array


def draw_volatility(rng: np.random.Generator, bars: int, symbols: int) -> Volatility:
    """Stochastic volatility with clusters, and Student-t tails through the variance.

    The log of the predictable volatility is an autoregression, half of it shared by all symbols
    (Taylor 1982). Each bar's variance is the predictable one times ``(d - 2) / chi2(d)``: normal
    returns of such variance are Student-t with ``d`` = 4 degrees of freedom and unit scale.
    Shocks are shared by half as well, so crashes come together.
    """
    typical = np.exp(rng.uniform(np.log(0.15), np.log(0.40), symbols)) / np.sqrt(PERIODS_PER_YEAR)
    own = ar1(rng.standard_normal((bars + 1, symbols)), _PERSISTENCE)
    shared = ar1(rng.standard_normal((bars + 1, 1)), _PERSISTENCE)
    level = _LOG_SD * (own + shared) / np.sqrt(2.0)
    predictable = typical * np.exp(level - _LOG_SD**2)
    normal = rng.standard_normal((_DEGREES, bars, symbols))
    normal += rng.standard_normal((_DEGREES, bars, 1))
    chi2 = (normal**2).sum(axis=0) / 2.0
    variance = predictable[:-1] ** 2 * (_DEGREES - 2) / chi2
    return Volatility(predictable, variance, typical)
