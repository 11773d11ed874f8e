"""Fitting the heads on calibration rows: shrunk, signed, and honest about how few they are."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.heads import SCORE_LIMIT, Heads, Lines, Outcomes
from edgekeeper.models.peers import relative_scores
from edgekeeper.stats.calibration import effective_size, fit_sigmoid
from edgekeeper.stats.conformal import residual_interval
from edgekeeper.types import SIDES, BoolArray, Float64Array, Int64Array

__all__ = ["MINIMUM_ROWS", "PRIOR_ROWS", "fit_heads", "heads_for"]

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
    event_time: Int64Array | None = None,
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
    event_time : int64 [n], optional
        Of each row's bar, for relative heads: they read scores against those of the same bar.

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
    Both sides share one intercept and one slope, see :func:`_mirrored`.
    Means and time are ridge regressions, chances sigmoid calibration, the interval split conformal
    on what the return head leaves over.
    """
    if horizon < 1 or not 0.0 < coverage < 1.0:
        raise UsageError(f"expected horizon >= 1 and 0 < coverage < 1, got {horizon}, {coverage}")
    known = _known(score, volatility, outcomes, weight)
    some: BoolArray = known[:, 0] | known[:, 1]
    relative = event_time is not None
    if relative:
        score = relative_scores(score, event_time, some)
    centre, scale = _centre_and_scale(score[some], weight[some], relative=relative)
    unit = volatility * np.sqrt(horizon)
    z = np.clip((score - centre) / scale, -SCORE_LIMIT, SCORE_LIMIT)
    sides = [
        _fit_side(z, weight, unit, outcomes, known[:, side], side, sign)
        for side, sign in enumerate((1, -1))
    ]
    reward = _mirrored([side.reward for side in sides], odd=True)
    offsets = [
        _interval(z, weight, unit, outcomes, known[:, side], side, reward, coverage)
        for side in range(len(SIDES))
    ]
    return Heads(
        centre=centre,
        scale=scale,
        horizon=horizon,
        coverage=coverage,
        success=_mirrored([side.success for side in sides], odd=True),
        risk=_mirrored([side.risk for side in sides], odd=True),
        reward=reward,
        time=_mirrored([side.time for side in sides], odd=False),
        lower=np.array([low for low, _ in offsets]),
        upper=np.array([high for _, high in offsets]),
        relative=relative,
    )


def heads_for(
    heads: Heads, score: Float64Array, weight: Float64Array, event_time: Int64Array | None = None
) -> Heads:
    """Have heads read the score of another fit of the same recipe, brought to their own scale.

    Parameters
    ----------
    heads : Heads
    score : float64 [n]
        Of the other fit; rows with NaN are left out.
    weight : float64 [n]
    event_time : int64 [n], optional
        Of each row's bar; relative heads need it.
    """
    usable = np.isfinite(score) & (weight > 0.0)
    if heads.relative:
        score = relative_scores(score, event_time, usable)
    centre, scale = _centre_and_scale(score[usable], weight[usable], relative=heads.relative)
    return replace(heads, centre=centre, scale=scale)


def _centre_and_scale(
    score: Float64Array, weight: Float64Array, *, relative: bool
) -> tuple[float, float]:
    """Mean and deviation; the mean of a bar is the centre of scores that are taken from it."""
    centre = 0.0 if relative else float(np.average(score, weights=weight))
    variance = float(np.average(np.square(score - centre), weights=weight))
    return centre, float(np.sqrt(variance)) if variance > _NO_VARIANCE else 1.0


class _Side(NamedTuple):
    """(intercept, slope) of each head of one side."""

    success: tuple[float, float]
    risk: tuple[float, float]
    reward: tuple[float, float]
    time: tuple[float, float]


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
    unit: Float64Array,
    outcomes: Outcomes,
    known: BoolArray,
    side: int,
    sign: int,
) -> _Side:
    """Fit one side on its known rows; its reward rises with ``sign * z``."""
    z, weight, unit = z[known], weight[known], unit[known]
    net_return = outcomes.net_return[known, side]
    won = (net_return > 0.0).astype(np.float64)
    stopped = outcomes.stopped[known, side]
    success = fit_sigmoid(z, won, weight, prior_rows=PRIOR_ROWS, sign=sign)
    risk = fit_sigmoid(z, stopped, weight, prior_rows=PRIOR_ROWS, sign=-sign)
    return _Side(
        success=(success.intercept, success.slope),
        risk=(risk.intercept, risk.slope),
        reward=_ridge_line(z, net_return / unit, weight, sign),
        time=_ridge_line(z, outcomes.bars_held[known, side], weight, 0),
    )


def _interval(
    z: Float64Array,
    weight: Float64Array,
    unit: Float64Array,
    outcomes: Outcomes,
    known: BoolArray,
    side: int,
    reward: Lines,
    coverage: float,
) -> tuple[float, float]:
    """Offsets of one side's interval, from what its reward head leaves over."""
    expected = reward.intercept[side] + reward.slope[side] * z[known]
    left_over = outcomes.net_return[known, side] / unit[known] - expected
    return residual_interval(left_over, coverage, weight[known])


def _mirrored(pairs: list[tuple[float, float]], *, odd: bool) -> Lines:
    """Give both sides one intercept and one slope, of opposite signs where the head is odd in z.

    The two sides of a bar are mirror images. What still differs between their averages is the
    market's drift over the calibration rows: one number, shared by all symbols, whose error is far
    larger than any edge. Forecasting it would turn last year's drift into next year's bet.
    """
    (a, b), (c, d) = pairs
    slope = 0.5 * (b - d) if odd else 0.5 * (b + d)
    return Lines(np.full(2, 0.5 * (a + c)), np.array([slope, -slope if odd else slope]))


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
