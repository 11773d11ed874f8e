"""Sizes, room, and who goes first."""

import numpy as np
import pytest

from edgekeeper.simulator import REASONS

COUNT = "limit reached: number of positions"
ROOM = "limit reached: no cash or exposure left"


def wants(sim, expected, side=0, probability=0.9):
    """One bar of forecasts that want a side, and nothing afterwards."""
    expected = np.asarray(expected, float)
    rows = 3 * len(expected)
    forecasts = sim.forecasts_of(0.5, -1.0, rows=rows)
    forecasts.probability[: len(expected), side] = probability
    forecasts.expected_return[: len(expected), side] = expected
    return forecasts


def flat(sim, symbols):
    return sim.panel(np.full((3, symbols), 100.0))


@pytest.mark.parametrize("expected", [(0.01, 0.03, 0.02), (0.03, 0.01, 0.02), (0.01, 0.02, 0.03)])
def test_where_seats_are_short_the_larger_expectation_goes_first(sim, expected):
    config = sim.config(limits={"max_positions": 2})
    run = sim.run(flat(sim, 3), 0, wants(sim, expected), settings=config)
    assert set(run.fills.symbol.tolist()) == set(np.argsort(expected)[1:].tolist())
    assert REASONS[run.log.reason[int(np.argmin(expected))]] == COUNT


def test_where_cash_is_short_the_last_gets_what_is_left_or_nothing(sim):
    config = sim.config(limits={"max_position": 0.4, "max_risk": 1.0})
    run = sim.run(flat(sim, 4), 0, wants(sim, (0.01, 0.02, 0.03, 0.04)), settings=config)
    assert run.log.value[:4] == pytest.approx([0.0, 20_000, 40_000, 40_000])
    assert REASONS[run.log.reason[0]] == ROOM
    assert run.log.equity[1, 1] == pytest.approx(0.0)


def test_shorts_are_bound_by_exposure(sim):
    config = sim.config(limits={"max_position": 0.4, "max_risk": 1.0, "max_gross": 0.5})
    run = sim.run(flat(sim, 3), 0, wants(sim, (0.01, 0.02, 0.03), side=1), settings=config)
    assert run.log.value[:3] == pytest.approx([0.0, 10_000, 40_000])
    assert run.log.equity[1, 2:] == pytest.approx([50_000, -50_000])


def test_equal_expectations_go_in_the_symbols_order(sim):
    config = sim.config(limits={"max_positions": 1})
    assert sim.run(flat(sim, 3), 0, wants(sim, [0.01] * 3), settings=config).fills.symbol == [0]
    run = sim.run(flat(sim, 3), [1, 1, 1] + [0] * 6, settings=config)
    assert run.fills.symbol == [0]


def test_reduce_is_half_the_size(sim):
    config = sim.config(limits={"max_position": 0.3, "max_risk": 1.0})
    full = sim.run(flat(sim, 1), 0, wants(sim, [0.01], probability=0.9), settings=config)
    half = sim.run(flat(sim, 1), 0, wants(sim, [0.01], probability=0.5), settings=config)
    assert full.log.decision[0] == 2
    assert half.log.decision[0] == 1
    assert half.log.value[0] == pytest.approx(full.log.value[0] / 2) == 15_000


def test_risk_until_the_stop_bounds_the_size(sim):
    """Stop at 100 * (1 - 0.1 * sqrt(4)) = 80: 1 % of 100,000 at risk buys 5,000."""
    config = sim.config(limits={"max_risk": 0.01}, labels={"horizon_bars": 4})
    run = sim.run(flat(sim, 1), [1, 0, 0], volatility=0.1, settings=config)
    assert run.log.stop[0] == pytest.approx(80.0)
    assert run.log.target[0] == pytest.approx(120.0)
    assert run.log.value[0] == pytest.approx(5_000.0)


def test_a_gap_against_the_stop_cuts_the_size_at_the_fill(sim):
    """Decided at 100 with stop 80; opening at 160 the stop is 50 % away: half the value."""
    bars = sim.panel([[100.0], [160.0]], [[100.0], [160.0]])
    config = sim.config(limits={"max_risk": 0.01}, labels={"horizon_bars": 4})
    run = sim.run(bars, [1, 0], volatility=0.1, settings=config)
    assert run.fills.quantity[0] * 160.0 == pytest.approx(2_000.0)


