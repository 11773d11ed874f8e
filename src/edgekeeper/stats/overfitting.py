"""Probability of back-test overfitting, by combinatorially symmetric cross-validation."""

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["Overfitting", "overfitting"]

_MOST_SPLITS = 20_000


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What choosing the best of several configurations is worth out of sample.

    Attributes
    ----------
    probability : float
        PBO: share of splits whose in-sample best does no better than the median out of sample.
    probability_of_loss : float
        Share of splits whose in-sample best has a metric below zero out of sample.
    slope, intercept : float
        Least-squares line of the best's out-of-sample metric over its in-sample metric. A negative
        slope says: the better it looked, the worse it did. NaN where all looked alike.
    logits : float64 [splits]
        ``ln(ω / (1 - ω))``, ω the best's out-of-sample rank over ``n + 1``; the worst has rank 1,
        and a tie is not a win.
    in_sample, out_of_sample : float64 [splits]
        Metric of the in-sample best, a period.
    chosen : int64 [splits]
        Which configuration was the in-sample best.
    """

    probability: float
    probability_of_loss: float
    slope: float
    intercept: float
    logits: Float64Array
    in_sample: Float64Array
    out_of_sample: Float64Array
    chosen: "np.ndarray[tuple[int], np.dtype[np.int64]]"


def overfitting(
    returns: Float64Array, *, blocks: int = 10, metric: Literal["sharpe", "mean"] = "sharpe"
) -> Overfitting:
    """Judge a choice among configurations by every half-and-half split of blocks of time.

    Parameters
    ----------
    returns : float64 [periods, configurations]
        Of every configuration that was tried, losers included; at least two.
    blocks : int
        Even number of consecutive blocks of time; as equal in length as the periods allow.
    metric : {"sharpe", "mean"}
        What the choice went by. A configuration that never moves in a half has a ratio of 0.

    Raises
    ------
    BadData
        Missing values, fewer than two configurations, blocks of fewer than two periods, or a
        configuration that earns a constant other than zero.
    UsageError
        A number of blocks that is odd, below 2, or makes too many splits.

    Source: Bailey, Borwein, López de Prado & Zhu (2017), "The probability of backtest
    overfitting", section 3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> round(overfitting(rng.standard_normal((1000, 100))).probability, 5)
    0.51587
    """
    returns = _checked(returns, blocks)
    if metric not in ("sharpe", "mean"):
        raise UsageError(f'metric: expected "sharpe" or "mean", got {metric!r}')
    inside = np.array(
        [np.isin(range(blocks), chosen) for chosen in combinations(range(blocks), blocks // 2)]
    ).astype(np.float64)
    scores = _Scores(returns, blocks, metric)
    seen, unseen = scores.of(inside), scores.of(1.0 - inside)
    best = seen.argmax(axis=1)
    rows = np.arange(len(best))
    in_sample, out_of_sample = seen[rows, best], unseen[rows, best]
    # Whoever is as good as the best has not been beaten by it; rounding is no difference.
    near = 1e-12 * np.abs(unseen).max()
    beaten = (unseen < out_of_sample[:, None] - near).sum(axis=1)
    omega = (beaten + 1.0) / (returns.shape[1] + 1.0)
    logits = np.log(omega / (1.0 - omega))
    slope, intercept = _line(in_sample, out_of_sample)
    return Overfitting(
        # Rounding must not turn a rank in the middle into a better one.
        probability=float((logits <= 1e-12).mean()),
        probability_of_loss=float((out_of_sample < 0.0).mean()),
        slope=slope,
        intercept=intercept,
        logits=logits,
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        chosen=best.astype(np.int64),
    )


def _checked(returns: Float64Array, blocks: int) -> Float64Array:
    returns = np.asarray(returns, dtype=np.float64)
    if blocks < 2 or blocks % 2 or math.comb(blocks, blocks // 2) > _MOST_SPLITS:
        raise UsageError(f"blocks: expected an even number from 2 to 16, got {blocks!r}")
    if returns.ndim != 2 or returns.shape[1] < 2:
        raise BadData(
            f"expected returns of at least two configurations, one a column, got shape "
            f"{returns.shape}: there is no choice to judge"
        )
    if len(returns) < blocks:
        raise BadData(
            f"expected at least one period for each of {blocks} blocks, got {len(returns)}"
        )
    if not np.isfinite(returns).all():
        raise BadData(
            f"expected a finite return everywhere, got {int((~np.isfinite(returns)).sum())} "
            "missing: a configuration without a position earned 0"
        )
    return returns


class _Scores:
    """Metrics of any union of blocks from sums per block, all splits at once."""

    def __init__(self, returns: Float64Array, blocks: int, metric: str) -> None:
        # Centred for the sake of the variance; means of small numbers stay as they are.
        centre = returns.mean(axis=0) if metric == "sharpe" else np.zeros(returns.shape[1])
        parts = np.array_split(returns - centre, blocks)
        self._count = np.array([len(part) for part in parts], dtype=np.float64)
        self._sum = np.stack([part.sum(axis=0) for part in parts])
        self._square = np.stack([(part**2).sum(axis=0) for part in parts])
        self._centre = centre
        self._metric = metric

    def of(self, member: Float64Array) -> Float64Array:
        """Metric ``[splits, configurations]`` of the blocks that are members."""
        n = (member @ self._count)[:, None]
        offset = member @ self._sum / n
        mean = offset + self._centre
        if self._metric == "mean":
            return np.asarray(mean, dtype=np.float64)
        if (n < 2).any():
            raise BadData("expected at least two periods in each half for a Sharpe ratio")
        scale = np.abs(self._centre) + np.sqrt(self._square.sum(axis=0) / self._count.sum())
        variance = np.maximum(member @ self._square - n * offset**2, 0.0) / (n - 1.0)
        still = variance <= (1e-12 * scale) ** 2
        if (still & (np.abs(mean) > 1e-12)).any():
            raise BadData(
                "a configuration earns the same in every period of a half: it has no Sharpe "
                'ratio; leave it out, or compare by metric="mean"'
            )
        deviation = np.sqrt(np.where(still, 1.0, variance))
        return np.where(still, 0.0, mean / deviation)


def _line(x: Float64Array, y: Float64Array) -> tuple[float, float]:
    spread = float(((x - x.mean()) ** 2).sum())
    if not spread > 1e-30:
        return math.nan, math.nan
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    return slope, float(y.mean() - slope * x.mean())
