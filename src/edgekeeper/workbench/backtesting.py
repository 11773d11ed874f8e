"""Trade one fixed package over history, under the account's limits, guards and costs."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import UsageError
from edgekeeper.registry import Package
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.stats.performance import Performance, measure
from edgekeeper.trade import rule_signals
from edgekeeper.types import Float64Array, Forecasts, Int64Array
from edgekeeper.workbench.forecasting import day_of, forecast_all

__all__ = ["BacktestResult", "backtest"]


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One fixed package on one account over all bars given.

    ``note`` says how many of the bars the package was fitted on: those flatter it.
    """

    time_ns: Int64Array
    equity: Float64Array
    performance: Performance
    double_cost: Performance
    rules: Performance
    trades: int
    note: str

    @property
    def figures(self) -> dict[str, Any]:
        """Flat figures for programs."""
        return {
            "equity_net": float(self.equity[-1]),
            "trades": self.trades,
            "note": self.note,
            **asdict(self.performance),
            "double_cost": asdict(self.double_cost),
            "rules": asdict(self.rules),
        }


def backtest(package: Package, bars: Any, config: Config | None = None) -> BacktestResult:
    """Trade one fixed package over history, under the account's limits, guards and costs.

    Raises
    ------
    UsageError
        The package was fitted for other brackets than the configuration's.
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    fitted_for = package.manifest.provenance.labels
    if fitted_for and dict(fitted_for) != config.labels.model_dump(mode="json"):
        raise UsageError(
            f"the package was fitted for brackets {dict(fitted_for)}, the configuration has "
            f"{config.labels.model_dump(mode='json')}: use the same [labels]"
        )
    volatility, forecasts = forecast_all(package, bars, config)
    feed = MarketFeed(
        bars,
        volatility,
        rule_signals(config.rules, bars),
        max_age_ns=int(config.guards.max_age_seconds * 1e9),
    )
    last = len(feed.instants)

    def account(multiple: float, forecasts: Forecasts | None) -> tuple[Float64Array, int]:
        parameters = book_parameters(
            config,
            periods_per_year=bars.periods_per_year,
            virtual=False,
            cost_multiple=multiple,
        )
        book = Book(parameters, len(bars.symbols), config.cash)
        if forecasts is not None:
            book.use_model(True)
        log = book.step(feed.chunk(0, last, forecasts))
        return log.equity[:, 0], int(log.counts[0])

    equity, trades = account(1.0, forecasts)
    window_ends = package.manifest.provenance.data.last
    seen = int((bars.event_time <= window_ends).sum())
    note = (
        "all bars came after the package was fitted"
        if seen == 0
        else f"{seen} of {len(bars)} bars lie inside or before the package's data window, which "
        f"ends {day_of(window_ends)}: what it earns there proves nothing"
    )

    def performance(curve: Float64Array) -> Performance:
        return measure(np.concatenate(([config.cash], curve)), bars.periods_per_year)

    return BacktestResult(
        time_ns=feed.instants,
        equity=equity,
        performance=performance(equity),
        double_cost=performance(account(2.0, forecasts)[0]),
        rules=performance(account(1.0, None)[0]),
        trades=trades,
        note=note,
    )
