"""One account over consecutive bars: what it earned, what it paid, how much it could bear."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.report.backtest_story import Impact, Stretch
from edgekeeper.report.curves import worst_drawdowns
from edgekeeper.simulator import Book, Log, MarketFeed, book_parameters
from edgekeeper.stats.performance import measure, monthly_returns
from edgekeeper.types import Float64Array, Forecasts, Int64Array
from edgekeeper.workbench.activity import activity_of, costs_of, stops_of
from edgekeeper.workbench.impact import ImpactRule, capacity

__all__ = ["History", "account_over"]


@dataclass(frozen=True, slots=True)
class History:
    """Bars, what a fixed model says of each, and the account's terms.

    Attributes
    ----------
    bars : Bars
    feed : MarketFeed
        Of all bars.
    forecasts : Forecasts [N]
    config : Config
    """

    bars: Bars
    feed: MarketFeed
    forecasts: Forecasts
    config: Config

    def of_rows(self, first: int, last: int) -> Forecasts:
        """Forecasts of the rows of instants ``first:last``."""
        rows = slice(int(self.feed.offsets[first]), int(self.feed.offsets[last]))
        names = Forecasts.__dataclass_fields__
        return Forecasts(*(getattr(self.forecasts, name)[rows] for name in names))

    def trade(
        self, first: int, last: int, *, config: Config | None = None, multiple: float = 1.0,
        model: bool = True,
    ) -> tuple[Log, Book]:  # fmt: skip
        """Trade instants ``first:last`` with a fresh account; nothing beyond them is read."""
        config = config or self.config
        parameters = book_parameters(
            config,
            periods_per_year=self.bars.periods_per_year,
            virtual=False,
            cost_multiple=multiple,
        )
        book = Book(parameters, len(self.bars.symbols), config.cash)
        forecasts = None
        if model:
            book.use_model(True)
            forecasts = self.of_rows(first, last)
        return book.step(self.feed.chunk(first, last, forecasts)), book


def account_over(history: History, first: int, last: int, rule: ImpactRule) -> Stretch:
    """Trade instants ``first:last``, at once and twice the costs and by the rules alone."""
    config, bars = history.config, history.bars
    log, book = history.trade(first, last)
    twice = history.trade(first, last, multiple=2.0)[0]
    rules = history.trade(first, last, model=False)[0]
    paid = _Paid.by(log, history, first, last, rule)
    paid_twice = _Paid.by(twice, history, first, last, rule)
    equity = {
        "model": log.equity[:, 0],
        "with_impact": _less(log.equity[:, 0], paid.money, config.cash, 1.0),
        "double_cost": _less(twice.equity[:, 0], paid_twice.money, config.cash, 2.0),
        "rules": rules.equity[:, 0],
    }
    rows = slice(int(history.feed.offsets[first]), int(history.feed.offsets[last]))
    gaps, beyond = stops_of(log, bars.symbol[rows], bars.event_time[rows])
    time_ns = history.feed.instants[first:last]
    return Stretch(
        time_ns=time_ns,
        equity=equity,
        exposure=np.divide(
            log.equity[:, 2], log.equity[:, 0], out=np.zeros(len(time_ns)),
            where=log.equity[:, 0] > 0.0,
        ),
        books={
            name: measure(np.concatenate(([config.cash], curve)), bars.periods_per_year)
            for name, curve in equity.items()
        },
        costs=costs_of(
            log, float(book.account.costs_paid), float(paid.money.sum()), beyond, config.costs
        ),
        gaps=gaps,
        activity=activity_of(log, bars.periods_per_year),
        impact=_impact(paid, equity["model"], config.cash, rule),
        monthly=monthly_returns(time_ns, equity["model"]),
        drawdowns=tuple(worst_drawdowns(time_ns, equity["model"])),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Paid:
    """Impact of an account's fills: ``money`` by instant, ``share`` and ``value`` by fill."""

    money: Float64Array
    share: Float64Array
    fraction: Float64Array
    value: Float64Array

    @classmethod
    def by(cls, log: Log, history: History, first: int, last: int, rule: ImpactRule) -> "_Paid":
        fills = log.fill_records[: log.counts[2]]
        instant = np.searchsorted(history.feed.instants[first:last], fills["time"])
        row = _rows(history.bars, first + instant, fills["symbol"])
        volume = history.bars.adjusted("volume")[row]
        share = np.abs(fills["quantity"]) / np.where(volume > 0.0, volume, np.nan)
        fraction = rule.of(share, history.feed.volatility[row])
        value = np.abs(fills["quantity"] * fills["price"])
        taken = np.nan_to_num(value * fraction)
        money = np.bincount(instant, taken, minlength=last - first).astype(np.float64)
        return cls(money, share, fraction, value)


def _rows(bars: Bars, instant: Int64Array, symbol: Int64Array) -> Int64Array:
    """Row of the bar of a symbol at an instant that has one."""
    many = len(bars.symbols)
    of_row = np.repeat(np.arange(len(bars.instants)), np.diff(bars.instant_offsets))
    keys = of_row * many + bars.symbol
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[np.searchsorted(keys[order], instant * many + symbol)], dtype=np.int64)


def _less(equity: Float64Array, money: Float64Array, cash: float, multiple: float) -> Float64Array:
    """Equity with impact taken from each bar's return; what is lost is lost, down to nothing."""
    before = np.concatenate(([cash], equity[:-1]))
    alive = before > 0.0
    growth = np.divide(equity - multiple * money, before, out=np.zeros(len(equity)), where=alive)
    return np.asarray(cash * np.cumprod(np.maximum(growth, 0.0)), dtype=np.float64)


def _impact(paid: _Paid, equity: Float64Array, cash: float, rule: ImpactRule) -> Impact:
    known = np.isfinite(paid.fraction)
    before = np.concatenate(([cash], equity[:-1]))
    alive = before > 0.0
    gain = float(np.mean(np.diff(equity, prepend=cash)[alive] / before[alive]))
    taken = float(np.mean(paid.money[alive] / before[alive]))
    share = paid.share[known]
    largest = float(share.max()) if len(share) else np.nan
    bears, bound = capacity(cash, gain, taken, largest, rule)
    value = float(paid.value[known].sum())
    return Impact(
        rule=str(rule),
        fills=len(known),
        without_volume=int((~known).sum()),
        median_participation=float(np.median(share)) if len(share) else np.nan,
        largest_participation=largest,
        mean_bps=1e4 * float(paid.money.sum()) / value if value > 0.0 else np.nan,
        capacity=bears,
        bound=bound,
    )
