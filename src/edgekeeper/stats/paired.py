"""Is one better than the other? Tests on differences taken period by period."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["MeanDifference", "diebold_mariano", "two_sided"]


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """Mean of a dependent series of differences, its interval, and how often chance does that."""

    mean: float
    error: float
    low: float
    high: float
    p_value: float


def diebold_mariano(
    difference: Float64Array, *, horizon: int = 1, level: float = 0.95
) -> MeanDifference:
    """Test whether two forecasters' losses differ on average.

    Parameters
    ----------
    difference : float64 [n]
        Loss of one less loss of the other, one a period, in time order.
    horizon : int
        Periods by which neighbouring outcomes overlap: ``horizon - 1`` autocovariances count.

    Returns
    -------
    MeanDifference
        NaN where fewer than ten times the horizon are known or nothing differs.

    Source: Diebold & Mariano (1995); the correction for few periods and the t distribution of
    Harvey, Leybourne & Newbold (1997), eqs. 8 and 9; where the plain sum of autocovariances is not
    positive, the weights of Newey & West (1987).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> test = diebold_mariano(rng.standard_normal(500) - 0.3)
    >>> test.high < 0.0, test.p_value < 0.001
    (True, True)
    """
    from scipy.special import stdtr, stdtrit

    series = np.asarray(difference, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise BadData(f"expected finite differences in time order, got shape {series.shape}")
    if horizon < 1 or not 0.0 < level < 1.0:
        raise UsageError(
            f"expected a horizon from 1 up and a level between 0 and 1, got {horizon!r} and "
            f"{level!r}"
        )
    n = len(series)
    mean = float(series.mean()) if n else math.nan
    if n < 10 * horizon:
        return MeanDifference(mean, math.nan, math.nan, math.nan, math.nan)
    centred = series - mean
    own = float(centred @ centred) / n
    lagged = np.array([float(centred[k:] @ centred[:-k]) / n for k in range(1, horizon)])
    variance = own + 2.0 * float(lagged.sum())
    if not variance > 1e-12 * own:
        weights = 1.0 - np.arange(1, horizon) / horizon
        variance = own + 2.0 * float(weights @ lagged)
    if not variance > 1e-300:
        return MeanDifference(mean, math.nan, math.nan, math.nan, math.nan)
    few = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    error = math.sqrt(variance / n / few)
    width = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * error
    p_value = 2.0 * float(stdtr(n - 1, -abs(mean) / error))
    return MeanDifference(mean, error, mean - width, mean + width, p_value)


def two_sided(resampled: Float64Array) -> float:
    """Share of resamples beyond zero on the rarer side, doubled; NaN where none is known.

    Examples
    --------
    >>> round(two_sided(np.r_[np.ones(199), -np.ones(0)]), 3), two_sided(np.r_[1.0, -1.0])
    (0.01, 1.0)
    """
    known = resampled[np.isfinite(resampled)]
    if len(known) == 0:
        return math.nan
    rarer = min(int((known <= 0.0).sum()), int((known >= 0.0).sum()))
    return min(1.0, 2.0 * (rarer + 1) / (len(known) + 1))
