"""Markets and a runner for the simulator's tests. All randomness is seeded."""

from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.simulator import Book, BookState, MarketFeed, book_parameters
from edgekeeper.types import Forecasts

DAY = 86_400 * 10**9


def config(**sections):
    """Configuration without costs and with guards out of the way, unless asked for."""
    defaults = {
        "costs": {"fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0},
        "guards": {
            "account_drawdown": 1.0,
            "daily_loss": 1.0,
            "loss_streak": 10**6,
            "model_drawdown": 1.0,
        },
    }
    merged = {k: {**defaults.get(k, {}), **v} for k, v in sections.items() if isinstance(v, dict)}
    plain = {k: v for k, v in sections.items() if not isinstance(v, dict)}
    return Config(**{**defaults, **merged, **plain})


def bars_of(rows, symbol="A", step=DAY):
    """One symbol from (open, high, low, close) rows, a day apart."""
    table = np.asarray(rows, dtype=float)
    return Bars.from_arrays(
        symbol=[symbol] * len(table),
        event_time=(1 + np.arange(len(table))) * step,
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
    )


def panel(closes, opens=None, present=None, step=DAY):
    """Symbols A, B, … from closes ``[T, S]``; bars as narrow as open and close allow."""
    closes = np.asarray(closes, dtype=float)
    opens = np.vstack([closes[:1], closes[:-1]]) if opens is None else np.asarray(opens, float)
    instants, symbols = closes.shape
    keep = np.ones(closes.shape, bool) if present is None else np.asarray(present, bool)
    names = np.broadcast_to([chr(65 + s) for s in range(symbols)], closes.shape)
    times = np.broadcast_to((1 + np.arange(instants)[:, None]) * step, closes.shape)
    return Bars.from_arrays(
        symbol=names[keep],
        event_time=times[keep],
        open=opens[keep],
        close=closes[keep],
        high=np.maximum(opens, closes)[keep],
        low=np.minimum(opens, closes)[keep],
    )


def random_market(seed, symbols=3, instants=60, sigma=0.03, missing=0.15, step=DAY // 4):
    """A ragged panel with gaps between bars and splits."""
    rng = np.random.default_rng(seed)
    shape = (instants, symbols)
    close = 50 * np.exp(np.cumsum(sigma * rng.standard_t(4, shape), axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(sigma / 2 * rng.standard_normal(shape))
    high = np.maximum(open_, close) * np.exp(rng.exponential(sigma / 2, shape))
    low = np.minimum(open_, close) * np.exp(-rng.exponential(sigma / 2, shape))
    splits = np.where(
        np.arange(instants)[:, None] >= rng.integers(instants, size=symbols), 2.0, 1.0
    )
    keep = rng.random(shape) >= missing
    keep[:, 0] |= ~keep.any(axis=1)
    names = np.broadcast_to([chr(65 + s) for s in range(symbols)], shape)
    times = np.broadcast_to((1 + np.arange(instants)[:, None]) * step, shape)
    return Bars.from_arrays(
        symbol=names[keep],
        event_time=times[keep],
        adjustment=splits[keep],
        **{
            name: (values / splits)[keep]
            for name, values in {"open": open_, "high": high, "low": low, "close": close}.items()
        },
    )


def forecasts_of(probability, expected, novelty=0.0, rows=None):
    """Forecasts from numbers or arrays; a pair is (long, short)."""
    probability, expected = np.asarray(probability, float), np.asarray(expected, float)
    rows = rows or max(len(np.atleast_2d(probability)), len(np.atleast_2d(expected)))
    empty = Forecasts.empty(rows)
    return Forecasts(
        probability=np.broadcast_to(probability, (rows, 2)).copy(),
        expected_return=np.broadcast_to(expected, (rows, 2)).copy(),
        lower=empty.lower,
        upper=empty.upper,
        risk=empty.risk,
        bars_held=empty.bars_held,
        novelty=np.broadcast_to(np.asarray(novelty, float), (rows,)).copy(),
    )


def random_forecasts(seed, rows, broken=0.0):
    """Numbers of a model that knows nothing; a share of them missing or impossible."""
    rng = np.random.default_rng(seed)
    forecasts = forecasts_of(
        rng.random((rows, 2)), 0.02 * rng.standard_normal((rows, 2)), rng.random(rows) * 0.7
    )
    for values in (forecasts.probability, forecasts.expected_return, forecasts.novelty):
        hit = rng.random(values.shape) < broken
        values[hit] = rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e300], hit.sum())
    return forecasts


@dataclass
class Run:
    """A finished run: the book, and the log of each chunk."""

    book: Book
    logs: list

    @property
    def log(self):
        assert len(self.logs) == 1
        return self.logs[0]

    @property
    def trades(self):
        """Closed trades as columns by name."""
        rows = np.concatenate([log.trade_records[: log.counts[0]] for log in self.logs])
        return SimpleNamespace(**{name: rows[name] for name in rows.dtype.names}, count=len(rows))

    @property
    def fills(self):
        """Fills as columns by name."""
        rows = np.concatenate([log.fill_records[: log.counts[2]] for log in self.logs])
        return SimpleNamespace(**{name: rows[name] for name in rows.dtype.names}, count=len(rows))

    @property
    def guards(self):
        """Guard events as (instant in its chunk, event, cause, figure)."""
        return [row for log in self.logs for row in log.guard_records[: log.counts[1]].tolist()]


def feed_of(bars, rule=0, volatility=0.02, **more):
    """A feed with one rule signal and volatility for all bars, or an array of them."""
    shape = (len(bars),)
    return MarketFeed(
        bars,
        np.broadcast_to(np.asarray(volatility, float), shape).copy(),
        np.broadcast_to(np.asarray(rule, np.int8), shape).copy(),
        **{"max_age_ns": 10**9, **more},
    )


def simulate(
    bars,
    rule=0,
    forecasts=None,
    *,
    settings=None,
    volatility=0.02,
    model=None,
    virtual=False,
    cash=100_000.0,
    latency_ms=None,
    cost_multiple=1.0,
    cuts=None,
    through_bytes=False,
    periods_per_year=252.0,
):
    """Run a book over bars, in one chunk or cut before the instants ``cuts``."""
    feed = feed_of(bars, rule, volatility, latency_ms=latency_ms)
    instants = len(feed.instants)
    parameters = book_parameters(
        settings or config(),
        periods_per_year=periods_per_year,
        virtual=virtual,
        cost_multiple=cost_multiple,
    )
    book = Book(parameters, len(bars.symbols), 0.0 if virtual else cash)
    if model is None:
        model = forecasts is not None
    book.use_model(model)
    edges = sorted({0, instants, *(cuts or ())})
    logs = []
    for first, last in pairwise(edges):
        rows = slice(feed.offsets[first], feed.offsets[last])
        part = None
        if forecasts is not None:
            part = Forecasts(
                *(getattr(forecasts, name)[rows] for name in Forecasts.__dataclass_fields__)
            )
        logs.append(book.step(feed.chunk(first, last, part)))
        if through_bytes:
            book.state = BookState.from_bytes(book.state.to_bytes(), book.symbols)
    return Run(book, logs)


def bar_by_bar(bars, rule, forecasts, settings, volatility):
    """Step a book a bar at a time; yields (log, state before, state after), as records."""
    feed = feed_of(bars, rule, volatility)
    parameters = book_parameters(settings, periods_per_year=252, virtual=False)
    book = Book(parameters, len(bars.symbols), 100_000.0)
    book.use_model(True)
    for now in range(len(feed.instants)):
        rows = slice(feed.offsets[now], feed.offsets[now + 1])
        part = Forecasts(
            *(getattr(forecasts, name)[rows] for name in Forecasts.__dataclass_fields__)
        )
        before = book.state.positions.copy(), book.state.account[0].copy()
        log = book.step(feed.chunk(now, now + 1, part))
        yield log, before, (book.state.positions, book.state.account[0])


@pytest.fixture(scope="session")
def sim():
    """Builders and the runner, in one name."""
    return SimpleNamespace(
        DAY=DAY,
        bar_by_bar=bar_by_bar,
        bars_of=bars_of,
        config=config,
        feed=feed_of,
        forecasts_of=forecasts_of,
        panel=panel,
        random_forecasts=random_forecasts,
        random_market=random_market,
        run=simulate,
    )
