"""Probability calibration: the sigmoid map, and how far stated chances are from what happened.

Every function takes optional weights. A weight says how many independent observations a row is
worth: 1 for a label that shares its bars with no other, less where labels overlap
(López de Prado, *Advances in Financial Machine Learning*, ch. 4, "uniqueness").
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = [
    "Reliability",
    "SigmoidMap",
    "brier_score",
    "calibration_error",
    "effective_size",
    "fit_sigmoid",
    "reliability",
    "sigmoid",
    "wilson_interval",
]

_NEWTON_STEPS = 60
_TOLERANCE = 1e-12


def sigmoid(log_odds: Float64Array) -> Float64Array:
    """Probability for log-odds; NaN stays NaN.

    Examples
    --------
    >>> sigmoid(np.array([0.0, -800.0]))
    array([0.5, 0. ])
    """
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)


def effective_size(weight: Float64Array) -> float:
    """Return how many independent observations the rows amount to.

    The smaller of Kish's ``(sum w)^2 / sum w^2``, which unequal weights lower, and ``sum w``,
    which overlap lowers. Weights of mean 1 give Kish's figure.

    Parameters
    ----------
    weight : float64 [n]
        Zero or more.

    Examples
    --------
    >>> effective_size(np.ones(50)), effective_size(np.full(50, 0.5))
    (50.0, 25.0)
    """
    total = float(weight.sum())
    if total <= 0.0:
        return 0.0
    return min(total, total * total / float(np.square(weight).sum()))


@dataclass(frozen=True, slots=True)
class SigmoidMap:
    """``probability = sigmoid(intercept + slope * score)``."""

    intercept: float
    slope: float

    def probability(self, score: Float64Array) -> Float64Array:
        """Return the calibrated probability of each score, ``[n]``."""
        return sigmoid(self.intercept + self.slope * score)


def fit_sigmoid(
    score: Float64Array,
    outcome: Float64Array,
    weight: Float64Array | None = None,
    *,
    prior_rows: float = 0.0,
    sign: int = 0,
) -> SigmoidMap:
    """Fit Platt's sigmoid by Newton's method.

    Parameters
    ----------
    score : float64 [n]
        Best with mean 0 and deviation 1, so that ``prior_rows`` means what it says.
    outcome : float64 [n]
        1 where the event happened, 0 where not.
    weight : float64 [n], optional
        See the module; rescaled to sum to the effective size.
    prior_rows : float
        Strength of the pull of the slope towards 0, as that many observations of a useless
        score. With it, a short calibration slice cannot invent an edge.
    sign : {-1, 0, 1}
        Which sign the slope may have; 0 leaves it free. Where the data want the other one, the
        slope is 0 and the answer the base rate (the optimum of the convex constrained problem).

    Raises
    ------
    BadData
        Empty, unequal lengths, not finite, an outcome other than 0 and 1, no weight at all.

    Notes
    -----
    Targets are smoothed to ``(N1 + 1) / (N1 + 2)`` and ``1 / (N0 + 2)``, with effective counts,
    so one class alone still gives a finite fit: Platt (1999), "Probabilistic outputs for support
    vector machines", eq. 11; Newton with step halving as Lin, Lin & Weng (2007).

    Examples
    --------
    >>> fit = fit_sigmoid(np.zeros(100), np.repeat([0.0, 1.0], 50))
    >>> fit.slope, float(fit.probability(np.zeros(1))[0])
    (0.0, 0.5)
    """
    x, y, w = _checked(score, outcome, weight)
    w = w * (effective_size(w) / w.sum())
    positives = float(w[y == 1.0].sum())
    negatives = float(w[y == 0.0].sum())
    goal = np.where(y == 1.0, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    base = float(np.average(goal, weights=w))
    flat = SigmoidMap(float(np.log(base / (1.0 - base))), 0.0)
    # A quarter is the information one observation carries about the slope at even odds.
    fit = _newton(x, goal, w, prior_rows / 4.0, flat)
    return flat if sign and fit.slope * sign <= 0.0 else fit


def _newton(
    x: Float64Array, goal: Float64Array, w: Float64Array, ridge: float, start: SigmoidMap
) -> SigmoidMap:
    """Minimise the penalised cross-entropy from ``start``; convex, so any start will do."""

    def loss(a: float, b: float) -> float:
        z = a + b * x
        return float(w @ (np.logaddexp(0.0, z) - goal * z)) + 0.5 * ridge * b * b

    a, b = start.intercept, start.slope
    best = loss(a, b)
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(a + b * x)
        residual = w * (p - goal)
        curve = w * p * (1.0 - p)
        grad_a, grad_b = float(residual.sum()), float(residual @ x) + ridge * b
        haa, hab = float(curve.sum()) + _TOLERANCE, float(curve @ x)
        hbb = float(curve @ (x * x)) + ridge + _TOLERANCE
        determinant = haa * hbb - hab * hab
        if determinant <= 0.0:
            break
        step_a = (hbb * grad_a - hab * grad_b) / determinant
        step_b = (haa * grad_b - hab * grad_a) / determinant
        size, improved = 1.0, False
        while size > 1e-8 and not improved:
            candidate = loss(a - size * step_a, b - size * step_b)
            improved = candidate < best
            size = size if improved else size / 2.0
        if not improved:
            break
        a, b, gain, best = a - size * step_a, b - size * step_b, best - candidate, candidate
        if gain < _TOLERANCE * (1.0 + abs(best)):
            break
    return SigmoidMap(a, b)


def brier_score(
    probability: Float64Array, outcome: Float64Array, weight: Float64Array | None = None
) -> float:
    """Return the weighted mean of ``(probability - outcome)^2``; 0 is perfect, .25 a coin's.

    Source: Brier (1950), "Verification of forecasts expressed in terms of probability".
    """
    p, y, w = _checked(probability, outcome, weight)
    return float(np.average(np.square(p - y), weights=w))


def wilson_interval(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of a share seen in ``n`` (effective) observations.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    No observations give (0, 1).

    Examples
    --------
    >>> low, high = wilson_interval(0.5, 100)
    >>> round(low, 4), round(high, 4)
    (0.4038, 0.5962)
    """
    if n <= 0.0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Stated against observed frequency, a row per bin of the forecasts.

    Attributes
    ----------
    stated : float64 [k]
        Weighted mean forecast within the bin.
    observed : float64 [k]
        Weighted share of events.
    low, high : float64 [k]
        Wilson band of ``observed``.
    effective : float64 [k]
        Effective observations in the bin.
    weight : float64 [k]
        Share of all weight in the bin.
    """

    stated: Float64Array
    observed: Float64Array
    low: Float64Array
    high: Float64Array
    effective: Float64Array
    weight: Float64Array

    @property
    def outside(self) -> int:
        """Bins whose stated chance lies outside its band; one in twenty does by chance."""
        return int(((self.stated < self.low) | (self.stated > self.high)).sum())


def reliability(
    probability: Float64Array,
    outcome: Float64Array,
    weight: Float64Array | None = None,
    *,
    bins: int = 10,
    level: float = 0.95,
) -> Reliability:
    """Tabulate forecasts against outcomes in bins of about equal row count.

    Equal forecasts always share a bin, so there may be fewer bins than asked for.

    Raises
    ------
    BadData, UsageError
        As :func:`fit_sigmoid`; fewer than one bin.
    """
    if bins < 1:
        raise UsageError(f"reliability: expected one bin or more, got {bins}")
    p, y, w = _checked(probability, outcome, weight)
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins, method="lower"))
    which = np.searchsorted(edges, p, side="left")
    rows: list[tuple[float, ...]] = []
    for index in np.unique(which):
        inside = which == index
        share = float(np.average(y[inside], weights=w[inside]))
        n = effective_size(w[inside])
        stated = float(np.average(p[inside], weights=w[inside]))
        low, high = wilson_interval(share, n, level)
        rows.append((stated, share, low, high, n, float(w[inside].sum() / w.sum())))
    return Reliability(*np.array(rows).T.copy())


def calibration_error(
    probability: Float64Array,
    outcome: Float64Array,
    weight: Float64Array | None = None,
    *,
    bins: int = 10,
) -> float:
    """Return the expected calibration error: mean distance of stated from observed frequency.

    Source: Naeini, Cooper & Hauskrecht (2015), with bins of equal count. It is biased upwards in
    small samples; read it beside the bands of :func:`reliability`.
    """
    table = reliability(probability, outcome, weight, bins=bins)
    return float(np.abs(table.stated - table.observed) @ table.weight)


def _checked(
    forecast: Float64Array, outcome: Float64Array, weight: Float64Array | None
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Drop rows without weight; refuse what cannot be averaged."""
    x = np.asarray(forecast, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    w = np.ones(x.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.shape != w.shape:
        raise BadData(
            "expected forecasts, outcomes and weights of one length, got shapes "
            f"{x.shape}, {y.shape} and {w.shape}"
        )
    if not np.isfinite(w).all() or (w < 0.0).any():
        raise BadData("expected finite weights of zero or more: drop rows without one")
    x, y, w = x[w > 0.0], y[w > 0.0], w[w > 0.0]
    if len(x) == 0:
        raise BadData("expected at least one row with weight, got none: choose a longer window")
    if not np.isfinite(x).all():
        raise BadData("expected finite forecasts, got NaN or infinity: drop those rows first")
    if not np.isin(y, (0.0, 1.0)).all():
        raise BadData("expected outcomes of 0 or 1: drop rows whose outcome is not known yet")
    return x, y, w
