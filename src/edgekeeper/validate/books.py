"""The virtual books of a case: the forecasts', and those they have to be compared with.

All are the simulator's step over the judged bars, each position sized to the same predicted
volatility, without limits and guards, every bar marked to market. Cash is a bar that earned 0.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekeeper.config import Config
from edgekeeper.rollout import BookBars, LineEvidence, MarketRisk
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.stats.wealth import wealth_of
from edgekeeper.types import Float64Array, Forecasts, Int64Array
from edgekeeper.validate.case import Case

__all__ = ["BookRun", "Who", "buy_and_hold_gains", "decided_rows", "evidence_of", "run_book"]

Who = Literal["forecasts", "rules", "always_take"]


@dataclass(frozen=True, slots=True)
class BookRun:
    """One book over the judged bars.

    Attributes
    ----------
    gain : float64 [T]
        Net gain of each bar, in units of volatility.
    held, opened : float64 [T, S]
        Value of positions carried into each bar, and after its open.
    net_return, profit : float64 [m]
        Of each closed trade: on its stake, and in units of volatility.
    decided_ns : int64 [m]
    symbol, side : int64 [m]
        Indices into the bars' symbols and into ``SIDES``.
    """

    gain: Float64Array
    held: Float64Array
    opened: Float64Array
    net_return: Float64Array
    profit: Float64Array
    decided_ns: Int64Array
    symbol: Int64Array
    side: Int64Array


def run_book(case: Case, config: Config, who: Who, *, cost_multiple: float = 1.0) -> BookRun:
    """Trade the judged bars in a virtual book."""
    bars = case.bars
    feed = _feed(case, config)
    parameters = book_parameters(
        config.model_copy(update={"fallback": "rules"}),
        periods_per_year=bars.periods_per_year,
        virtual=True,
        cost_multiple=cost_multiple,
    )
    book = Book(parameters, len(bars.symbols))
    chosen = None
    if who != "rules":
        book.use_model(True)
        every = case.forecasts if who == "forecasts" else _taking_all(case)
        chosen = _rows_of(every, case.rows)
    log = book.step(feed.chunk(case.first, len(bars.instants), chosen))
    count = int(log.counts[0])
    trades, keys = log.trades[:count], log.trade_keys[:count]
    return BookRun(
        gain=np.diff(log.equity[:, 0], prepend=0.0),
        held=log.held,
        opened=log.opened,
        net_return=trades[:, 4].copy(),
        profit=trades[:, 5].copy(),
        decided_ns=keys[:, 1].copy(),
        symbol=keys[:, 0].copy(),
        side=(trades[:, 0] < 0.0).astype(np.int64),
    )


def _feed(case: Case, config: Config) -> MarketFeed:
    age = int(config.guards.max_age_seconds * 1e9)
    return MarketFeed(case.bars, case.volatility, case.rules, max_age_ns=age)


def _rows_of(forecasts: Forecasts, rows: Int64Array) -> Forecasts:
    return Forecasts(*(getattr(forecasts, name)[rows] for name in Forecasts.__dataclass_fields__))


def _taking_all(case: Case) -> Forecasts:
    """Certainty wherever there was a forecast: every signal is taken, a bar's long side first."""
    forecast = np.isfinite(case.probability)
    none = ~forecast.any(axis=1)
    sure = forecast.astype(np.float64)
    expected = np.where(forecast, 1.0, -1.0)
    sure[none], expected[none] = math.nan, math.nan
    return Forecasts(
        probability=sure,
        expected_return=expected,
        lower=expected,
        upper=expected,
        risk=1.0 - sure,
        bars_held=np.ones_like(sure),
        novelty=np.where(none, math.nan, 0.0),
    )


def decided_rows(case: Case, run: BookRun) -> Int64Array:
    """Row of the bar that each trade was decided on, ``[m]``."""
    span = len(case.bars.symbols)
    instant = np.searchsorted(case.bars.instants, run.decided_ns) - case.first
    key = case.instant * span + case.bars.symbol
    return np.searchsorted(key, instant * span + run.symbol)


def returns_by_symbol(case: Case) -> Float64Array:
    """Close-to-close returns of all instants, NaN where a symbol has no bar, ``[T, S]``."""
    bars = case.bars
    close = bars.adjusted("close")
    returns = np.full((len(bars.instants), len(bars.symbols)), math.nan)
    order, instant = bars.by_symbol, case.instant + case.first
    change = close[order[1:]] / close[order[:-1]] - 1.0
    same = bars.symbol[order[1:]] == bars.symbol[order[:-1]]
    rows = order[1:][same]
    returns[instant[rows], bars.symbol[rows]] = change[same]
    return returns


def buy_and_hold_gains(case: Case) -> Float64Array:
    """Mean return of all symbols with a bar, at each judged instant; no costs, ``[T]``."""
    returns = returns_by_symbol(case)[case.first :]
    known = np.isfinite(returns)
    total = np.where(known, returns, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1), dtype=np.float64)


def evidence_of(case: Case, mine: BookRun, rules: BookRun, config: Config) -> dict[str, float]:
    """Wealth of the bets against cash, own average exposure and the rules, from 1 at the start."""
    symbols = len(case.bars.symbols)
    evidence = LineEvidence(symbols, config.evidence)
    returns = returns_by_symbol(case)
    covariance = MarketRisk(symbols, config.evidence.covariance_span).update(returns)
    evidence.update(
        BookBars(mine.gain, mine.held, mine.opened),
        BookBars(rules.gain, rules.held, rules.opened),
        returns[case.first :],
        covariance[case.first :],
    )
    return {name: wealth_of(bet.log_wealth) for name, bet in evidence.bets.items()}
