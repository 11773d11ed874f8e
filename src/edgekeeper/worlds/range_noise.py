"""How far a bar's range tells its own volatility, and that the volatility predicted before it."""

from functools import cache
from typing import NamedTuple

import numpy as np

from edgekeeper.types import Float64Array
from edgekeeper.worlds.paths import CORRELATION, OVERNIGHT, draw_prices
from edgekeeper.worlds.processes import DEGREES

__all__ = ["Noise", "log_range_volatility", "range_noise", "tail_noise"]

_SEED = 20_100_105
_BARS, _SYMBOLS = 4_000, 16
_VARIANCE = 1e-6
_TERMS = 60


class Noise(NamedTuple):
    """Of a log deviation: its mean, its variance, and its covariance between two symbols."""

    mean: float
    variance: float
    shared: float


def log_range_volatility(
    open_: Float64Array, high: Float64Array, low: Float64Array, close: Float64Array
) -> Float64Array:
    """Log of the deviation of a session's return, as its four prices tell it.

    Half the log of ``(ln H/L)^2 / 2 - (2 ln 2 - 1) (ln C/O)^2``: what is left over is close to
    normal, unlike the log of a squared return (Alizadeh, Brandt and Diebold 2002).

    Source: Garman & Klass (1980), "On the estimation of security price volatilities".
    """
    spread, move = np.log(high / low), np.log(close / open_)
    variance = 0.5 * spread**2 - (2.0 * np.log(2.0) - 1.0) * move**2
    found: Float64Array = 0.5 * np.log(variance)
    return found


@cache
def range_noise() -> Noise:
    """What :func:`log_range_volatility` leaves over, from a fixed panel of bars of one variance."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    shape = (_BARS, _SYMBOLS)
    prices = draw_prices(rng, np.full(shape, _VARIANCE), np.zeros(_SYMBOLS), np.zeros(shape))
    left = log_range_volatility(*prices) - 0.5 * np.log((1.0 - OVERNIGHT) * _VARIANCE)
    covariance = np.cov(left, rowvar=False)
    own = float(np.trace(covariance)) / _SYMBOLS
    shared = float(covariance.sum() - np.trace(covariance)) / (_SYMBOLS * (_SYMBOLS - 1))
    return Noise(float(left.mean()), own, shared)


def tail_noise() -> Noise:
    """Log of a bar's own deviation less that of the one predicted: what makes tails heavy.

    Half the log of ``(d - 2) / chi2(d)`` for ``d`` degrees of freedom, the normals behind the
    chi-squares of two symbols being correlated by ``r = CORRELATION``. With ``a = d / 2``, the
    covariance of the logs of two such gammas is ``sum over k of r^2k k! G(a) / (k^2 G(a + k))``,
    from the expansion of their joint density in Laguerre polynomials (Kibble 1941).
    """
    half = DEGREES / 2.0
    mean = 0.5 * (np.log(DEGREES - 2.0) - np.log(2.0) - _digamma(half))
    return Noise(float(mean), *(0.25 * _log_covariance(half, r) for r in (1.0, CORRELATION)))


def _digamma(a: float) -> float:
    """Of a whole or half number, by recurrence from the asymptotic series."""
    shift = sum(1.0 / (a + k) for k in range(_TERMS))
    x = a + _TERMS
    return float(np.log(x) - 0.5 / x - 1.0 / (12.0 * x**2) + 1.0 / (120.0 * x**4) - shift)


def _log_covariance(a: float, r: float) -> float:
    """Covariance of the logs of two gammas of shape ``a`` whose normals are correlated by ``r``."""
    if r == 1.0:  # trigamma, which the series reaches too slowly
        x = a + _TERMS
        rest = 1.0 / x + 0.5 / x**2 + 1.0 / (6.0 * x**3) - 1.0 / (30.0 * x**5)
        return float(sum(1.0 / (a + k) ** 2 for k in range(_TERMS)) + rest)
    total, factor = 0.0, 1.0
    for k in range(1, _TERMS):
        factor *= r**2 * k / (a + k - 1.0)
        total += factor / k**2
    return total