@pytest.mark.parametrize(("probability", "share"), [(0.9, 1.0), (0.5, 0.5)])
def test_a_virtual_book_sizes_to_equal_volatility_without_limits(sim, probability, share):
    volatility = np.tile([0.01, 0.02, 0.05], 3)
    config = sim.config(limits={"max_positions": 1, "max_gross": 0.01})
    run = sim.run(
        flat(sim, 3), 0, wants(sim, [0.01] * 3, probability=probability), settings=config,
        volatility=volatility, virtual=True,
    )  # fmt: skip
    np.testing.assert_allclose(run.fills.quantity * run.fills.price, share / volatility[:3])


def test_turning_round_needs_no_second_seat(sim):
    config = sim.config(limits={"max_positions": 1, "max_position": 1.0, "max_risk": 1.0})
    bars = sim.panel(np.full((4, 1), 100.0))
    run = sim.run(bars, [1, -1, 0, 0], settings=config)
    assert np.sign(run.fills.quantity).tolist() == [1, -1, -1]
    assert run.log.equity[-1, 2:] == pytest.approx([100_000, -100_000])


def test_exposure_carried_and_after_the_open(sim):
    """`held` and `opened` restated from the fills, over a ragged random market."""
    bars = sim.random_market(11, symbols=3)
    rule = np.random.default_rng(11).integers(-1, 2, len(bars))
    run = sim.run(bars, rule, virtual=True, settings=sim.config(labels={"horizon_bars": 3}))
    quantity, price = np.zeros(3), np.zeros(3)
    open_, close = bars.adjusted("open"), bars.adjusted("close")
    fills = list(zip(run.fills.time, run.fills.symbol, run.fills.quantity, run.fills.kind,
                     strict=True))  # fmt: skip
    for t, now in enumerate(bars.instants):
        np.testing.assert_allclose(run.log.held[t], quantity * price, atol=1e-9)
        rows = slice(*bars.instant_offsets[t : t + 2])
        today = [fill for fill in fills if fill[0] == now]
        for _, symbol, traded, kind in today:
            if kind in (0, 4):  # at the open: entries, and exits for the other side
                quantity[symbol] += traded
        present = bars.symbol[rows]
        opened = quantity * price
        opened[present] = quantity[present] * open_[rows]
        np.testing.assert_allclose(run.log.opened[t], opened, atol=1e-9)
        for _, symbol, traded, kind in today:
            if kind not in (0, 4):
                quantity[symbol] += traded
        quantity[np.abs(quantity) < 1e-12] = 0.0
        price[present] = close[rows]
    assert run.trades.count > 10


def test_what_is_planned_can_be_paid_for_costs_included(sim):
    config = sim.config(limits={"max_position": 0.6, "max_risk": 1.0}, costs={"fee_bps": 100})
    run = sim.run(flat(sim, 2), 0, wants(sim, (0.02, 0.01)), settings=config)
    assert run.log.value[:2] == pytest.approx([60_000, (100_000 - 60_600) / 1.01])
    np.testing.assert_allclose(run.fills.quantity * run.fills.price, run.log.value[:2])


def test_limits_are_checked_again_when_filling(sim):
    """A limit lowered between decision and fill holds at the fill."""
    bars = flat(sim, 3)
    rule = [1, 1, 1] + [0] * 6
    book = sim.run(bars.rows(0, 3), rule[:3]).book
    assert book.account.order_count == 3
    book.parameters["max_positions"] = 2
    book.parameters["max_position"] = 0.01
    log = book.step(sim.feed(bars, rule).chunk(1, 3))
    assert log.counts[2] == book.account.open_count == 2
    np.testing.assert_allclose(log.fills[:2, 0] * 100.0, 1_000.0)
    assert book.account.order_count == 0


def test_turning_round_over_a_gap_frees_all_the_room(sim):
    """A short from 100 is turned at 50: none of its exposure is left in the way of the long."""
    prices = np.array([[100.0], [100.0], [50.0]])
    config = sim.config(limits={"max_position": 0.5, "max_gross": 0.5, "max_risk": 1.0})
    run = sim.run(sim.panel(prices, prices), [-1, 1, 0], volatility=0.3, settings=config)
    value = np.abs(run.fills.quantity * run.fills.price)
    assert value == pytest.approx([50_000, 25_000, 50_000])
