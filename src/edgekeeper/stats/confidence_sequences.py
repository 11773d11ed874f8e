"""Intervals for a mean that hold at all times at once, however often one looks."""

import math

import numpy as np
from numba import njit

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.sequential_tests import bounded
from edgekeeper.types import Float64Array

__all__ = [
    "asymptotic_sequence",
    "betting_sequence",
    "normal_mixture_boundary",
    "normal_mixture_rho",
    "sub_gaussian_sequence",
]


_LARGEST_STAKE = 1e6


def normal_mixture_rho(optimal_variance: float, level: float) -> float:
    """Mixing parameter that makes the boundary tightest near an accumulated variance.

    Source: Howard, Ramdas, McAuliffe & Sekhon (2021), "Time-uniform, nonparametric,
    nonasymptotic confidence sequences", section 3.5, first-order approximation.

    Examples
    --------
    >>> round(normal_mixture_rho(100, 0.05), 5)
    12.60056
    """
    _check(optimal_variance, level)
    twice = 2.0 * math.log(1.0 / level)
    return optimal_variance / (twice + math.log1p(twice))


def normal_mixture_boundary(
    variance: float, *, optimal_variance: float, level: float = 0.05
) -> float:
    """Two-sided bound on a centred sum whose accumulated variance is ``variance``.

    With probability ``1 - level`` the sum of 1-sub-Gaussian increments never leaves it.

    Parameters
    ----------
    optimal_variance : float
        Accumulated variance at which the bound shall be tightest. Fixed beforehand.

    Source: Howard et al. (2021), eq. 14.

    Examples
    --------
    >>> round(normal_mixture_boundary(100, optimal_variance=100), 5)
    30.35209
    """
    if not variance >= 0.0:
        raise UsageError(f"variance: expected zero or more, got {variance!r}")
    rho = normal_mixture_rho(optimal_variance, level)
    return float(_boundary(np.array([float(variance)]), rho, level)[0])


def _boundary(variance: Float64Array, rho: float, level: float) -> Float64Array:
    total = variance + rho
    return np.asarray(
        np.sqrt(total * (np.log(total / rho) + 2.0 * math.log(1.0 / level))), dtype=np.float64
    )


def sub_gaussian_sequence(
    values: Float64Array, deviation: float, *, optimal_time: int, level: float = 0.05
) -> tuple[Float64Array, Float64Array]:
    """Lower and upper bounds of the running mean's true value, after each observation.

    Parameters
    ----------
    values : float64 [n]
    deviation : float
        Values are sub-Gaussian with this deviation; half the range is enough for bounded ones.
    optimal_time : int
        Number of observations at which the interval shall be narrowest.

    Returns
    -------
    lower, upper : float64 [n]

    Examples
    --------
    >>> lower, upper = sub_gaussian_sequence(np.zeros(100), 1.0, optimal_time=100)
    >>> round(float(upper[-1]), 7)
    0.3035209
    """
    values = _finite(values)
    if not deviation > 0.0:
        raise UsageError(f"deviation: expected a positive number, got {deviation!r}")
    time = np.arange(1.0, len(values) + 1.0)
    variance = deviation**2 * time
    rho = normal_mixture_rho(deviation**2 * optimal_time, level)
    return _around(values, _boundary(variance, rho, level))


def asymptotic_sequence(
    values: Float64Array, *, optimal_time: int, level: float = 0.05
) -> tuple[Float64Array, Float64Array]:
    """Return the same bounds with the deviation estimated along the way.

    Valid for any values of finite variance as the sample grows; the first few dozen carry no
    promise. Infinite until two different values have come.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform central limit
    theory and asymptotic confidence sequences", theorem 2.2.

    Examples
    --------
    >>> lower, upper = asymptotic_sequence(np.tile([1.0, 3.0], 200), optimal_time=400)
    >>> bool(lower[-1] < 2.0 < upper[-1]), bool(np.isinf(upper[0]))
    (True, True)
    """
    values = _finite(values)
    if optimal_time < 1:
        raise UsageError(f"optimal_time: expected at least one observation, got {optimal_time!r}")
    time = np.arange(1, len(values) + 1)
    centre = values[0] if len(values) else 0.0
    mean = np.cumsum(values - centre) / time
    variance = np.maximum(np.cumsum((values - centre) ** 2) / time - mean**2, 0.0)
    # In units of the deviation so far, time itself is the accumulated variance.
    rho = normal_mixture_rho(float(optimal_time), level)
    radius = np.sqrt(variance) * _boundary(time.astype(np.float64), rho, level)
    return _around(values, np.where(variance > 0.0, radius, math.inf))


