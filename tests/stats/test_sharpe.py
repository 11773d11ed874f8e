"""Sharpe family: published figures of both definitions, simulation, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgekeeper.errors import UsageError
from edgekeeper.stats.sharpe import (
    ReturnShape,
    deflated_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    return_shape,
    sharpe_variance,
)

OLD, NEW = "2012/2014", "2025"
FUND = ReturnShape(skew=-2.448, kurtosis=10.164)
OBSERVED = 0.036 / 0.079


@pytest.mark.parametrize(("shape", "expected"), [(ReturnShape(), 0.9817), (FUND, 0.9134)])
def test_probabilistic_sharpe_of_2012(shape, expected):
    found = probabilistic_sharpe(0.458, 0.0, 24, shape, definition=OLD)
    assert round(found, 4) == expected


@pytest.mark.parametrize(("benchmark", "expected"), [(0.0, 0.987), (0.1, 0.939)])
def test_probabilistic_sharpe_of_2025(benchmark, expected):
    assert round(probabilistic_sharpe(OBSERVED, benchmark, 24, FUND), 3) == expected


@pytest.mark.parametrize(("shape", "expected"), [(ReturnShape(), 0.214), (FUND, 0.329)])
def test_error_of_a_sharpe_ratio(shape, expected):
    assert round(math.sqrt(sharpe_variance(OBSERVED, shape, 24)), 3) == expected


def test_track_record_of_2012():
    monthly = ReturnShape(skew=-0.72, kurtosis=5.78)
    found = minimum_track_record(2 / 12**0.5, 1 / 12**0.5, monthly, definition=OLD)
    assert round(found, 3) == 59.895
    daily = minimum_track_record(2 / 252**0.5, 1 / 252**0.5, definition=OLD)
    assert round(daily / 252, 3) == 2.731


def test_track_record_of_2025():
    assert round(minimum_track_record(OBSERVED, 0.0, FUND), 3) == 13.029


@pytest.mark.parametrize(
    ("trials", "shape", "expected"),
    [
        (100, ReturnShape(-3.0, 10.0), 0.9004),
        (46, ReturnShape(-3.0, 10.0), 0.9505),
        (88, ReturnShape(), 0.9505),
    ],
)
def test_deflated_sharpe_of_2014(trials, shape, expected):
    found = deflated_sharpe(
        2.5 / 250**0.5, 1250, shape, trials=trials, trial_variance=0.5 / 250, definition=OLD
    )
    assert round(found, 4) == expected


def test_deflated_sharpe_of_2025_is_the_null_of_a_maximum():
    quantile = stats.norm.ppf
    hurdle = 0.1**0.5 * (
        (1 - np.euler_gamma) * quantile(0.9) + np.euler_gamma * quantile(1 - 1 / (10 * math.e))
    )
    draws = np.random.default_rng(0).standard_normal((400_000, 10)).max(axis=1)
    error = math.sqrt(sharpe_variance(hurdle, FUND, 24) * draws.var())
    found = deflated_sharpe(OBSERVED, 24, FUND, trials=10, trial_variance=0.1)
    assert found == pytest.approx(stats.norm.cdf((OBSERVED - hurdle) / error), abs=1e-3)


def test_one_trial_is_no_deflation():
    for definition in (OLD, NEW):
        assert deflated_sharpe(0.1, 500, FUND, trials=1, definition=definition) == (
            probabilistic_sharpe(0.1, 0.0, 500, FUND, definition=definition)
        )


@pytest.mark.parametrize("trials", [2, 5, 20, 100])
def test_the_best_of_worthless_trials_is_called_skill_at_the_stated_rate(trials):
    rng = np.random.default_rng(trials)
    runs, periods = 1_000, 120
    called = 0
    for _ in range(runs):
        returns = rng.standard_normal((periods, trials))
        ratio = (returns.mean(axis=0) / returns.std(axis=0, ddof=1)).max()
        called += deflated_sharpe(ratio, periods, trials=trials) > 0.95
    # The maximum of many is a little more skewed than the normal law the definition uses.
    assert 0.03 < called / runs < 0.085


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.5])
def test_autocorrelation_widens_the_error_as_simulated(rho):
    rng = np.random.default_rng(7)
    periods, runs = 400, 4_000
    noise = rng.standard_normal((runs, periods + 50))
    series = np.zeros_like(noise)
    for t in range(1, noise.shape[1]):
        series[:, t] = rho * series[:, t - 1] + noise[:, t]
    series = series[:, 50:] / math.sqrt(1 / (1 - rho**2)) + 0.1
    ratios = series.mean(axis=1) / series.std(axis=1, ddof=1)
    variance = sharpe_variance(0.1, ReturnShape(autocorrelation=rho), periods)
    assert ratios.var() == pytest.approx(variance, rel=0.08)


@given(
    st.floats(-0.5, 0.5), st.floats(-1.5, 1.5), st.floats(0.0, 8.0), st.floats(-0.5, 0.5),
    st.integers(20, 5_000), st.sampled_from([OLD, NEW]),
)  # fmt: skip
def test_a_record_of_the_minimum_length_is_just_enough(sharpe, skew, more, rho, years, definition):
    shape = ReturnShape(skew, 1.0 + skew**2 + more, rho)
    benchmark = sharpe - 0.1
    periods = minimum_track_record(sharpe, benchmark, shape, definition=definition)
    if periods > 1.0:
        reached = probabilistic_sharpe(sharpe, benchmark, periods, shape, definition=definition)
        assert reached == pytest.approx(0.95, abs=1e-6)
    assert minimum_track_record(benchmark, sharpe, shape, definition=definition) == math.inf


@given(st.floats(0.05, 0.95), st.floats(0.1, 5.0), st.integers(0, 50))
def test_returns_of_two_values_break_nothing(share, size, seed):
    wins = np.random.default_rng(seed).random(200) < share
    ratio, shape = return_shape(np.where(wins, size, -1.0))
    for definition in (OLD, NEW):
        for trials in (1, 30):
            found = deflated_sharpe(ratio, 200, shape, trials=trials, definition=definition)
            assert 0.0 <= found <= 1.0


def test_shape_agrees_with_scipy():
    returns = np.random.default_rng(1).exponential(size=500) - 0.9
    ratio, shape = return_shape(returns)
    assert ratio == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-12)
    assert shape.skew == pytest.approx(stats.skew(returns), rel=1e-12)
    assert shape.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-12)
    assert abs(shape.autocorrelation - np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.01


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.0] * 9, [0.01] * 9])
def test_where_nothing_moves_there_is_no_ratio(returns):
    assert math.isnan(return_shape(np.array(returns))[0])


def test_a_missing_ratio_stays_missing():
    assert math.isnan(probabilistic_sharpe(math.nan, 0.0, 24))
    assert math.isnan(minimum_track_record(math.nan, 0.0))
    assert math.isnan(deflated_sharpe(math.nan, 24, trials=3))


@pytest.mark.parametrize(
    "refused",
    [
        lambda: return_shape(np.array([0.1, math.nan])),
        lambda: ReturnShape(skew=2.0, kurtosis=3.0),
        lambda: ReturnShape(kurtosis=0.0),
        lambda: ReturnShape(kurtosis=math.nan),
        lambda: ReturnShape(autocorrelation=1.0),
        lambda: probabilistic_sharpe(0.1, 0.0, 1),
        lambda: probabilistic_sharpe(0.1, 0.0, 10, definition="2013"),
        lambda: minimum_track_record(0.1, 0.0, level=0.4),
        lambda: deflated_sharpe(0.1, 10, trials=0),
        lambda: deflated_sharpe(0.1, 10, trials=math.nan),
        lambda: deflated_sharpe(0.1, 10, trials=2, trial_variance=-1.0),
    ],
)
def test_what_cannot_be_is_refused(refused):
    with pytest.raises(UsageError, match="expected"):
        refused()
