"""Books: what they refuse, their state as bytes, and what a person may do."""

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.simulator import TRADE_COLUMNS, Book, BookState, book_parameters
from edgekeeper.simulator.step import advance
from edgekeeper.types import Forecasts


def parameters(sim, **more):
    return book_parameters(sim.config(), **{"periods_per_year": 252.0, "virtual": False, **more})


def test_parameters_carry_the_configuration(sim):
    config = sim.config(
        costs={"fee_bps": 1, "half_spread_bps": 2, "slippage_bps": 3, "borrow_bps_year": 252},
        limits={"max_positions": 7},
        guards={"loss_streak": 4, "latency_ms": 33.0},
        policy={"shorting": False, "take_above": 0.7},
        labels={"horizon_bars": 12, "target": 2.5},
        fallback="cash",
    )
    table = book_parameters(config, periods_per_year=252, virtual=True, cost_multiple=2)
    values = dict(zip(table.dtype.names, table[0].tolist(), strict=True))
    assert values["cost"] == pytest.approx(12e-4)
    assert values["borrow_per_bar"] == pytest.approx(2e-4)
    picked = ("max_positions", "loss_streak", "latency_ms", "shorting", "take_above", "horizon",
              "target_width", "fallback", "virtual", "has_model")  # fmt: skip
    assert [values[name] for name in picked] == [7, 4, 33.0, 0, 0.7, 12, 2.5, 0, 1, 0]


@pytest.mark.parametrize("periods", [0.0, -1.0, np.nan, np.inf])
def test_parameters_need_bars_in_a_year(sim, periods):
    with pytest.raises(UsageError, match="bars a year"):
        parameters(sim, periods_per_year=periods)


@pytest.mark.parametrize("multiple", [-1.0, np.nan, np.inf])
def test_parameters_need_a_cost_multiple(sim, multiple):
    with pytest.raises(UsageError, match="cost multiple"):
        parameters(sim, cost_multiple=multiple)


@pytest.mark.parametrize("cash", [0.0, -1.0, np.nan, np.inf])
def test_an_account_starts_with_cash(sim, cash):
    with pytest.raises(UsageError, match="start with cash"):
        Book(parameters(sim), 1, cash)
    assert Book(parameters(sim, virtual=True), 1).equity == 0.0


def test_symbols_and_parameters_are_checked(sim):
    with pytest.raises(UsageError, match="one symbol"):
        Book(parameters(sim), 0, 1.0)
    with pytest.raises(UsageError, match="book_parameters"):
        Book(np.zeros(25), 1, 1.0)
    with pytest.raises(UsageError, match="book_parameters"):
        Book(np.repeat(parameters(sim), 2), 1, 1.0)


@pytest.mark.parametrize("symbols", [1, 3])
def test_bars_of_another_market_are_refused(sim, symbols):
    """Compiled code checks no bounds: a foreign symbol would write outside the book."""
    feed = sim.feed(sim.panel(np.full((3, 2), 100.0)))
    with pytest.raises(BadData, match=f"market of {symbols} symbols, got one of 2"):
        Book(parameters(sim), symbols, 1.0).step(feed.chunk(0, 1))


def test_books_do_not_share_parameters(sim):
    table = parameters(sim)
    one, two = (Book(table, 1, 100.0) for _ in range(2))
    one.use_model(True)
    assert one.parameters["has_model"] == 1
    assert two.parameters["has_model"] == table["has_model"] == 0


def test_state_as_bytes(sim):
    state = sim.run(sim.random_market(2), 1).book.state
    again = BookState.from_bytes(state.to_bytes(), len(state.positions))
    assert again.to_bytes() == state.to_bytes()
    assert again.positions.flags.writeable
    assert not np.shares_memory(again.positions, state.positions)


