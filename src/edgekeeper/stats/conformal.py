"""Conformal prediction: intervals whose coverage holds without assuming a distribution.

Split conformal sets the width from residuals on rows the model was not fitted on. Its promise
needs exchangeable rows; overlapping labels and changing markets bend it, so quantiles take
weights, and :func:`next_miss_rate` follows the coverage that is really reached.
"""

import math

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.calibration import effective_size
from edgekeeper.types import Float64Array

__all__ = ["conformal_quantile", "coverage", "next_miss_rate", "residual_interval"]


def conformal_quantile(
    scores: Float64Array, level: float, weight: Float64Array | None = None
) -> float:
    """Return the value a new score stays at or below with probability of at least ``level``.

    The ``ceil((n + 1) * level)``-th smallest score, and infinity where ``n`` is too small to
    promise anything. With weights, ``n`` is the effective size and the quantile is taken of the
    weighted distribution.

    Parameters
    ----------
    scores : float64 [n]
    level : float
        Between 0 and 1.
    weight : float64 [n], optional
        Independent observations each row is worth, see ``stats.calibration``.

    Raises
    ------
    BadData, UsageError
        Scores empty or not finite, unequal lengths; a level outside (0, 1).

    Notes
    -----
    Vovk, Gammerman & Shafer (2005), *Algorithmic Learning in a Random World*; Lei et al. (2018),
    "Distribution-free predictive inference for regression", algorithm 2.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.9)
    18.0
    >>> conformal_quantile(np.arange(1.0, 4.0), 0.9)
    inf
    """
    if not 0.0 < level < 1.0:
        raise UsageError(f"expected a level between 0 and 1, got {level!r}")
    values = np.asarray(scores, dtype=np.float64)
    w = np.ones(values.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    if values.ndim != 1 or values.shape != w.shape:
        raise BadData(f"expected scores and weights of one length, got {values.shape}, {w.shape}")
    if not np.isfinite(w).all() or (w < 0.0).any():
        raise BadData("expected finite weights of zero or more: drop rows without one")
    values, w = values[w > 0.0], w[w > 0.0]
    if len(values) == 0 or not np.isfinite(values).all():
        raise BadData("expected finite scores, at least one: drop rows with unknown outcome")
    n = effective_size(w)
    share = level * (n + 1.0) / n
    if share > 1.0 + 1e-12:
        return math.inf
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(w[order]) / w.sum()
    index = int(np.searchsorted(reached, share - 1e-12, side="left"))
    return float(values[order][min(index, len(values) - 1)])


def residual_interval(
    residuals: Float64Array, level: float = 0.9, weight: Float64Array | None = None
) -> tuple[float, float]:
    """Return (lower, upper) offsets to add to a forecast, each tail with half of the misses.

    Bracketed trades have lopsided outcomes, so the tails are treated apart. Infinite where there
    are too few residuals: fewer than 19 for 90 %.

    Examples
    --------
    >>> residual_interval(np.arange(-9.0, 10.0), 0.9)
    (-9.0, 9.0)
    """
    tail = 1.0 - (1.0 - level) / 2.0
    values = np.asarray(residuals, dtype=np.float64)
    return -conformal_quantile(-values, tail, weight), conformal_quantile(values, tail, weight)


def coverage(lower: Float64Array, upper: Float64Array, outcome: Float64Array) -> float:
    """Return the share of known outcomes inside their intervals; NaN where none is known."""
    known = ~(np.isnan(lower) | np.isnan(upper) | np.isnan(outcome))
    if not known.any():
        return math.nan
    return float(((outcome >= lower) & (outcome <= upper))[known].mean())


def next_miss_rate(current: float, asked: float, step: float, *, missed: bool) -> float:
    """Return the miss rate to aim at next, so that in the long run ``asked`` is reached.

    After a miss the next interval is wider, after a hit a little narrower; holds for any sequence
    of outcomes. A rate at or below 0 means "everything", at or above 1 "nothing".

    Source: Gibbs & Candès (2021), "Adaptive conformal inference under distribution shift", eq. 2.

    Examples
    --------
    >>> round(next_miss_rate(0.1, 0.1, 0.05, missed=True), 12)
    0.055
    """
    return current + step * (asked - float(missed))
