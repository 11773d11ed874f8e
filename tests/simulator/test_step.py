"""The step: independent of how a history is cut, in the right order inside a bar, ragged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.fills import EXIT_TIME
from edgekeeper.simulator import EXIT_OPPOSITE, REASONS
from edgekeeper.types import Forecasts

INSTANTS = 60
COLUMNS = ("decision", "direction", "reason", "source", "value", "stop", "target", "equity")


def lively(sim, seed, **more):
    """A market in which everything happens: two-sided signals, limits, pauses, costs, borrowing."""
    bars = sim.random_market(seed, symbols=4, instants=INSTANTS)
    rng = np.random.default_rng(seed + 1)
    volatility = np.where(rng.random(len(bars)) < 0.03, np.nan, 0.01 + 0.04 * rng.random(len(bars)))
    guards = {"loss_streak": 2, "rearm_after_bars": 4, "model_drawdown": 0.02, "daily_loss": 0.2}
    return {
        "bars": bars,
        "rule": rng.integers(-1, 2, len(bars)),
        "forecasts": sim.random_forecasts(seed + 2, len(bars), broken=0.01),
        "volatility": volatility,
        "latency_ms": rng.choice([10.0, 200.0], INSTANTS, p=[0.7, 0.3]),
        "settings": sim.config(
            labels={"horizon_bars": 5},
            costs={"fee_bps": 3, "borrow_bps_year": 500},
            limits={"max_positions": 2, "max_position": 0.4, "max_risk": 0.05, "max_gross": 0.7},
            guards=guards,
        ),
    } | more


def joined(run, name):
    return np.concatenate([getattr(log, name) for log in run.logs])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cuts=st.sets(st.integers(1, INSTANTS - 1)),
    through_bytes=st.booleans(),
    virtual=st.booleans(),
    model=st.booleans(),
)
def test_any_cut_gives_the_same_bits(sim, seed, cuts, through_bytes, virtual, model):
    args = lively(sim, seed, virtual=virtual, model=model)
    whole = sim.run(**args)
    parts = sim.run(**args, cuts=cuts, through_bytes=through_bytes)
    for name in (*COLUMNS, "held", "opened"):
        assert joined(parts, name).tobytes() == joined(whole, name).tobytes(), name
    for kind in ("trade_records", "fill_records"):
        counted = "trades" if kind == "trade_records" else "fills"
        rows = [getattr(log, kind)[: log.tally[counted][0]] for log in parts.logs]
        expected = getattr(whole.log, kind)[: whole.log.tally[counted][0]]
        assert np.concatenate(rows).tobytes() == expected.tobytes()
    edges = sorted({0, *cuts})
    events = [
        (edge + instant, *rest)
        for edge, log in zip(edges, parts.logs, strict=True)
        for instant, *rest in log.guard_records[: log.counts[1]].tolist()
    ]
    assert repr(events) == repr([tuple(event) for event in whole.guards])
    assert parts.book.state.to_bytes() == whole.book.state.to_bytes()


def test_one_bar_at_a_time_equals_one_chunk(sim):
    for seed in range(5):
        args = lively(sim, seed)
        whole = sim.run(**args)
        live = sim.run(**args, cuts=range(INSTANTS), through_bytes=True)
        assert whole.trades.count > 5
        assert joined(live, "equity").tobytes() == whole.log.equity.tobytes()
        assert live.book.state.to_bytes() == whole.book.state.to_bytes()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), now=st.integers(1, INSTANTS - 1), virtual=st.booleans())
def test_the_future_changes_nothing_before_it(sim, seed, now, virtual):
    args = lively(sim, seed, virtual=virtual)
    bars, forecasts = args["bars"], args["forecasts"]
    rows = int(bars.instant_offsets[now])
    known = args | {
        "bars": bars.rows(0, rows),
        "rule": args["rule"][:rows],
        "volatility": args["volatility"][:rows],
        "latency_ms": args["latency_ms"][:now],
        "forecasts": Forecasts(
            *(getattr(forecasts, name)[:rows] for name in Forecasts.__dataclass_fields__)
        ),
    }
    past, whole = sim.run(**known), sim.run(**args)
    for name in ("decision", "direction", "reason", "source"):
        np.testing.assert_array_equal(getattr(past.log, name), getattr(whole.log, name)[:rows])
    assert past.log.equity.tobytes() == whole.log.equity[:now].tobytes()


def test_every_decision_has_a_reason_and_only_accepted_ones_a_size(sim):
    seen = set()
    for seed in range(20):
        log = sim.run(**lively(sim, seed)).log
        seen |= set(log.reason.tolist())
        taken = log.decision > 0
        assert (log.reason < len(REASONS)).all()
        np.testing.assert_array_equal(taken, log.reason == 0)
        assert (log.value[taken] > 0).all()
        assert np.isfinite(log.stop[taken]).all()
        assert (log.value[~taken] == 0).all()
    assert len(seen) > 8


def test_decided_at_the_close_filled_at_the_next_open(sim):
    bars = sim.bars_of([(100, 101, 99, 100), (102, 103, 101, 102), (105, 106, 104, 105)])
    run = sim.run(bars, [1, 0, 0], volatility=1.0)
    assert run.log.decision.tolist() == [2, 0, 0]
    assert run.fills.time.tolist() == [bars.event_time[1]]
    assert run.fills.price.tolist() == [102.0]
    np.testing.assert_array_equal(run.log.equity[:, 2] > 0, [False, True, True])


def test_an_opposite_take_closes_first_at_the_same_open(sim):
    bars = sim.bars_of([(100, 101, 99, 100)] * 2 + [(98, 99, 97, 98)] * 2)
    run = sim.run(bars, [1, -1, 0, 0], volatility=1.0)
    assert run.trades.reason.tolist() == [EXIT_OPPOSITE]
    assert run.trades.exit_price.tolist() == [98.0]
    assert run.fills.time.tolist() == bars.event_time[[1, 2, 2]].tolist()
    assert np.sign(run.fills.quantity).tolist() == [1, -1, -1]
    assert run.book.state.positions["quantity"][0] < 0


def test_a_second_signal_of_the_same_side_is_skipped_with_its_reason(sim):
    bars = sim.bars_of([(100, 101, 99, 100)] * 4)
    run = sim.run(bars, [1, 1, 1, 0], volatility=1.0)
    open_ = REASONS.index("a position of this side is already open")
    assert run.log.reason.tolist()[1:3] == [open_, open_]
    assert run.fills.count == 1


def test_an_order_waits_for_its_symbols_next_bar(sim):
    present = [[True, True], [False, True], [False, True], [True, True]]
    bars = sim.panel([[100, 50], [101, 51], [102, 52], [103, 53]], present=present)
    run = sim.run(bars, [1, 0, 0, 0, 0, 0], volatility=1.0)
    assert run.fills.time.tolist() == [bars.instants[3]]
    assert run.fills.symbol.tolist() == [0]


def test_waiting_orders_count_against_the_limits_of_others(sim):
    """A's order waits while A has no bars; B may not take the only seat meanwhile."""
    present = [[True, True], [False, True], [False, True], [True, True]]
    bars = sim.panel([[100, 50], [100, 50], [100, 50], [100, 50]], present=present)
    rule = [1, 0, 1, 0, 0, 0]
    run = sim.run(bars, rule, volatility=1.0, settings=sim.config(limits={"max_positions": 1}))
    assert run.fills.symbol.tolist() == [0]
    assert REASONS[run.log.reason[2]] == "limit reached: number of positions"


