"""The same decisions through backtesting.py and backtrader: the same trades, the same figures.

Both peers get only what was decided (bar, side, size, stop, target) and find their own fills. Where
their definitions differ from Edgekeeper's on purpose, ``docs/agreement.md`` says why.
"""

from typing import NamedTuple

import numpy as np
import pytest

from edgekeeper.config import RulesConfig
from edgekeeper.features import evaluate
from edgekeeper.market import load_bars
from edgekeeper.simulator import FILL_ENTRY
from edgekeeper.stats.performance import drawdowns, sharpe_ratio
from edgekeeper.trade import rule_signals
from edgekeeper.validate.trade_money import at_costs
from edgekeeper.validate.trade_periods import split_into_periods

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own

FEE = 5e-4
CASH = 100_000.0
HORIZON = 10_000  # neither peer has a time barrier
BRACKET = 3.0  # daily deviations
CLOSE = 1e-9
STRATEGIES = {
    "crossover": RulesConfig(
        entry_long="cross_over(ema(close, 9), ema(close, 21))",
        entry_short="cross_under(ema(close, 9), ema(close, 21))",
    ),
    "breakout": RulesConfig(
        entry_long="close > lag(max(high, 20), 1)", entry_short="close < lag(min(low, 20), 1)"
    ),
    "mean reversion": RulesConfig(
        entry_long="cross_over(rsi(close, 14), 30)", entry_short="cross_under(rsi(close, 14), 70)"
    ),
}


class Entry(NamedTuple):
    """What was decided at the close of a bar: signed quantity, stop and target."""

    quantity: float
    stop: float
    target: float


class Result(NamedTuple):
    """What came of it: closed trades by entry, and equity at each close."""

    quantity: np.ndarray
    entry_bar: np.ndarray
    exit_bar: np.ndarray
    entry_price: np.ndarray
    exit_price: np.ndarray
    profit: np.ndarray  # after the costs of both fills
    equity: np.ndarray
    stated: dict[str, float]  # figures the peer computes itself


class Case(NamedTuple):
    """A market, what was decided in it, and what Edgekeeper made of it."""

    prices: np.ndarray  # [T, 4]
    entries: dict[int, Entry]
    ours: Result


@pytest.fixture(scope="module", params=["AAPL", "IBM"])
def market(request):
    return load_bars("bundled", symbols=[request.param]).bars


@pytest.fixture(params=STRATEGIES)
def case(request, market, sim):
    settings = sim.config(
        costs={"fee_bps": FEE * 1e4, "half_spread_bps": 0, "slippage_bps": 0},
        labels={"horizon_bars": HORIZON},
    )
    deviation = BRACKET * evaluate("std(logret(close, 1), 60)", market) / HORIZON**0.5
    rules = rule_signals(STRATEGIES[request.param], market)
    run = sim.run(market, rules, settings=settings, volatility=deviation, cash=CASH)
    trades, fills, log = run.trades, run.fills, run.log
    assert trades.count > 40
    bar = lambda time: np.searchsorted(market.event_time, time)  # noqa: E731
    orders = {order["row"]: order for order in log.order_records[: log.tally[0]["orders"]]}
    entered = fills.kind == FILL_ENTRY
    entries = {
        int(row): Entry(float(quantity), float(orders[row]["stop"]), float(orders[row]["target"]))
        for row, quantity in zip(
            bar(fills.decided_at[entered]), fills.quantity[entered], strict=True
        )
    }
    ours = Result(
        trades.quantity,
        bar(trades.entered_at),
        bar(trades.exited_at),
        trades.entry_price,
        trades.exit_price,
        trades.profit,
        log.equity[:, 0],
        {},
    )
    prices = sim.feed(market).prices
    return Case(np.asarray(prices), entries, ours)


def in_order_of_entry(result):
    order = np.argsort(result.entry_bar, kind="stable")
    return Result(*(column[order] for column in result[:6]), *result[6:])


def through_backtesting(case):
    """backtesting.py trades whole units only: prices are cut so small that it does not matter."""
    pandas = pytest.importorskip("pandas")
    backtesting = pytest.importorskip("backtesting")
    small = 1e-9
    entries = case.entries

    class Decided(backtesting.Strategy):
        def init(self):
            pass

        def next(self):
            entry = entries.get(len(self.data) - 1)
            if entry is None:
                return
            self.position.close()
            order = self.buy if entry.quantity > 0 else self.sell
            size = round(abs(entry.quantity) / small)
            order(size=size, sl=entry.stop * small, tp=entry.target * small)

    frame = pandas.DataFrame(
        case.prices * small,
        columns=["Open", "High", "Low", "Close"],
        index=pandas.date_range("2000-01-01", periods=len(case.prices)),
    )
    test = backtesting.Backtest(frame, Decided, cash=CASH, commission=FEE, margin=0.5)
    stats = test.run()
    trades = stats["_trades"]
    column = lambda name: trades[name].to_numpy(dtype=float)  # noqa: E731
    return in_order_of_entry(
        Result(
            column("Size") * small,
            trades["EntryBar"].to_numpy(),
            trades["ExitBar"].to_numpy(),
            column("EntryPrice") / small,
            column("ExitPrice") / small,
            column("PnL"),
            stats["_equity_curve"]["Equity"].to_numpy(),
            {
                "win rate": stats["Win Rate [%]"] / 100,
                "profit factor": stats["Profit Factor"],
                "drawdown": -stats["Max. Drawdown [%]"] / 100,
                "total return": stats["Return [%]"] / 100,
            },
        )
    )


