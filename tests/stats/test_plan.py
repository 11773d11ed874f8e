"""Planning: known figures, simulated passage of the real bet, monotone lengths."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.stats.plan import deflated_record_length, plan_proof, years_to_proof
from edgekeeper.stats.sequential import Bet
from edgekeeper.stats.sharpe import ReturnShape, deflated_sharpe


def test_known_years():
    assert [round(years_to_proof(s), 2) for s in (1, 2, 4)] == [5.99, 1.50, 0.37]


def test_the_real_bet_takes_as_long_as_planned():
    sharpe, runs, bars = 4.0, 400, 252 * 6
    rng = np.random.default_rng(0)
    gains = rng.standard_normal((runs, bars)) + sharpe / math.sqrt(252)
    first = []
    for run in gains:
        passed = Bet().update(run, np.ones(bars)) >= math.log(20)
        first.append(int(np.argmax(passed)) if passed.any() else bars)
    years = np.sort(first) / 252
    plan = plan_proof(sharpe)
    assert years.mean() == pytest.approx(plan.mean_years, rel=0.08)
    assert np.median(years) == pytest.approx(plan.median_years, rel=0.08)
    assert np.quantile(years, 0.8) == pytest.approx(plan.likely_years, rel=0.08)


def test_no_edge_is_never_proven():
    for sharpe in (0.0, -1.0, 0.2):
        plan = plan_proof(sharpe)
        assert plan.mean_years == plan.likely_years == math.inf
    assert plan_proof(0.0).ideal_years == plan_proof(-1.0).fixed_years == math.inf


@given(st.floats(0.6, 6.0), st.floats(0.001, 0.2))
def test_order_of_the_ways_of_looking(sharpe, level):
    plan = plan_proof(sharpe, level=level)
    assert plan.ideal_years <= plan.mean_years * (1 + 1e-9)
    assert plan.median_years <= plan.likely_years
    assert plan.fixed_years < plan.mean_years


@pytest.mark.parametrize("definition", ["2012/2014", "2025"])
@pytest.mark.parametrize("trials", [1, 7, 500])
def test_a_record_of_that_length_is_just_enough(definition, trials):
    shape = ReturnShape(-0.5, 6.0, 0.1)
    periods = deflated_record_length(0.08, shape, trials=trials, definition=definition)
    reached = deflated_sharpe(0.08, periods, shape, trials=trials, definition=definition)
    assert reached == pytest.approx(0.95, abs=1e-6)


def test_record_length_at_the_ends():
    assert deflated_record_length(0.0, trials=3) == math.inf
    assert math.isnan(deflated_record_length(math.nan, trials=3))
    assert deflated_record_length(20.0, trials=1) < 3.0
    assert deflated_record_length(1e-6, trials=10) == math.inf


@pytest.mark.parametrize(
    "refused",
    [
        lambda: plan_proof(math.inf),
        lambda: plan_proof(1.0, level=0.5),
        lambda: plan_proof(1.0, worst_bar=0.5),
        lambda: plan_proof(1.0, periods_per_year=0.0),
        lambda: years_to_proof(1.0, 0.0),
    ],
)
def test_refusals(refused):
    with pytest.raises(UsageError, match="expected"):
        refused()
