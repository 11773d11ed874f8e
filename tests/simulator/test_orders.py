"""Trades: the same as their labels, accounts that add up, costs, borrowing, excursions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.fills import EXIT_NONE, EXIT_STOP, EXIT_TARGET, EXIT_TIME, Costs
from edgekeeper.labels import NEVER, TripleBarrier
from edgekeeper.simulator import EXIT_OPPOSITE, FILL_ENTRY
from edgekeeper.types import SIDES

CLOSE = {"rtol": 1e-10, "atol": 1e-13}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    horizon=st.integers(1, 8),
    target=st.sampled_from([0.3, 1.0, 20.0]),
    stop=st.sampled_from([0.3, 1.0, 20.0]),
    side_bps=st.sampled_from([0.0, 5.0, 300.0]),
    borrow_bps=st.sampled_from([0.0, 2000.0]),
    virtual=st.booleans(),
)
def test_a_single_trade_ends_as_its_label_says(
    sim, seed, horizon, target, stop, side_bps, borrow_bps, virtual
):
    bars = sim.random_market(seed, symbols=2, instants=14, sigma=0.03, missing=0.1)
    rng = np.random.default_rng(seed)
    volatility = np.where(rng.random(len(bars)) < 0.1, np.nan, rng.uniform(0.005, 0.05, len(bars)))
    labels = TripleBarrier(
        horizon, target, stop, Costs(side_bps, 0, 0, min(borrow_bps, 1000.0))
    ).label(bars, volatility)
    config = sim.config(
        labels={"horizon_bars": horizon, "target": target, "stop": stop},
        costs={"fee_bps": side_bps, "borrow_bps_year": min(borrow_bps, 1000.0)},
    )
    for row in range(len(bars)):
        for side in range(len(SIDES)):
            rule = np.zeros(len(bars), np.int8)
            rule[row] = 1 - 2 * side
            run = sim.run(
                bars,
                rule,
                volatility=volatility,
                settings=config,
                virtual=virtual,
                periods_per_year=bars.periods_per_year,
            )
            trades = run.trades
            if labels.exit_reason[row, side] == EXIT_NONE:
                assert trades.count == 0
                continue
            assert trades.count == 1
            assert trades.reason[0] == labels.exit_reason[row, side]
            assert trades.bars_held[0] == labels.bars_held[row, side]
            assert trades.decided_at[0] == labels.start_time[row]
            assert trades.entered_at[0] == labels.entry_time[row]
            assert trades.exited_at[0] == labels.known_time[row, side] < NEVER
            for mine, theirs in (
                (trades.net_return, labels.net_return),
                (trades.gross_return, labels.gross_return),
                (trades.favourable, labels.mfe),
                (trades.adverse, labels.mae),
            ):
                np.testing.assert_allclose(mine[0], theirs[row, side], **CLOSE)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), virtual=st.booleans(), model=st.booleans())
def test_the_books_add_up(sim, seed, virtual, model):
    """Equity is the start, plus closed profits, plus open ones; cash is the sum of its flows."""
    bars = sim.random_market(seed, symbols=3)
    rng = np.random.default_rng(seed)
    config = sim.config(
        costs={"fee_bps": 7, "borrow_bps_year": 900}, labels={"horizon_bars": 4},
        guards={"rearm_after_bars": 2, "loss_streak": 3},
    )  # fmt: skip
    run = sim.run(
        bars, rng.integers(-1, 2, len(bars)), sim.random_forecasts(seed, len(bars), 0.01),
        settings=config, model=model, virtual=virtual,
    )  # fmt: skip
    start = 0.0 if virtual else 100_000.0
    positions, account, fills, trades = (
        run.book.state.positions, run.book.account, run.fills, run.trades,
    )  # fmt: skip
    held = positions[positions["quantity"] != 0]
    value = held["quantity"] * held["last_price"]
    entry_value = held["quantity"] * held["entry_price"]
    open_profit = value - entry_value - 7e-4 * np.abs(entry_value) - held["borrow_paid"]
    scale = {"abs": 1e-9 * max(1.0, np.abs(fills.quantity * fills.price).sum())}
    assert account.equity == pytest.approx(start + trades.profit.sum() + open_profit.sum(), **scale)
    assert account.gross == pytest.approx(np.abs(value).sum(), **scale)
    assert account.net == pytest.approx(value.sum(), **scale)
    assert account.open_count == len(held)
    borrow = account.costs_paid - fills.cost.sum()
    assert borrow >= -scale["abs"]
    flows = -(fills.quantity * fills.price + fills.cost).sum()
    assert account.cash == pytest.approx(start + flows - borrow, **scale)
    entry_costs = 7e-4 * np.abs(entry_value).sum() + held["borrow_paid"].sum()
    assert account.costs_paid == pytest.approx(trades.costs.sum() + entry_costs, **scale)
    np.testing.assert_allclose(
        trades.profit, trades.net_return * np.abs(trades.quantity) * trades.entry_price, rtol=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_models_result_is_its_own_trades_and_no_others(sim, seed):
    """Rules and model take turns; the model's return adds up to its trades, closed and open."""
    bars = sim.random_market(seed, symbols=3, missing=0.1)
    rng = np.random.default_rng(seed)
    config = sim.config(
        costs={"fee_bps": 5, "borrow_bps_year": 900},
        labels={"horizon_bars": 6},
        guards={"rearm_after_bars": 3},
    )
    forecasts = sim.random_forecasts(seed, len(bars), broken=0.02)
    rule, volatility = rng.integers(-1, 2, len(bars)), np.full(len(bars), 0.03)
    gained, seen, profit = 0.0, 0.0, 0.0
    sources = set()
    steps = sim.bar_by_bar(bars, rule, forecasts, config, volatility)
    for log, (_, before), state in steps:
        positions, after = state
        gained += (after["model_return"] - seen) * before["equity"]
        seen = after["model_return"]
        for trade in log.trade_records[: log.counts[0]]:
            sources.add(int(trade["source"]))
            profit += trade["profit"] if trade["source"] else 0.0
    open_ = positions[(positions["quantity"] != 0) & (positions["source"] == 1)]
    entry_value = open_["quantity"] * open_["entry_price"]
    profit += (open_["quantity"] * open_["last_price"] - entry_value).sum()
    profit -= (5e-4 * np.abs(entry_value) + open_["borrow_paid"]).sum()
    assert gained == pytest.approx(profit, abs=1e-6)
    assert sources == {0, 1}