def through_backtrader(case):
    pandas = pytest.importorskip("pandas")
    backtrader = pytest.importorskip("backtrader")
    entries, equity, closed = case.entries, [], []

    class Decided(backtrader.Strategy):
        def __init__(self):
            self.bracket = []

        def next(self):
            equity.append(self.broker.getvalue())
            entry = entries.get(len(self) - 1)
            if entry is None:
                return
            if self.position:
                for order in self.bracket:
                    self.cancel(order)
                self.close()
            enter, leave = (self.buy, self.sell) if entry.quantity > 0 else (self.sell, self.buy)
            size = abs(entry.quantity)
            enter(size=size)
            # Its own bracket orders would sleep through the bar of the entry.
            stop = leave(size=size, exectype=backtrader.Order.Stop, price=entry.stop)
            target = leave(size=size, exectype=backtrader.Order.Limit, price=entry.target, oco=stop)
            self.bracket = [stop, target]

        def notify_trade(self, trade):
            if trade.isclosed:
                first, last = trade.history[0], trade.history[-1]
                closed.append(
                    (
                        first.event.size,
                        trade.baropen - 1,
                        trade.barclose - 1,
                        first.event.price,
                        last.event.price,
                        trade.pnlcomm,
                    )
                )

    frame = pandas.DataFrame(
        case.prices,
        columns=["open", "high", "low", "close"],
        index=pandas.date_range("2000-01-01", periods=len(case.prices)),
    )
    cerebro = backtrader.Cerebro(stdstats=False, tradehistory=True)
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame, volume=None, openinterest=None))
    cerebro.addstrategy(Decided)
    cerebro.addanalyzer(backtrader.analyzers.DrawDown, _name="drawdown")
    cerebro.addanalyzer(backtrader.analyzers.TradeAnalyzer, _name="trades")
    cerebro.addanalyzer(
        backtrader.analyzers.SharpeRatio,
        _name="sharpe",
        timeframe=backtrader.TimeFrame.Days,
        riskfreerate=0.0,
        stddev_sample=True,
        annualize=True,
        factor=252,
    )
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=FEE)
    cerebro.broker.set_shortcash(False)
    (ran,) = cerebro.run()
    analysis = ran.analyzers
    table = analysis.trades.get_analysis()
    return in_order_of_entry(
        Result(
            *np.array(closed).T,
            np.array(equity),
            {
                "win rate": table.won.total / table.total.closed,
                "profit factor": table.won.pnl.total / -table.lost.pnl.total,
                "drawdown": analysis.drawdown.get_analysis().max.drawdown / 100,
                "sharpe": analysis.sharpe.get_analysis()["sharperatio"],
            },
        )
    )


@pytest.mark.parametrize("peer", [through_backtesting, through_backtrader])
def test_the_same_decisions_end_in_the_same_trades(case, peer):
    ours, theirs = in_order_of_entry(case.ours), peer(case)
    assert np.array_equal(ours.entry_bar, theirs.entry_bar)
    assert np.array_equal(ours.exit_bar, theirs.exit_bar)
    for name in ("quantity", "entry_price", "exit_price"):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=CLOSE)
    np.testing.assert_allclose(theirs.profit, ours.profit, atol=CLOSE * CASH)
    np.testing.assert_allclose(theirs.equity, ours.equity, rtol=CLOSE)


@pytest.mark.parametrize("peer", [through_backtesting, through_backtrader])
def test_the_same_figures(case, peer):
    """Where a peer defines a figure otherwise, ours is computed their way from our own trades."""
    ours, stated = in_order_of_entry(case.ours), peer(case).stated
    curve = np.concatenate(([CASH], ours.equity))
    stake = np.abs(ours.quantity) * ours.entry_price
    money, returns = counted(ours.profit, case), counted(ours.profit / stake, case)
    # backtesting.py weighs every trade alike, whatever was at stake.
    profit_factor = {through_backtrader: money, through_backtesting: returns}[peer].profit_factor
    expected = {
        "win rate": money.win_rate,
        "profit factor": profit_factor,
        "drawdown": drawdowns(curve).max(),
        "total return": curve[-1] / CASH - 1.0,
        "sharpe": sharpe_ratio(np.diff(curve) / curve[:-1], 252.0),
    }
    assert stated == pytest.approx({name: expected[name] for name in stated}, rel=CLOSE)


def counted(profit, case):
    """What `edgekeeper check` makes of such trades."""
    day = 86_400 * 10**9
    periods = split_into_periods(case.ours.entry_bar * day, case.ours.exit_bar * day)
    nothing = np.zeros(len(profit))
    return at_costs(profit, nothing, nothing + 1.0, periods, nothing, CASH)
