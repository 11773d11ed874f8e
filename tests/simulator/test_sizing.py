"""How much of the largest position is taken; the limits hold whatever is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from edgekeeper.config import Config, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.rollout.lines import recipe_hash, recipe_of
from edgekeeper.simulator import book_parameters
from edgekeeper.simulator.compiled import plain
from edgekeeper.simulator.policy import break_even
from edgekeeper.simulator.sizing import position_share
from edgekeeper.stats.bet_size import kelly_stake

RULES, MODEL = 0, 1


def parameters(sizing, *, virtual=False, **sections):
    policy = {"sizing": sizing, **sections.pop("policy", {})}
    config = parse_config({"policy": policy, **sections})
    return book_parameters(config, periods_per_year=252.0, virtual=virtual)


@njit(error_model="numpy")
def _share(source, reduced, probability, volatility, records):
    return position_share(source, reduced, probability, volatility, records[0])


def share(given, probability=0.6, volatility=0.01, *, source=MODEL, reduced=False):
    return _share(source, reduced, probability, volatility, given)


def test_kelly_is_that_of_the_statistics_room():
    it = parameters("kelly", limits={"max_position": 1.0}, policy={"kelly_fraction": 0.25})
    width = 0.01 * np.sqrt(10)
    for p in (0.3, 0.5, 0.53, 0.56, 0.6):
        stake = kelly_stake(
            np.array([p]), width - 1e-3, width + 1e-3, error=0.05, fraction=0.25
        )[0]  # fmt: skip
        assert share(it, p) == pytest.approx(min(1.0, stake), rel=1e-12)


def test_kelly_takes_nothing_at_or_below_break_even_and_all_where_it_is_sure():
    it = parameters("kelly")
    even = plain(break_even)(0.01, it.view(np.recarray)[0])
    assert share(it, even) == 0.0
    assert share(it, 0.2) == 0.0
    assert share(it, 1.0) == 1.0
    assert 0.0 < share(it, even + 0.01) < 1.0
    assert share(it, 1.0, reduced=True) == 0.5


def test_kelly_without_a_possible_win_takes_nothing():
    """Costs above the target: no probability helps."""
    assert share(parameters("kelly", costs={"fee_bps": 1000}), 1.0) == 0.0


def test_volatility_makes_positions_of_one_volatility_up_to_the_largest():
    """2 % a year from a tenth of equity: right at 20 % a year."""
    it = parameters("volatility")
    right = 0.2 / np.sqrt(252)
    assert share(it, volatility=right) == pytest.approx(1.0)
    assert share(it, volatility=4 * right) == pytest.approx(0.25)
    assert share(it, volatility=right / 3) == 1.0
    assert share(it, volatility=4 * right, source=RULES) == pytest.approx(0.25)
    assert share(parameters("volatility", virtual=True), volatility=4 * right) == 1.0


@pytest.mark.parametrize("virtual", [False, True])
def test_fixed_is_the_whole_or_the_reduced_size(virtual):
    it = parameters("fixed", virtual=virtual)
    assert (share(it), share(it, reduced=True)) == (1.0, 0.5)


def test_the_rules_have_no_probability_for_kelly():
    assert share(parameters("kelly"), np.nan, source=RULES) == 1.0


def test_a_recipe_of_fixed_sizes_is_what_it_was():
    """Its hash seeds fits: worlds and runs of before stay as they were."""
    plain_policy = recipe_of(Config().lines[0], Config())["policy"]
    assert set(plain_policy) == {
        "take_above", "reduce_above", "reduce_size", "max_novelty", "shorting",
    }  # fmt: skip
    other = parse_config({"policy": {"kelly_fraction": 0.3}})
    assert recipe_hash(recipe_of(other.lines[0], other)) == recipe_hash(
        recipe_of(Config().lines[0], Config())
    )
    kelly = parse_config({"policy": {"sizing": "kelly"}})
    assert recipe_of(kelly.lines[0], kelly)["policy"]["sizing"] == "kelly"


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    sizing=st.sampled_from(["fixed", "kelly", "volatility"]),
    fraction=st.floats(0.01, 1.0),
    error=st.floats(1e-6, 0.5),
    target=st.floats(1e-4, 1.0),
    broken=st.sampled_from([0.0, 0.2]),
)
def test_hard_limits_hold_under_every_sizing(seed, sizing, fraction, error, target, broken, sim):
    limits = {"max_position": 0.2, "max_positions": 2, "max_risk": 0.02, "max_gross": 0.3}
    config = sim.config(
        policy={
            "sizing": sizing,
            "kelly_fraction": fraction,
            "probability_error": error,
            "position_volatility": target,
            "max_novelty": 1.0,
        },
        limits=limits,
    )
    bars = sim.random_market(seed)
    forecasts = sim.random_forecasts(seed, len(bars), broken)
    filled = 0
    for log, (_, before), (_, after) in sim.bar_by_bar(bars, 1, forecasts, config, 0.02):
        equity = before["equity"]
        entries = log.fill_records[: log.counts[2]]
        entries = entries[entries["kind"] == 0]
        value = np.abs(entries["quantity"] * entries["price"])
        assert (value <= limits["max_position"] * equity * (1 + 1e-9)).all()
        assert after["open_count"] <= limits["max_positions"]
        if len(entries):
            filled += 1
            assert value.sum() <= limits["max_gross"] * equity * (1 + 1e-9)
    if broken == 0.0 and sizing != "kelly":
        assert filled > 0


@pytest.mark.parametrize(
    "policy",
    [
        {"sizing": "martingale"},
        {"kelly_fraction": 0.0},
        {"kelly_fraction": 1.5},
        {"probability_error": 0.0},
        {"probability_error": float("nan")},
        {"position_volatility": -0.1},
    ],
)
def test_sizings_that_are_none(policy):
    with pytest.raises(UsageError, match="policy"):
        parse_config({"policy": policy})
