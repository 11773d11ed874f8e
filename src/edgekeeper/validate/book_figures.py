"""What a book earned, each figure with its interval from one resampling of blocks of time."""

import math
from collections.abc import Mapping

import numpy as np

from edgekeeper.stats.performance import drawdowns
from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["BOOK_FIGURES", "RISK_A_YEAR", "book_figures", "equity_of", "resample_book"]

RISK_A_YEAR = 0.10
BOOK_FIGURES = (
    "sharpe", "sortino", "annual_return", "total_return", "max_drawdown", "win_rate",
    "profit_factor", "mean_trade",
)  # fmt: skip
_DRAWN_PATHS = 300
_STILL = 1e-15


def equity_of(gain: Float64Array, unit: float, periods_per_year: float) -> Float64Array:
    """Equity from 1 of a book whose volatility is 10 % a year where ``unit`` is its own a bar.

    Such a scale makes books comparable: none has an amount of money of its own.
    """
    risk = RISK_A_YEAR / math.sqrt(periods_per_year)
    scaled = gain * (risk / unit) if unit > _STILL else np.zeros_like(gain)
    return np.cumprod(np.append(1.0, np.maximum(1.0 + scaled, 0.0)))


def resample_book(
    gain: Float64Array,
    trades: tuple[Float64Array, Float64Array, Int64Array],
    unit: float,
    periods_per_year: float,
    blocks: TimeBlocks,
) -> Mapping[str, Float64Array]:
    """Figures that depend on sums alone, of each resample; NaN where one is undefined.

    Parameters
    ----------
    trades : (net_return, profit, period) each [m]
    """
    every = np.arange(len(gain))
    down = np.minimum(gain, 0.0)
    moments = np.stack([np.ones_like(gain), gain, gain**2, down**2], axis=1)
    n, total, square, below = blocks.sums(every, moments).T
    net, profit, period = trades
    columns = (np.ones_like(net), net > 0.0, np.maximum(profit, 0.0), -np.minimum(profit, 0.0), net)
    stacked = np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)
    count, won, gained, lost, earned = blocks.sums(period, stacked).T
    root = math.sqrt(periods_per_year)
    risk = RISK_A_YEAR / root / unit if unit > _STILL else math.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        variance = (square - n * mean**2) / (n - 1.0)
        deviation = np.sqrt(np.where(variance > _STILL**2, variance, math.nan))
        return {
            "sharpe": mean / deviation * root,
            "sortino": mean / np.sqrt(np.where(below > 0.0, below / n, math.nan)) * root,
            "annual_return": np.expm1(
                (mean * risk - 0.5 * deviation**2 * risk**2) * periods_per_year
            ),
            "win_rate": won / np.where(count > 0.0, count, math.nan),
            "profit_factor": gained / np.where(lost > 0.0, lost, math.nan),
            "mean_trade": earned / np.where(count > 0.0, count, math.nan),
        }


def book_figures(
    gain: Float64Array,
    trades: tuple[Float64Array, Float64Array, Int64Array],
    unit: float,
    periods_per_year: float,
    blocks: TimeBlocks,
) -> dict[str, Interval]:
    """Figures of a book by name; NaN where undefined, such as a ratio without any loss.

    Parameters
    ----------
    gain : float64 [T]
        Of each bar, cash counted as 0.
    trades : (net_return, profit, period) each [m]
        ``period`` says in which bar each was decided.
    unit : float
        Volatility a bar by which returns and falls are scaled to 10 % a year.
    """
    path = equity_of(gain, unit, periods_per_year)
    moves = unit > _STILL and float(np.std(gain)) > _STILL
    values = dict.fromkeys(BOOK_FIGURES, math.nan)
    years = len(gain) / periods_per_year
    if moves:
        deviation = float(np.std(gain, ddof=1))
        downside = float(np.sqrt(np.mean(np.minimum(gain, 0.0) ** 2)))
        root = math.sqrt(periods_per_year)
        values["sharpe"] = float(gain.mean()) / deviation * root
        values["sortino"] = float(gain.mean()) / downside * root if downside > 0.0 else math.nan
        values["total_return"] = float(path[-1]) - 1.0
        values["annual_return"] = float(path[-1]) ** (1.0 / years) - 1.0
        values["max_drawdown"] = float(drawdowns(path).max())
    net, profit, _ = trades
    if len(net):
        lost = -float(profit[profit < 0.0].sum())
        values["win_rate"] = float((net > 0.0).mean())
        values["profit_factor"] = float(profit[profit > 0.0].sum()) / lost if lost else math.nan
        values["mean_trade"] = float(net.mean())
    drawn = dict(resample_book(gain, trades, unit, periods_per_year, blocks))
    drawn["max_drawdown"] = _resampled_falls(gain, unit, periods_per_year, blocks)
    unknown = np.full(1, math.nan)
    return {n: interval_of(values[n], drawn.get(n, unknown)) for n in BOOK_FIGURES}


def _resampled_falls(
    gain: Float64Array, unit: float, periods_per_year: float, blocks: TimeBlocks
) -> Float64Array:
    """Worst fall of paths put together from blocks drawn anew, ``[paths]``."""
    if not blocks.enough(np.arange(len(gain))):
        return np.full(1, math.nan)
    rng = np.random.default_rng(blocks.seed + 1)
    padded = np.zeros(blocks.count * blocks.length)
    padded[: len(gain)] = gain
    parts = padded.reshape(blocks.count, blocks.length)
    falls = np.empty(_DRAWN_PATHS)
    for i in range(_DRAWN_PATHS):
        path = parts[rng.integers(0, blocks.count, blocks.count)].ravel()
        falls[i] = drawdowns(np.maximum(equity_of(path, unit, periods_per_year), 1e-300)).max()
    return falls
