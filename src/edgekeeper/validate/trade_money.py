"""What trades made, at a multiple of their costs, with intervals."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.market.trade_records import TradeRecord
from edgekeeper.stats.bootstrap import mean_interval
from edgekeeper.stats.sharpe import ReturnShape, return_shape, sharpe_variance
from edgekeeper.types import Float64Array
from edgekeeper.validate.trade_periods import Periods

__all__ = ["AtCosts", "at_costs", "capital_of", "per_trade", "profit_and_cost", "shape_of"]

_NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True)
class AtCosts:
    """What the trades made at a multiple of their costs; NaN where undefined.

    Attributes
    ----------
    total, cost : float
        In the record's currency.
    growth : float
        ``total`` over the capital.
    win_rate, profit_factor : float
    mean_return, mean_low, mean_high : float
        Of a trade on its stake (of its profit, where stakes are unknown), 95 % interval.
    sharpe, sharpe_low, sharpe_high : float
        Annual, 95 % interval.
    worst_fall : float
        Largest fall of the account from its high, as a fraction, from closed trades alone.
    without_best : float
        ``total`` without the best hundredth of the trades, at least one.
    """

    total: float
    cost: float
    growth: float
    win_rate: float
    profit_factor: float
    mean_return: float
    mean_low: float
    mean_high: float
    sharpe: float
    sharpe_low: float
    sharpe_high: float
    worst_fall: float
    without_best: float


def profit_and_cost(
    record: TradeRecord, cost_bps: float
) -> tuple[Float64Array, Float64Array, float]:
    """Return profit net of costs, costs (assumed where not recorded), and the share recorded."""
    profit, cost = record.numbers("profit"), record.numbers("cost")
    recorded = np.isfinite(cost)
    # Both sides; without a stake there is nothing to take a share of, and the cost stays unknown.
    cost = np.where(recorded, cost, 2.0 * cost_bps * 1e-4 * record.numbers("stake"))
    if not record.net:
        profit = profit - np.where(np.isfinite(cost), cost, 0.0)
    return profit, cost, float(recorded.mean())


def capital_of(record: TradeRecord, capital: float | None) -> float:
    """What growth is measured against: as told, as recorded, or the most at stake at once."""
    if capital is not None:
        return capital
    if math.isfinite(record.start_equity):
        return record.start_equity
    stake = record.numbers("stake")
    if not np.isfinite(stake).all():
        return math.nan
    # Exits before entries of the same instant: money that has come back can be used again.
    time = np.r_[record.times("exit_time"), record.times("entry_time")]
    change = np.r_[-stake, stake]
    order = np.lexsort((np.r_[np.zeros(len(stake)), np.ones(len(stake))], time))
    return max(float(np.cumsum(change[order]).max()), float(stake.max()))


def at_costs(
    profit: Float64Array,
    cost: Float64Array,
    stake: Float64Array,
    periods: Periods,
    returns: Float64Array,
    capital: float,
) -> AtCosts:
    """Measure net profits ``[n]``; all NaN where a cost is unknown."""
    if not np.isfinite(profit).all():
        return AtCosts(*[math.nan] * 13)
    lost = -float(profit[profit < 0.0].sum())
    gains = per_trade(profit, stake)
    low, high = (
        mean_interval(gains, block=periods.block) if len(profit) > 1 else (math.nan, math.nan)
    )
    ratio, shape = shape_of(returns)
    root = math.sqrt(periods.per_year)
    error = (
        math.sqrt(sharpe_variance(ratio, shape, periods.count))
        if math.isfinite(ratio)
        else math.nan
    )
    curve = np.cumsum(profit)
    high_water = np.maximum.accumulate(np.maximum(curve, 0.0))
    best = np.sort(profit)[-max(1, len(profit) // 100) :]
    return AtCosts(
        total=float(profit.sum()),
        cost=float(cost.sum()),
        growth=float(profit.sum()) / capital,
        win_rate=float((profit > 0.0).mean()),
        profit_factor=float(profit[profit > 0.0].sum()) / lost if lost > 0.0 else math.nan,
        mean_return=float(gains.mean()),
        mean_low=low,
        mean_high=high,
        sharpe=ratio * root,
        sharpe_low=(ratio - _NORMAL * error) * root,
        sharpe_high=(ratio + _NORMAL * error) * root,
        worst_fall=float(((high_water - curve) / (capital + high_water)).max()),
        without_best=float(profit.sum() - best.sum()),
    )


def per_trade(profit: Float64Array, stake: Float64Array) -> Float64Array:
    """Return of each trade on its stake, or its profit where stakes are unknown."""
    return profit / stake if np.isfinite(stake).all() else profit


def shape_of(returns: Float64Array) -> tuple[float, ReturnShape]:
    """Return ratio and shape; unknown where costs are."""
    return return_shape(returns) if np.isfinite(returns).all() else (math.nan, ReturnShape())
