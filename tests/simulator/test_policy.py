"""From a forecast to a decision; each reason has a case."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.simulator import REASONS
from edgekeeper.simulator.compiled import plain
from edgekeeper.simulator.parameters import book_parameters
from edgekeeper.simulator.policy import break_even, rescale


def first_decision(sim, forecasts=None, rule=0, volatility=0.02, model=None, **sections):
    bars = sim.panel(np.full((2, 1), 100.0))
    log = sim.run(
        bars, rule, forecasts, volatility=volatility, settings=sim.config(**sections), model=model
    ).log
    names = ("skip", "reduce", "take")
    return names[log.decision[0]], int(log.direction[0]), REASONS[log.reason[0]]


@pytest.mark.parametrize(
    ("probability", "expected", "novelty", "decision", "side", "reason"),
    [
        ((0.70, 0.20), (0.01, -0.01), 0.0, "take", 1, "accepted"),
        ((0.20, 0.70), (-0.01, 0.01), 0.0, "take", -1, "accepted"),
        ((0.50, 0.20), (0.01, -0.01), 0.0, "reduce", 1, "accepted"),
        ((0.40, 0.20), (0.01, -0.01), 0.0, "reduce", 1, "accepted"),
        ((0.39, 0.20), (0.01, -0.01), 0.0, "skip", 1, "probability below the band"),
        ((0.60, 0.20), (0.01, -0.01), 0.0, "reduce", 1, "accepted"),
        ((0.99, 0.20), (0.0, -0.01), 0.0, "skip", 1, "expected return does not cover its costs"),
        ((0.99, 0.20), (-1.0, -2.0), 0.0, "skip", 1, "expected return does not cover its costs"),
        ((0.70, 0.20), (0.01, -0.01), 0.6, "skip", 1, "out of distribution"),
        ((0.70, 0.20), (0.01, -0.01), np.inf, "skip", 1, "out of distribution"),
        # The side with the larger expectation is judged, not the likelier one.
        ((0.99, 0.30), (0.01, 0.02), 0.0, "skip", -1, "probability below the band"),
    ],
)
def test_forecasts(sim, probability, expected, novelty, decision, side, reason):
    got = first_decision(sim, sim.forecasts_of(probability, expected, novelty, rows=2))
    assert got[:2] == (decision, side)
    assert got[2].startswith(reason)


def test_shorting_can_be_switched_off_for_model_and_rules(sim):
    off = {"policy": {"shorting": False}}
    short = sim.forecasts_of((0.1, 0.9), (-0.01, 0.02), rows=2)
    expected = ("skip", -1, "shorting is switched off")
    assert first_decision(sim, short, **off) == expected
    assert first_decision(sim, rule=-1, **off) == expected
    assert first_decision(sim, rule=1, **off) == ("take", 1, "accepted")


@pytest.mark.parametrize(
    ("fallback", "rule", "model", "decision", "reason"),
    [
        ("rules", 1, False, "take", "accepted"),
        ("follow_bot", 1, False, "take", "accepted"),
        ("rules", 0, False, "skip", "no rule signal"),
        ("cash", 1, False, "skip", "no champion, and the fallback is cash"),
        ("rules", 1, True, "take", "accepted"),  # no forecasts: paused at once, the rules trade
        ("rules", 0, True, "skip", "model paused, and the fallback has no signal"),
        ("cash", 1, True, "skip", "model paused, and the fallback has no signal"),
    ],
)
def test_fallback(sim, fallback, rule, model, decision, reason):
    got = first_decision(sim, rule=rule, model=model, fallback=fallback)
    assert (got[0], got[2]) == (decision, reason)


@pytest.mark.parametrize("volatility", [np.nan, 0.0])
def test_nothing_is_decided_while_warming_up(sim, volatility):
    assert first_decision(sim, rule=1, volatility=volatility)[2].startswith("warming up")


def parameters(sim, **sections):
    table = book_parameters(sim.config(**sections), periods_per_year=252, virtual=False)
    return table.view(np.recarray)[0]


def test_break_even_of_an_even_bracket_is_a_half_plus_its_costs(sim):
    assert plain(break_even)(0.02, parameters(sim)) == pytest.approx(0.5)
    dear = parameters(sim, costs={"fee_bps": 10}, labels={"horizon_bars": 4})
    assert plain(break_even)(0.02, dear) == pytest.approx((0.04 + 0.002) / 0.08)
    wide = parameters(sim, labels={"target": 3.0})
    assert plain(break_even)(0.02, wide) == pytest.approx(0.25)


@given(even=st.floats(0.01, 0.99), probability=st.floats(0, 1))
def test_the_scale_is_stretched_in_order_with_break_even_at_one_half(even, probability):
    assert plain(rescale)(even, even) == 0.5
    assert plain(rescale)(0.0, even) == 0.0
    assert plain(rescale)(1.0, even) == pytest.approx(1.0)
    scaled = plain(rescale)(probability, even)
    assert 0.0 <= scaled <= 1.0
    assert (scaled > 0.5) == (probability > even) or abs(scaled - 0.5) < 1e-12


def test_no_probability_suffices_where_costs_exceed_the_target():
    assert plain(rescale)(1.0, 1.2) == 0.0
