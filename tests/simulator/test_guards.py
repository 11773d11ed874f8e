"""Pauses, re-arming and halts: when, why, and what they stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import Refused
from edgekeeper.fills import EXIT_STOP
from edgekeeper.simulator import (
    EXIT_FLATTENED,
    FILL_ENTRY,
    GUARD_CAUSES,
    GUARD_EVENTS,
    REASONS,
    Book,
    BookState,
    Standing,
)
from edgekeeper.types import Forecasts

PAUSE, REARM, HALT = (GUARD_EVENTS.index(name) for name in ("pause", "rearm", "halt"))
STREAK, MODEL_DRAWDOWN, LATENCY, MISSING, DRAWDOWN, DAY_LOSS, OPERATOR = range(7)
FROM_RULES, FROM_MODEL = 0, 1


def losing_market(sim, instants=40, symbols=1):
    """Each bar falls 4 %: with a horizon of one bar every long loses in the bar it is entered."""
    return sim.panel(np.repeat(100 * 0.96 ** np.arange(instants)[:, None], symbols, axis=1))


def eager(sim, rows, side=0):
    """A model that always wants one side."""
    probability, expected = np.full((rows, 2), 0.01), np.full((rows, 2), -0.01)
    probability[:, side], expected[:, side] = 0.99, 0.02
    return sim.forecasts_of(probability, expected)


def test_three_losses_in_a_row_pause_and_twenty_bars_rearm(sim):
    bars = losing_market(sim)
    config = sim.config(guards={"loss_streak": 3}, labels={"horizon_bars": 1})
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    # Entered at bars 1, 2, 3; the third loss is known at the close of bar 3.
    assert run.guards[:3] == [
        (3, PAUSE, STREAK, 3.0),
        (23, REARM, OPERATOR, 20.0),
        (26, PAUSE, STREAK, 3.0),
    ]
    assert run.log.source[:3].tolist() == [FROM_MODEL] * 3
    assert run.log.source[3:23].tolist() == [FROM_RULES] * 20
    assert run.log.source[23:26].tolist() == [FROM_MODEL] * 3
    assert run.book.paused
    assert GUARD_CAUSES[STREAK] == "losses in a row"


def test_a_pause_lasts_until_a_person_where_nobody_stands_in(sim):
    bars = losing_market(sim)
    config = sim.config(
        guards={"loss_streak": 2, "rearm_after_bars": 0}, labels={"horizon_bars": 1}
    )
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    assert [event[:3] for event in run.guards] == [(2, PAUSE, STREAK)]
    run.book.use_model(True)
    assert not run.book.paused


def test_losses_of_one_bar_count_once_over_all_symbols(sim):
    bars = losing_market(sim, instants=6, symbols=4)
    config = sim.config(guards={"loss_streak": 3}, labels={"horizon_bars": 1})
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    assert run.guards[0] == (3, PAUSE, STREAK, 3.0)
    assert (run.trades.exited_at == bars.instants[1]).sum() == 4


def test_a_win_ends_a_streak_and_a_bar_is_judged_by_its_sum(sim):
    """Bars 1, 2 lose; bar 3 wins more with A than B loses; then two more losses."""
    moves = np.full((8, 2), 0.96)
    moves[3, 0] = 1.2
    bars = sim.panel(100 * np.cumprod(moves, axis=0))
    config = sim.config(guards={"loss_streak": 3}, labels={"target": 5.0, "horizon_bars": 1})
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    assert run.guards[0] == (6, PAUSE, STREAK, 3.0)


def test_the_rules_losses_are_not_the_models(sim):
    bars = losing_market(sim)
    forecasts = eager(sim, len(bars))
    forecasts.expected_return[:] = -1.0
    config = sim.config(
        guards={"loss_streak": 1, "rearm_after_bars": 5, "latency_ms": 50},
        labels={"horizon_bars": 1},
    )
    latency = np.zeros(len(bars))
    latency[:3] = 99.0
    run = sim.run(bars, 1, forecasts, volatility=0.03, settings=config, latency_ms=latency)
    assert [event[:3] for event in run.guards] == [(2, PAUSE, LATENCY), (7, REARM, OPERATOR)]
    assert run.trades.count == 5
    assert run.book.account.model_return == 0.0


@pytest.mark.parametrize("slow", [101.0, np.inf, np.nan])
def test_latency_pauses_when_too_high_three_times_running(sim, slow):
    bars = sim.panel(np.full((10, 1), 100.0))
    latency = np.array([slow, slow, 100.0, slow, 1.0, slow, slow, slow, slow, 1.0])
    run = sim.run(
        bars, 0, sim.forecasts_of(0.5, -0.1, rows=10), settings=sim.config(), latency_ms=latency
    )
    assert [event[:3] for event in run.guards] == [(7, PAUSE, LATENCY)]
    np.testing.assert_equal(run.guards[0][3], slow)


NO_NUMBERS = [
    *(
        (field, n)
        for field in ("probability", "expected_return")
        for n in (np.nan, np.inf, -np.inf)
    ),
    ("novelty", np.nan),  # an infinite one is out of distribution
]


@pytest.mark.parametrize(("field", "number"), NO_NUMBERS)
def test_a_number_that_is_none_pauses_and_never_trades(sim, field, number):
    bars = sim.panel(np.full((6, 2), 100.0))
    forecasts = eager(sim, len(bars))
    getattr(forecasts, field)[5] = number  # bar 2, symbol B
    run = sim.run(bars, 0, forecasts, volatility=0.5)
    assert run.guards[0][:3] == (2, PAUSE, MISSING)
    assert (run.log.source[4:] == FROM_RULES).all()
    assert (run.log.decision[4:] == 0).all()


@pytest.mark.parametrize("probability", [1.0001, 7.0, -0.1, 1e300])
def test_a_probability_beyond_zero_and_one_is_none(sim, probability):
    bars = sim.panel(np.full((3, 1), 100.0))
    forecasts = eager(sim, len(bars))
    forecasts.probability[0, 0] = probability
    run = sim.run(bars, 0, forecasts, volatility=0.5)
    assert run.guards[0][:3] == (0, PAUSE, MISSING)
    virtual = sim.run(bars, 0, forecasts, volatility=0.5, virtual=True)
    assert REASONS[virtual.log.reason[0]].startswith("no forecast")
    assert virtual.log.decision[0] == 0


def test_no_forecasts_at_all_pause_a_model(sim):
    bars = sim.panel(np.full((3, 1), 100.0))
    run = sim.run(bars, 0, None, model=True)
    assert run.guards[0][:3] == (0, PAUSE, MISSING)


def test_forecasts_missing_while_warming_up_are_no_reason_to_pause(sim):
    bars = sim.panel(np.full((4, 1), 100.0))
    forecasts = eager(sim, len(bars))
    forecasts.probability[:2] = np.nan
    run = sim.run(bars, 0, forecasts, volatility=[np.nan, np.nan, 0.5, 0.5])
    assert run.guards == []
    assert run.log.decision.tolist()[:3] == [0, 0, 2]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), virtual=st.booleans())
def test_no_row_without_a_forecast_is_ever_taken_by_the_model(sim, seed, virtual):
    bars = sim.random_market(seed)
    forecasts = sim.random_forecasts(seed, len(bars), broken=0.1)
    run = sim.run(
        bars, 0, forecasts, settings=sim.config(guards={"rearm_after_bars": 1}), virtual=virtual
    )
    probability, expected = forecasts.probability, forecasts.expected_return
    whole = (
        ((probability >= 0) & (probability <= 1)).all(axis=1)
        & np.isfinite(expected).all(axis=1)
        & ~np.isnan(forecasts.novelty)
    )
    assert (run.log.decision[~whole] == 0).all()
    assert (run.log.decision[whole] > 0).any()


def test_the_models_own_drawdown_pauses_it(sim):
    bars = sim.panel(np.r_[100.0, 98, 96, 94, 92, 90][:, None])
    config = sim.config(
        guards={"model_drawdown": 0.05},
        limits={"max_position": 1.0, "max_risk": 1.0},
        labels={"horizon_bars": 100},
    )
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    # Bought at the open of bar 1 at 100, marked 98, 96, 94: 6 % is the first above 5.
    assert run.guards[0][:3] == (3, PAUSE, MODEL_DRAWDOWN)
    assert run.guards[0][3] == pytest.approx(0.06, abs=0.002)


def test_a_paused_models_position_keeps_its_bracket(sim):
    bars = sim.panel(100.0 - 2.0 * np.arange(12)[:, None])
    config = sim.config(
        guards={"model_drawdown": 0.02}, limits={"max_position": 1.0, "max_risk": 1.0}
    )
    run = sim.run(bars, 0, eager(sim, len(bars)), volatility=0.03, settings=config)
    assert run.guards[0][:3] == (2, PAUSE, MODEL_DRAWDOWN)
    assert run.trades.reason.tolist() == [EXIT_STOP]


def big_positions(sim, **guards):
    return sim.config(
        limits={"max_position": 1.0, "max_risk": 1.0},
        labels={"target": 20.0, "horizon_bars": 100},
        guards=guards,
    )


def test_account_drawdown_halts_and_a_person_resumes(sim):
    closes = np.r_[100.0, 100, 120, 110, 103, 100, 100, 100][:, None]
    bars = sim.panel(closes)
    rule = [1, 0, 0, 0, 0, 0, 0, 0]
    run = sim.run(bars, rule, settings=big_positions(sim, account_drawdown=0.15))
    assert [event[:3] for event in run.guards] == [(5, HALT, DRAWDOWN)]
    assert run.guards[0][3] == pytest.approx(1 - 100 / 120)
    assert run.book.halted
    run.book.resume()
    assert not run.book.halted
    assert run.book.account.peak_equity == run.book.equity


def test_the_days_loss_halts_but_the_same_loss_over_two_days_does_not(sim):
    closes = np.r_[100.0, 100, 98, 96][:, None]
    config = big_positions(sim, daily_loss=0.03)
    within = sim.run(sim.panel(closes, step=sim.DAY // 10), [1, 0, 0, 0], settings=config)
    assert [event[:3] for event in within.guards] == [(3, HALT, DAY_LOSS)]
    assert within.guards[0][3] == pytest.approx(0.04)
    across = sim.run(sim.panel(closes), [1, 0, 0, 0], settings=config)
    assert across.guards == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), drawdown=st.sampled_from([0.01, 0.03, 0.1]))
def test_once_halted_nothing_is_entered_and_exits_go_on(sim, seed, drawdown):
    bars = sim.random_market(seed, sigma=0.05)
    rng = np.random.default_rng(seed)
    config = sim.config(
        guards={"account_drawdown": drawdown}, limits={"max_position": 0.5, "max_risk": 0.2}
    )
    run = sim.run(
        bars, rng.integers(-1, 2, len(bars)), sim.random_forecasts(seed, len(bars)),
        settings=config,
    )  # fmt: skip
    halts = [event for event in run.guards if event[1] == HALT]
    if not halts:
        assert not run.book.halted
        return
    assert len(halts) == 1
    halted_at = bars.instants[halts[0][0]]
    entries = run.fills.time[run.fills.kind == FILL_ENTRY]
    assert (entries <= halted_at).all()
    later = bars.event_time >= halted_at
    assert (run.log.decision[later] == 0).all()
    assert run.book.state.positions["pending_side"].any() == (run.book.account.order_count > 0)


def test_halted_by_hand_an_order_already_sent_is_dropped(sim):
    bars = sim.panel(np.full((6, 1), 100.0))
    run = sim.run(bars.rows(0, 1), 1)
    book = run.book
    assert book.account.order_count == 1
    book.halt()
    feed = sim.feed(bars, 1)
    log = book.step(feed.chunk(1, 4))
    assert log.counts.tolist() == [0, 0, 0]
    assert [REASONS[r] for r in log.reason] == ["account halted"] * 3
    book.resume()
    log = book.step(feed.chunk(4, 6))
    assert log.counts.tolist() == [0, 0, 1]


def test_an_account_without_money_cannot_be_resumed(sim):
    prices = np.r_[100.0, 100, 100, 400][:, None]
    config = sim.config(limits={"max_position": 1.0, "max_risk": 1.0}, labels={"horizon_bars": 4})
    run = sim.run(sim.panel(prices, prices), [0, -1, 0, 0], volatility=0.45, settings=config)
    assert run.book.equity < 0
    assert run.guards[-1][1] == HALT
    with pytest.raises(Refused, match="money"):
        run.book.resume()


def test_flattening_closes_everything_at_the_next_open_and_a_halt_alone_does_not(sim):
    bars = sim.panel(np.full((6, 2), 100.0))
    run = sim.run(bars.rows(0, 4), 1, settings=sim.config(labels={"horizon_bars": 50}))
    assert run.book.standing is Standing.ACTIVE
    feed = sim.feed(bars, 1)
    for flatten, standing, closed in ((False, Standing.REDUCING, 0), (True, Standing.HALTED, 2)):
        book = Book(run.book.parameters, 2, 1.0)
        book.state = BookState.from_bytes(run.book.state.to_bytes(), 2)
        book.halt(flatten=flatten)
        assert book.standing is Standing.REDUCING
        assert book.flattening is flatten
        log = book.step(feed.chunk(2, 3))
        assert (book.standing, int(log.counts[0])) == (standing, closed)
        assert log.fill_keys[:closed, 2].tolist() == [EXIT_FLATTENED] * closed
        assert not book.flattening
        book.resume()
        assert book.standing is Standing.ACTIVE
        book.halt()
        assert not book.flattening, "a resume forgets how the last halt was meant"


def test_a_symbol_without_a_bar_is_flattened_at_its_own_next_open(sim):
    present = np.ones((6, 2), bool)
    present[2:4, 1] = False
    bars = sim.panel(np.full((6, 2), 100.0), present=present)
    feed = sim.feed(bars, 1)
    book = Book(sim.run(bars.rows(0, 2), 1).book.parameters, 2, 1000.0)
    book.step(feed.chunk(0, 2))
    book.halt(flatten=True)
    book.step(feed.chunk(2, 3))
    assert book.flattening
    with pytest.raises(Refused, match="1 positions are still being closed"):
        book.resume()
    book.step(feed.chunk(3, 6))
    assert book.standing is Standing.HALTED


@pytest.mark.parametrize("field", ["cash", "gross"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_account_whose_state_is_unclear_is_not_resumed(sim, field, number):
    book = sim.run(sim.panel(np.full((2, 1), 100.0))).book
    book.halt()
    setattr(book.account, field, number)
    with pytest.raises(Refused, match="cannot be resumed"):
        book.resume()
    assert book.halted


def test_equity_that_is_no_number_halts(sim):
    bars = sim.panel(np.full((4, 1), 100.0))
    book = sim.run(bars.rows(0, 2), 1).book
    book.account.cash = np.nan
    log = book.step(sim.feed(bars, 1).chunk(2, 3))
    assert [GUARD_CAUSES[cause] for cause in log.guards[: log.counts[1], 2]] == [
        "equity is not a number"
    ]
    assert book.halted


def test_a_guard_flattens_where_it_is_asked_to(sim):
    closes = np.r_[100.0, 100, 120, 110, 103, 100, 100, 100][:, None]
    settings = big_positions(sim, account_drawdown=0.15, flatten_on_halt=True)
    run = sim.run(sim.panel(closes), [1, 0, 0, 0, 0, 0, 0, 0], settings=settings)
    assert run.trades.reason.tolist() == [EXIT_FLATTENED]
    assert run.trades.exited_at.tolist() == [7 * sim.DAY]
    assert run.book.standing is Standing.HALTED


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    flatten=st.booleans(),
    halt_at=st.integers(0, 50),
    cuts=st.lists(st.integers(1, 59), max_size=5),
    broken=st.sampled_from([0.0, 0.3]),
    volatility=st.sampled_from([0.0, np.nan, 0.03]),
)
def test_after_a_halt_nothing_is_opened_whatever_happens_and_however_it_is_cut(
    sim, seed, flatten, halt_at, cuts, broken, volatility
):
    """Broken forecasts, volatilities, latencies and money: only exits, the same in any chunks."""
    bars = sim.random_market(seed, sigma=0.05)
    rng = np.random.default_rng(seed)
    rule = rng.integers(-1, 2, len(bars)).astype(np.int8)
    known = np.full(len(bars), 0.03)
    known[rng.random(len(bars)) < 0.3] = volatility
    forecasts = sim.random_forecasts(seed, len(bars), broken=broken)
    feed = sim.feed(bars, rule, known)
    settings = sim.config(limits={"max_position": 0.5, "max_risk": 0.2})
    ends = []
    for edges in ({halt_at, 60}, {halt_at, 60, *(cut for cut in cuts if cut > halt_at)}):
        book = sim.run(bars.rows(0, 1), 0, settings=settings).book
        book.use_model(True)
        places, first = [], 0
        for last in sorted(edges):
            part = slice(feed.offsets[first], feed.offsets[last])
            now = Forecasts(
                *(getattr(forecasts, name)[part] for name in Forecasts.__dataclass_fields__)
            )
            log = book.step(feed.chunk(first, last, now)) if last > first else None
            if log is not None and first >= halt_at:
                places += log.fill_records[: log.counts[2]].tolist()
                assert (log.decision == 0).all()
                assert log.tally["orders"][0] == 0
            if last == halt_at:
                book.halt(flatten=flatten)
            first = last
        assert all(fill[5] != FILL_ENTRY for fill in places)
        assert book.halted
        assert book.account.order_count == (book.state.positions["pending_side"] != 0).sum()
        if flatten and not book.flattening:
            assert book.standing is Standing.HALTED
        ends.append((places, book.state.to_bytes()))
    assert ends[0] == ends[1]