def test_a_symbol_that_stops_trading_keeps_its_last_price(sim):
    present = [[True, True]] * 3 + [[False, True]] * 5
    bars = sim.panel(np.full((8, 2), 100.0) + np.arange(8)[:, None], present=present)
    rule = np.zeros(len(bars), np.int8)
    rule[0] = 1
    run = sim.run(bars, rule, volatility=1.0, settings=sim.config(labels={"horizon_bars": 3}))
    assert run.trades.count == 0
    position = run.book.state.positions[0]
    assert position["last_price"] == 102.0
    expected = run.book.account.cash + position["quantity"] * 102.0
    assert run.log.equity[-1, 0] == pytest.approx(expected)
    assert len(set(run.log.equity[2:, 0])) == 1


def test_the_time_barrier_counts_the_symbols_own_bars(sim):
    present = [[True, True], [True, True], [False, True], [True, True], [True, True]]
    bars = sim.panel(np.full((5, 2), 100.0), present=present)
    rule = np.zeros(len(bars), np.int8)
    rule[0] = 1
    run = sim.run(bars, rule, settings=sim.config(labels={"horizon_bars": 2}))
    assert run.trades.reason.tolist() == [EXIT_TIME]
    assert run.trades.bars_held.tolist() == [2]
    assert run.trades.exited_at.tolist() == [bars.instants[3]]


def test_stale_bars_are_not_traded_but_exits_go_on(sim):
    bars = sim.bars_of([(100, 101, 99, 100)] * 4)
    late = type(bars).from_arrays(
        symbol=["A"] * 4,
        event_time=bars.event_time,
        known_time=bars.event_time + np.array([1, 2, 2, 0]) * 10**9,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
    )
    run = sim.run(late, 1, settings=sim.config(labels={"horizon_bars": 1}))
    assert [REASONS[r] for r in run.log.reason] == [
        "accepted", "data too old", "data too old", "accepted",
    ]  # fmt: skip
    assert run.trades.count == 1
