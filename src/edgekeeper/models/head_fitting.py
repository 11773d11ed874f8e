"""Fitting the heads on calibration rows: shrunk, signed, and honest about how few they are."""

from typing import NamedTuple

import numpy as np

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.heads import SCORE_LIMIT, Heads, Lines, Outcomes
from edgekeeper.stats.calibration import effective_size, fit_sigmoid
from edgekeeper.stats.conformal import residual_interval
from edgekeeper.types import SIDES, BoolArray, Float64Array

__all__ = ["MINIMUM_ROWS", "PRIOR_ROWS", "fit_heads"]

MINIMUM_ROWS = 10
PRIOR_ROWS = 100.0
_NO_VARIANCE = 1e-18


def fit_heads(
    score: Float64Array,
    volatility: Float64Array,
    outcomes: Outcomes,
    weight: Float64Array,
    *,
    horizon: int,
    coverage: float = 0.9,
) -> Heads:
    """Fit all heads on rows later than those the learner saw.

    Parameters
    ----------
    score : float64 [n]
        The learner's log-odds; rows with NaN are left out.
    volatility : float64 [n]
        Predicted deviation of one bar's return; rows where it is not positive are left out.
    outcomes : Outcomes [n]
    weight : float64 [n]
        Independent observations each row is worth, see ``stats.calibration``.
    horizon : int
        Bars until the time barrier.
    coverage : float
        Asked of the interval.

    Raises
    ------
    BadData, UsageError
        Unequal lengths, negative weights; a horizon below 1, a coverage outside (0, 1).
    Refused
        Fewer than ``MINIMUM_ROWS`` known outcomes on a side.

    Notes
    -----
    Each slope is pulled towards 0 as by ``PRIOR_ROWS`` observations of a useless score: a slice
    worth 100 independent outcomes keeps half of what it shows, one worth 1,000 ten elevenths.
    Means and time are ridge regressions, chances sigmoid calibration, the interval split conformal
    on what the return head leaves over.
    """
    if horizon < 1 or not 0.0 < coverage < 1.0:
        raise UsageError(f"expected horizon >= 1 and 0 < coverage < 1, got {horizon}, {coverage}")
    known = _known(score, volatility, outcomes, weight)
    some = known.any(axis=1)
    centre = float(np.average(score[some], weights=weight[some]))
    variance = float(np.average(np.square(score[some] - centre), weights=weight[some]))
    scale = float(np.sqrt(variance)) if variance > _NO_VARIANCE else 1.0
    unit = volatility * np.sqrt(horizon)
    sides = []
    for side, sign in enumerate((1, -1)):
        rows = known[:, side]
        z = np.clip((score[rows] - centre) / scale, -SCORE_LIMIT, SCORE_LIMIT)
        ended = outcomes.net_return[rows, side], outcomes.stopped[rows, side]
        held = outcomes.bars_held[rows, side]
        sides.append(_fit_side(z, weight[rows], *ended, held, unit[rows], sign, coverage))
    return Heads(
        centre=centre,
        scale=scale,
        horizon=horizon,
        coverage=coverage,
        success=_lines([side.success for side in sides]),
        risk=_lines([side.risk for side in sides]),
        reward=_lines([side.reward for side in sides]),
        time=_lines([side.time for side in sides]),
        lower=np.array([side.interval[0] for side in sides]),
        upper=np.array([side.interval[1] for side in sides]),
    )


class _Side(NamedTuple):
    """(intercept, slope) of each head of one side, and the interval's offsets."""

    success: tuple[float, float]
    risk: tuple[float, float]
    reward: tuple[float, float]
    time: tuple[float, float]
    interval: tuple[float, float]


def _known(
    score: Float64Array, volatility: Float64Array, outcomes: Outcomes, weight: Float64Array
) -> BoolArray:
    """Which sides of which rows can be calibrated on, ``[n, 2]``; refuses too few."""
    if not len(score) == len(volatility) == len(outcomes) == len(weight):
        raise BadData(
            "expected scores, volatilities, outcomes and weights of one length, got "
            f"{len(score)}, {len(volatility)}, {len(outcomes)}, {len(weight)}"
        )
    if not np.isfinite(weight).all() or (weight < 0.0).any():
        raise BadData("expected finite weights of zero or more: drop rows without one")
    usable = np.isfinite(score) & np.isfinite(volatility) & (volatility > 0.0) & (weight > 0.0)
    known = outcomes.known & usable[:, None]
    for side, name in enumerate(SIDES):
        rows = int(known[:, side].sum())
        if rows < MINIMUM_ROWS:
            raise Refused(
                f"expected {MINIMUM_ROWS} or more known {name} outcomes to calibrate on, got "
                f"{rows}: use a longer history"
            )
    return known


def _fit_side(
    z: Float64Array,
    weight: Float64Array,
    net_return: Float64Array,
    stopped: Float64Array,
    bars_held: Float64Array,
    unit: Float64Array,
    sign: int,
    coverage: float,
) -> _Side:
    """Fit one side; its reward rises with ``sign * z``."""
    won = (net_return > 0.0).astype(np.float64)
    success = fit_sigmoid(z, won, weight, prior_rows=PRIOR_ROWS, sign=sign)
    risk = fit_sigmoid(z, stopped, weight, prior_rows=PRIOR_ROWS, sign=-sign)
    reward = _ridge_line(z, net_return / unit, weight, sign)
    left_over = net_return / unit - (reward[0] + reward[1] * z)
    return _Side(
        success=(success.intercept, success.slope),
        risk=(risk.intercept, risk.slope),
        reward=reward,
        time=_ridge_line(z, bars_held, weight, 0),
        interval=residual_interval(left_over, coverage, weight),
    )


def _ridge_line(
    x: Float64Array, y: Float64Array, weight: Float64Array, sign: int
) -> tuple[float, float]:
    """Weighted least squares with ``PRIOR_ROWS`` on the slope: (intercept, slope).

    A slope of the wrong sign becomes 0, which is the constrained optimum.
    """
    n = effective_size(weight)
    w = weight / weight.sum()
    mean_x, mean_y = float(w @ x), float(w @ y)
    slope = n * float(w @ ((x - mean_x) * (y - mean_y)))
    slope /= n * float(w @ np.square(x - mean_x)) + PRIOR_ROWS
    if sign and slope * sign < 0.0:
        slope = 0.0
    return mean_y - slope * mean_x, slope


def _lines(pairs: list[tuple[float, float]]) -> Lines:
    intercept, slope = np.array(pairs, dtype=np.float64).T.copy()
    return Lines(intercept, slope)