def betting_sequence(
    values: Float64Array, *, level: float = 0.05, cap: float = 0.5, grid: int = 1_000
) -> tuple[Float64Array, Float64Array]:
    """Bounds of the mean of values within [0, 1], by betting against every mean on a grid.

    A mean is left out for good once the average wealth of a bet that it is higher and one that it
    is lower reaches ``1 / level``. Adapts to the variance, with no assumption but the bounds.

    Parameters
    ----------
    values : float64 [n]
    cap : float
        Share of the wealth at stake at most.
    grid : int
        Resolution; bounds are rounded outwards to it.

    Source: Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by
    betting", section 4.3, hedged capital.

    Examples
    --------
    >>> lower, upper = betting_sequence(np.full(200, 0.7))
    >>> bool(0.6 < lower[-1] < 0.7 < upper[-1] < 0.8)
    True
    """
    values = bounded(values)
    _check(1.0, level)
    if not 0.0 < cap < 1.0 or not 10 <= grid <= 100_000:
        raise UsageError(
            f"expected a cap between 0 and 1 and a grid of 10 to 100000, got {cap!r} and {grid!r}"
        )
    lower, upper = np.empty(len(values)), np.empty(len(values))
    _hedge(values, level, cap, grid, lower, upper)
    return lower, upper


@njit(cache=True, nogil=True)
def _hedge(
    values: Float64Array,
    level: float,
    cap: float,
    grid: int,
    lower: Float64Array,
    upper: Float64Array,
) -> None:
    higher, smaller = np.zeros(grid + 1), np.zeros(grid + 1)
    low, high = 0, grid
    total, squares, variance = 0.5, 0.25, 0.25
    scale, limit = 2.0 * math.log(2.0 / level), math.log(2.0 / level)
    for i in range(values.shape[0]):
        t = i + 1.0
        stake = _LARGEST_STAKE
        if variance > 0.0:
            stake = min(stake, math.sqrt(scale / (variance * t * math.log(1.0 + t))))
        alive_low, alive_high = grid + 1, -1
        for k in range(low, high + 1):
            mean = k / grid
            up = min(stake, cap / mean) if k > 0 else stake
            down = min(stake, cap / (1.0 - mean)) if k < grid else stake
            higher[k] += math.log1p(up * (values[i] - mean))
            smaller[k] += math.log1p(-down * (values[i] - mean))
            larger, other = max(higher[k], smaller[k]), min(higher[k], smaller[k])
            if larger + math.log1p(math.exp(other - larger)) < limit:
                alive_low, alive_high = min(alive_low, k), max(alive_high, k)
        if alive_high < 0:
            # Every mean of the grid is refused: what is left lies between two of its points.
            alive_low = alive_high = min(max(int(total / t * grid), low), high)
        # One point outwards, since the truth may lie between the grid's points.
        low, high = alive_low, alive_high
        lower[i] = max(low - 1, 0) / grid
        upper[i] = min(high + 1, grid) / grid
        total += values[i]
        squares += (values[i] - total / (t + 1.0)) ** 2
        variance = squares / (t + 1.0)


def _around(values: Float64Array, radius: Float64Array) -> tuple[Float64Array, Float64Array]:
    time = np.arange(1, len(values) + 1)
    mean = np.cumsum(values) / time
    return mean - radius / time, mean + radius / time


def _finite(values: Float64Array) -> Float64Array:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise BadData(f"expected finite values one after another, got shape {values.shape}")
    return values


def _check(optimal_variance: float, level: float) -> None:
    if not optimal_variance > 0.0:
        raise UsageError(f"expected a positive variance to be best at, got {optimal_variance!r}")
    if not 0.0 < level < 1.0:
        raise UsageError(f"level: expected a probability between 0 and 1, got {level!r}")