@pytest.mark.parametrize("change", [lambda b: b"", lambda b: b[:-1], lambda b: b + b"\0"])
def test_bytes_of_another_state_are_refused(sim, change):
    data = BookState.start(2, 100.0).to_bytes()
    with pytest.raises(BadData, match=f"expected {len(data)} bytes"):
        BookState.from_bytes(change(data), 2)
    with pytest.raises(BadData, match="book of 3 symbols"):
        BookState.from_bytes(data, 3)


def test_a_new_champion_starts_with_a_clean_record(sim):
    bars = sim.panel(100 * 0.96 ** np.arange(8)[:, None])
    forecasts = sim.forecasts_of((0.9, 0.1), (0.02, -0.02), rows=8)
    config = sim.config(guards={"loss_streak": 2}, labels={"horizon_bars": 1})
    book = sim.run(bars, 0, forecasts, settings=config).book
    assert book.paused
    assert book.account.loss_streak == 2
    book.use_model(True)
    assert not book.paused
    assert (book.account.loss_streak, book.account.slow_count) == (0, 0)
    assert book.account.model_peak == book.account.model_return < 0


def test_a_predecessors_losses_are_not_the_new_champions(sim):
    bars = sim.panel(100 * 0.96 ** np.arange(6)[:, None])
    forecasts = sim.forecasts_of((0.9, 0.1), (0.02, -0.02), rows=6)
    feed = sim.feed(bars)
    config = sim.config(guards={"loss_streak": 1}, labels={"horizon_bars": 2, "stop": 20.0})
    book = sim.run(bars.rows(0, 2), 0, _first(forecasts, 2), settings=config).book
    assert book.account.open_count == 1
    book.use_model(False)
    log = book.step(feed.chunk(2, 3))  # the time barrier: a loss
    assert log.counts[0] == 1
    book.use_model(True)
    log = book.step(feed.chunk(3, 4, _first(forecasts, 1)))
    assert log.counts[1] == 0
    assert book.account.loss_streak == 0
    assert book.account.model_return == book.account.model_peak


def _first(forecasts, rows):
    return Forecasts(*(getattr(forecasts, name)[:rows] for name in Forecasts.__dataclass_fields__))


def test_logs_read_as_plain_columns(sim):
    run = sim.run(sim.random_market(4), 1, settings=sim.config(labels={"horizon_bars": 2}))
    log, trades, fills = run.log, run.trades, run.fills
    count = int(log.counts[0])
    assert count == trades.count > 5
    for column, name in enumerate(TRADE_COLUMNS):
        np.testing.assert_array_equal(log.trades[:count, column], getattr(trades, name))
    keys = (trades.symbol, trades.decided_at, trades.entered_at, trades.exited_at, trades.reason,
            trades.source, trades.bars_held)  # fmt: skip
    np.testing.assert_array_equal(log.trade_keys[:count], np.transpose(keys))
    count = int(log.counts[2])
    np.testing.assert_array_equal(
        log.fills[:count], np.transpose([fills.quantity, fills.price, fills.cost])
    )
    np.testing.assert_array_equal(
        log.fill_keys[:count],
        np.transpose([fills.symbol, fills.time, fills.kind, fills.decided_at]),
    )
    assert len(log.guards) == len(log.guard_values) == 2 * len(log.equity)


def test_one_compilation_serves_every_caller(sim):
    """A second type of arguments would compile for seconds, in the middle of a session."""
    bars = sim.random_market(5)
    compiled = len(advance.signatures)
    assert compiled >= 1
    forecasts = sim.random_forecasts(5, len(bars))
    read_only = sim.random_forecasts(5, len(bars))
    for values in (read_only.probability, read_only.expected_return, read_only.novelty):
        values.flags.writeable = False
    for given in (None, forecasts, read_only):
        sim.run(bars, 1, given, virtual=False, cuts=[1, 2], through_bytes=True)
        sim.run(bars.rows(0, 30), 1, model=True, virtual=True)
    assert len(advance.signatures) == compiled
