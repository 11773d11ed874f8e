"""Three hard limits, under any forecast, measured at each fill by an independent count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.simulator import FILL_ENTRY
from edgekeeper.simulator.compiled import plain
from edgekeeper.simulator.limits import largest_value, room_left
from edgekeeper.simulator.parameters import book_parameters

SLACK = 1 + 1e-9
HOSTILE = st.sampled_from([np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-300, 0.0, 0.5, 0.99, 1.0])


def check_fills(run, before, parameters, long_only):
    """Replay the fills of one bar against the limits, from the state before the bar."""
    positions, account = before
    equity, cash = account["equity"], account["cash"]
    held = {
        s: abs(p["quantity"]) * p["last_price"] for s, p in enumerate(positions) if p["quantity"]
    }
    entries = 0
    for fill in run.fill_records[: run.counts[2]]:
        value, symbol = abs(fill["quantity"]) * fill["price"], int(fill["symbol"])
        if fill["kind"] != FILL_ENTRY:
            del held[symbol]
        else:
            entries += 1
            held[symbol] = value
            assert not account["halted"]
            assert 0 < value <= parameters["max_position"] * equity * SLACK
            assert sum(held.values()) <= parameters["max_gross"] * equity * SLACK
            assert len(held) <= parameters["max_positions"]
            assert fill["cost"] == pytest.approx(parameters["cost"] * value)
        cash -= fill["quantity"] * fill["price"] + fill["cost"]
        if long_only:
            assert cash >= -1e-9 * equity
    return entries


def loss_at_stop(position, parameters):
    """What the position loses if it fills at its stop, with the costs of both fills."""
    quantity, entry, stop = position["quantity"], position["entry_price"], position["stop"]
    costs = parameters["cost"] * abs(quantity) * (entry + abs(stop))
    return abs(quantity) * abs(entry - stop) + costs


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shorting=st.booleans(),
    max_position=st.sampled_from([0.05, 0.3, 1.0]),
    max_positions=st.integers(1, 3),
    max_risk=st.sampled_from([0.001, 0.02, 1.0]),
    max_gross=st.sampled_from([0.2, 1.0, 3.0]),
    cost=st.sampled_from([0.0, 10.0, 500.0]),
    hostile=st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE, HOSTILE), min_size=4, max_size=4),
)
def test_no_forecast_overrides_a_limit(
    sim, seed, shorting, max_position, max_positions, max_risk, max_gross, cost, hostile
):
    bars = sim.random_market(seed, symbols=4, instants=40, sigma=0.06)
    rng = np.random.default_rng(seed)
    forecasts = sim.random_forecasts(seed, len(bars), broken=0.02)
    eager = rng.random(len(bars)) < 0.5
    forecasts.probability[eager] = 1.0
    forecasts.expected_return[eager] = rng.choice([1e300, 0.5, 1e-9], (eager.sum(), 2))
    picked = rng.integers(len(bars), size=20)
    numbers = np.array(hostile)[rng.integers(4, size=20)]
    forecasts.probability[picked], forecasts.expected_return[picked] = (
        numbers[:, :2],
        numbers[:, 2:],
    )
    config = sim.config(
        policy={"shorting": shorting},
        labels={"horizon_bars": 4},
        limits={
            "max_position": max_position,
            "max_positions": max_positions,
            "max_risk": max_risk,
            "max_gross": max_gross,
        },
        costs={"fee_bps": cost},
        guards={"rearm_after_bars": 1, "account_drawdown": 0.9},
    )
    parameters = book_parameters(config, periods_per_year=252, virtual=False)[0]
    entries = 0
    for run, before, (positions, _) in sim.bar_by_bar(
        bars, rng.integers(-1, 2, len(bars)), forecasts, config, 0.01 + 0.1 * rng.random(len(bars))
    ):
        entries += check_fills(run, before, parameters, long_only=not shorting)
        for fill in run.fill_records[: run.counts[2]]:
            if fill["kind"] == FILL_ENTRY:
                position = positions[fill["symbol"]].copy()
                position["quantity"] = fill["quantity"]
                equity = before[1]["equity"]
                assert loss_at_stop(position, parameters) <= max_risk * equity * SLACK
    assert entries > 0 or cost == 500.0 or max_risk == 0.001


def test_the_risk_limit_counts_costs_of_both_fills(sim):
    """100 -> stop 90: 10 % plus 1 % of 100 and of 90; 2 % of 1000 at risk."""
    parameters = book_parameters(
        sim.config(costs={"fee_bps": 100}, limits={"max_risk": 0.02, "max_position": 1}),
        periods_per_year=252,
        virtual=False,
    ).view(np.recarray)[0]
    assert plain(largest_value)(100.0, 90.0, 1000.0, parameters) == pytest.approx(20 / 0.119)
    assert plain(largest_value)(100.0, 110.0, 1000.0, parameters) == pytest.approx(20 / 0.121)


@pytest.mark.parametrize("equity", [0.0, -5.0, np.nan])
def test_nothing_may_be_bought_without_equity(sim, equity):
    parameters = book_parameters(sim.config(), periods_per_year=252, virtual=False).view(
        np.recarray
    )[0]
    assert plain(largest_value)(100.0, 90.0, equity, parameters) == 0.0


def test_room_is_exposure_and_for_longs_cash(sim):
    parameters = book_parameters(
        sim.config(limits={"max_gross": 2.0}, costs={"fee_bps": 100}),
        periods_per_year=252,
        virtual=False,
    ).view(np.recarray)[0]
    room = plain(room_left)
    assert room(500.0, 101.0, True, 1000.0, parameters) == pytest.approx(100.0)
    assert room(500.0, 101.0, False, 1000.0, parameters) == pytest.approx(1500.0)
    assert room(2500.0, 101.0, False, 1000.0, parameters) == 0.0
    assert room(0.0, -1.0, True, 1000.0, parameters) == 0.0


@pytest.mark.parametrize("cost", [0.0, 100.0])
@pytest.mark.parametrize("stop", [np.nan, np.inf, -np.inf])
def test_a_limit_that_cannot_be_computed_allows_nothing(sim, stop, cost):
    parameters = book_parameters(
        sim.config(costs={"fee_bps": cost}), periods_per_year=252, virtual=False
    ).view(np.recarray)[0]
    with np.errstate(invalid="ignore"):
        assert plain(largest_value)(100.0, stop, 1000.0, parameters) == 0.0
    for gross, cash in ((np.nan, 1.0), (0.0, np.nan), (np.nan, np.nan)):
        assert plain(room_left)(gross, cash, True, 1000.0, parameters) == 0.0


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize("volatility", [1e308, 5e-324])
def test_an_absurd_volatility_buys_nothing_absurd(sim, volatility, virtual):
    bars = sim.panel(np.full((3, 1), 100.0))
    run = sim.run(bars, [1, 0, 0], volatility=volatility, virtual=virtual)
    assert run.log.equity[:, 2].max() <= 10_000.0
    assert np.isfinite(run.log.equity).all()
