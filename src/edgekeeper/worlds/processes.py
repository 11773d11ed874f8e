"""Random processes the worlds are made of: autoregression, volatility, fat tails."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from edgekeeper.types import Float64Array

__all__ = [
    "DEGREES",
    "LOG_SD",
    "NATURES",
    "PERIODS_PER_YEAR",
    "PERSISTENCE",
    "Nature",
    "Volatility",
    "ar1",
    "draw_volatility",
]

PERIODS_PER_YEAR = 252.0

PERSISTENCE = 0.97
LOG_SD = 0.45
DEGREES = 4
_JUMP_CHANCE = 0.01
_JUMP_SHARE = 1.0 / 3.0

Nature = Literal["gaussian", "fat_tailed", "jumps"]
NATURES: tuple[Nature, ...] = ("gaussian", "fat_tailed", "jumps")


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
        The variance each bar really had, jumps apart.
    jump : float64 [T, S]
        Variance of a jump before the open; 0 where there was none. With ``variance`` it has the
        mean ``predictable ** 2``.
    typical : float64 [S]
        Long-run standard deviation of a bar.
    """

    predictable: Float64Array
    variance: Float64Array
    jump: Float64Array
    typical: Float64Array


def draw_volatility(
    rng: np.random.Generator, bars: int, symbols: int, nature: Nature = "fat_tailed"
) -> Volatility:
    """Volatility of one of three natures, all with the same long-run size.

    ``gaussian``: constant, so that log returns are normal and independent. ``fat_tailed``: the log
    of the predictable volatility is an autoregression, half of it shared by all symbols (Taylor
    1982); each bar's variance is the predictable one times ``(d - 2) / chi2(d)``: normal returns of
    such variance are Student-t with ``d`` = 4 degrees of freedom and unit scale. ``jumps``: the
    same autoregression, normal returns of that volatility, and now and then a jump overnight that
    has on average a third of all variance (Merton 1976). Shocks are shared by half, so crashes
    come together.
    """
    typical = np.exp(rng.uniform(np.log(0.15), np.log(0.40), symbols)) / np.sqrt(PERIODS_PER_YEAR)
    still = np.zeros((bars, symbols))
    if nature == "gaussian":
        predictable = np.tile(typical, (bars + 1, 1))
        return Volatility(predictable, predictable[:-1] ** 2, still, typical)
    own = ar1(rng.standard_normal((bars + 1, symbols)), PERSISTENCE)
    shared = ar1(rng.standard_normal((bars + 1, 1)), PERSISTENCE)
    level = LOG_SD * (own + shared) / np.sqrt(2.0)
    predictable = typical * np.exp(level - LOG_SD**2)
    if nature == "jumps":
        jumped = rng.random((bars, symbols)) < _JUMP_CHANCE
        jumped |= rng.random((bars, 1)) < _JUMP_CHANCE
        share = jumped * _JUMP_SHARE / (1.0 - (1.0 - _JUMP_CHANCE) ** 2)
        squared = predictable[:-1] ** 2
        return Volatility(predictable, (1.0 - _JUMP_SHARE) * squared, share * squared, typical)
    normal = rng.standard_normal((DEGREES, bars, symbols))
    normal += rng.standard_normal((DEGREES, bars, 1))
    chi2 = (normal**2).sum(axis=0) / 2.0
    variance = predictable[:-1] ** 2 * (DEGREES - 2) / chi2
    return Volatility(predictable, variance, still, typical)