def test_costs_at_twice_the_rate_cost_twice(sim):
    bars = sim.random_market(3)
    rule = np.random.default_rng(3).integers(-1, 2, len(bars))
    config = sim.config(costs={"fee_bps": 5, "half_spread_bps": 3, "borrow_bps_year": 800})
    free, once, twice = (
        sim.run(bars, rule, settings=config, virtual=True, cost_multiple=k) for k in (0, 1, 2)
    )
    assert once.trades.count == twice.trades.count > 5
    np.testing.assert_allclose(
        free.log.equity[:, 0] - twice.log.equity[:, 0],
        2 * (free.log.equity[:, 0] - once.log.equity[:, 0]),
        atol=1e-9,
    )
    assert (once.log.equity[5:, 0] < free.log.equity[5:, 0]).all()


def test_only_shorts_borrow_for_each_bar_of_theirs(sim):
    bars = sim.bars_of([(100, 100, 100, 100)] * 6)
    config = sim.config(costs={"borrow_bps_year": 252.0}, labels={"horizon_bars": 3})
    short = sim.run(bars, [-1, 0, 0, 0, 0, 0], settings=config, virtual=True)
    long = sim.run(bars, [1, 0, 0, 0, 0, 0], settings=config, virtual=True)
    per_bar = 1e-4 / 0.02
    np.testing.assert_allclose(
        short.log.equity[:, 0], -per_bar * np.array([0, 1, 2, 3, 3, 3]), atol=1e-12
    )
    assert short.trades.net_return[0] == pytest.approx(-3e-4)
    assert long.trades.net_return[0] == 0.0


# Entry at 100, stop 95, target 105 (volatility 0.05, horizon 1 or more bars as needed).
@pytest.mark.parametrize(
    ("bar", "reason", "price"),
    [
        ((100, 104, 96, 101), EXIT_TIME, 101.0),
        ((100, 106, 96, 101), EXIT_TARGET, 105.0),
        ((100, 104, 94, 101), EXIT_STOP, 95.0),
        ((100, 106, 94, 101), EXIT_STOP, 95.0),  # touched both: the stop
        ((90, 106, 89, 101), EXIT_STOP, 90.0),  # gapped through the stop
        ((107, 108, 94, 101), EXIT_TARGET, 107.0),
    ],
)
def test_a_long_leaves_by_its_bracket(sim, bar, reason, price):
    bars = sim.bars_of([(100, 100, 100, 100), bar, (100, 100, 100, 100)])
    config = sim.config(labels={"horizon_bars": 1})
    run = sim.run(bars, [1, 0, 0], volatility=0.05, settings=config)
    assert (run.trades.reason[0], run.trades.exit_price[0]) == (reason, pytest.approx(price))
    assert run.fills.kind.tolist() == [FILL_ENTRY, reason]


def test_excursions_of_an_opposite_exit_include_its_open(sim):
    bars = sim.bars_of([(100, 100, 100, 100), (100, 102, 99, 101), (110, 111, 109, 110)])
    run = sim.run(bars, [1, -1, 0], volatility=1.0)
    assert run.trades.reason.tolist() == [EXIT_OPPOSITE]
    assert run.trades.favourable[0] == pytest.approx(0.10)
    assert run.trades.adverse[0] == pytest.approx(-0.01)


def test_cash_freed_inside_a_bar_does_not_pay_for_its_open(sim):
    """A leaves at its target in the bar at whose open B enters: B's room is what was free then."""
    rows = np.array([[100.0, 100.0], [100.0, 100.0], [100.0, 100.0], [150.0, 100.0]])
    bars = sim.panel(rows)
    rule = np.zeros(len(bars), np.int8)
    rule[0], rule[5] = 1, 1
    config = sim.config(limits={"max_position": 0.8, "max_risk": 1.0, "max_gross": 2.0})
    run = sim.run(bars, rule, volatility=0.05, settings=config)
    value = np.abs(run.fills.quantity * run.fills.price)
    assert run.fills.symbol.tolist()[:2] == [0, 1]
    assert value[:2] == pytest.approx([80_000.0, 20_000.0])
    assert run.trades.symbol.tolist() == [0]
