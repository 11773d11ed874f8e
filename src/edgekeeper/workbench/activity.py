"""What an account did: how much it traded, how long it held, what it paid for that."""

import numpy as np

from edgekeeper.config import CostsConfig
from edgekeeper.fills import EXIT_STOP
from edgekeeper.report.backtest_story import Activity, CostsPaid, StopsGapped
from edgekeeper.simulator import Log
from edgekeeper.simulator.records import Records
from edgekeeper.types import Float64Array, Int32Array, Int64Array

__all__ = ["activity_of", "costs_of", "stops_of"]

_DAY_NS = 86_400 * 10**9


def activity_of(log: Log, periods_per_year: float) -> Activity:
    """Describe the trades and the exposure of an account over a whole history."""
    trades = log.trade_records[: log.counts[0]]
    fills = log.fill_records[: log.counts[2]]
    equity, gross, net = log.equity[:, 0], log.equity[:, 2], log.equity[:, 3]
    alive = equity > 0.0
    exposure = np.divide(gross, equity, out=np.zeros(len(equity)), where=alive)
    net_exposure = np.divide(net, equity, out=np.zeros(len(equity)), where=alive)
    profit = trades["profit"]
    lost = float(-profit[profit < 0.0].sum())
    value = float(np.abs(fills["quantity"] * fills["price"]).sum())
    years = len(equity) / periods_per_year
    held = trades["bars_held"].astype(np.float64)
    days = (trades["exited_at"] - trades["entered_at"]) / _DAY_NS
    some = len(trades) > 0
    return Activity(
        trades=len(trades),
        win_rate=float((profit > 0.0).mean()) if some else np.nan,
        profit_factor=float(profit[profit > 0.0].sum()) / lost if lost > 0.0 else np.nan,
        mean_exposure=float(exposure.mean()),
        max_exposure=float(exposure.max()),
        mean_net_exposure=float(net_exposure.mean()),
        time_in_market=float((gross > 0.0).mean()),
        turnover=value / float(equity.mean()) / years if equity.mean() > 0.0 else np.nan,
        mean_bars_held=float(held.mean()) if some else np.nan,
        median_bars_held=float(np.median(held)) if some else np.nan,
        median_days_held=float(np.median(days)) if some else np.nan,
    )


def costs_of(
    log: Log, all_paid: float, impact: float, gapped: float, costs: CostsConfig
) -> CostsPaid:
    """Split what an account paid, ``all_paid``, into its parts; what is no fill is borrowing."""
    fills = log.fill_records[: log.counts[2]]
    value = 1e-4 * float(np.abs(fills["quantity"] * fills["price"]).sum())
    return CostsPaid(
        fees=value * costs.fee_bps,
        half_spread=value * costs.half_spread_bps,
        slippage=value * costs.slippage_bps,
        borrow=max(0.0, all_paid - float(fills["cost"].sum())),
        impact=impact,
        gap_through=gapped,
    )


def stops_of(log: Log, symbol: Int32Array, time_ns: Int64Array) -> tuple[StopsGapped, float]:
    """Return stops and how they filled, and the money lost beyond them.

    ``symbol`` and ``time_ns`` are those of the rows the log is about: an order's stop is found
    again by who was decided on when.
    """
    trades = log.trade_records[: log.counts[0]]
    hit = trades[trades["reason"] == EXIT_STOP]
    orders = log.order_records[: log.tally["orders"][0]]
    if len(hit) == 0 or len(orders) == 0:
        return StopsGapped(len(hit), 0, 0.0), 0.0
    beyond = _beyond(hit, orders, symbol, time_ns)
    money = np.abs(hit["quantity"]) * beyond
    share = beyond / hit["entry_price"]
    return StopsGapped(len(hit), int((beyond > 0.0).sum()), float(share.max())), float(money.sum())


def _beyond(hit: Records, orders: Records, symbol: Int32Array, time_ns: Int64Array) -> Float64Array:
    """How far past its stop each trade was filled, in price."""
    rows = orders["row"]
    known = {
        (int(s), int(t)): float(stop)
        for s, t, stop in zip(symbol[rows], time_ns[rows], orders["stop"], strict=True)
    }
    stops = np.array(
        [known[int(s), int(t)] for s, t in zip(hit["symbol"], hit["decided_at"], strict=True)]
    )
    return np.maximum(np.sign(hit["quantity"]) * (stops - hit["exit_price"]), 0.0)
