import math

import numpy as np
import pytest
import scipy.stats

from edgekeeper.stats.performance import (
    Performance,
    drawdowns,
    measure,
    monthly_returns,
    sharpe_ratio,
)


def curve(returns, start=100.0):
    return start * np.concatenate(([1.0], np.cumprod(1.0 + np.asarray(returns))))


def test_sharpe_ratio_is_mean_over_deviation_times_root_of_periods():
    returns = np.array([0.01, -0.02, 0.03, 0.005])
    expected = returns.mean() / returns.std(ddof=1) * math.sqrt(252)
    assert sharpe_ratio(returns, 252) == pytest.approx(expected, rel=1e-14)
    assert sharpe_ratio(returns, 12) == pytest.approx(expected / math.sqrt(21), rel=1e-14)


@pytest.mark.parametrize("returns", [[], [0.1], [0.0, 0.0], [0.01] * 5, [0.1, math.nan]])
def test_sharpe_ratio_without_movement_is_unknown(returns):
    assert math.isnan(sharpe_ratio(np.array(returns), 252))


def test_the_interval_is_that_of_mertens():
    rng = np.random.default_rng(0)
    returns = 0.001 + 0.01 * rng.standard_t(5, 500)
    found = measure(curve(returns), 252)
    sr = returns.mean() / returns.std(ddof=1)
    skew = scipy.stats.skew(returns)
    kurtosis = scipy.stats.kurtosis(returns, fisher=False)
    error = math.sqrt((1 - skew * sr + (kurtosis - 1) / 4 * sr**2) / len(returns) * 252)
    assert found.sharpe == pytest.approx(sr * math.sqrt(252), rel=1e-9)
    # Moments there use the sample's own divisor, which differs by one in 500.
    assert found.sharpe_high - found.sharpe == pytest.approx(1.96 * error, rel=5e-3)
    assert found.sharpe - found.sharpe_low == pytest.approx(found.sharpe_high - found.sharpe)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(8), 0
    for _ in range(400):
        returns = 0.0006 + 0.01 * rng.standard_t(6, 750) / math.sqrt(1.5)
        found = measure(curve(returns), 252)
        covered += found.sharpe_low <= 0.06 * math.sqrt(252) <= found.sharpe_high
    assert 0.92 <= covered / 400 <= 0.98


def test_figures_of_a_small_curve_by_hand():
    found = measure(np.array([100.0, 110.0, 99.0, 108.9]), 4)
    assert found.total_return == pytest.approx(0.089)
    assert found.annual_return == pytest.approx(1.089 ** (4 / 3) - 1)
    assert found.max_drawdown == pytest.approx(0.1)
    returns = np.array([0.1, -0.1, 0.1])
    assert found.annual_volatility == pytest.approx(returns.std(ddof=1) * 2)
    downside = math.sqrt(0.01 / 3)
    assert found.sortino == pytest.approx(returns.mean() / downside * 2)


@pytest.mark.parametrize("equity", [[], [100.0], [0.0, 1.0], [-1.0, 1.0], [math.nan, 1.0]])
def test_a_curve_that_cannot_be_measured_is_unknown_throughout(equity):
    found = measure(np.array(equity), 252)
    assert all(math.isnan(getattr(found, name)) for name in Performance.__dataclass_fields__)


def test_a_flat_curve_earned_nothing_and_has_no_ratio():
    found = measure(np.full(10, 5.0), 252)
    assert (found.total_return, found.annual_return, found.max_drawdown) == (0.0, 0.0, 0.0)
    assert math.isnan(found.sharpe)
    assert math.isnan(found.sortino)


def test_a_lucky_first_bar_does_not_overflow():
    assert measure(np.array([100.0, 150.0]), 98_280.0).annual_return == math.inf


def test_a_total_loss_is_a_total_loss():
    found = measure(np.array([100.0, 50.0, 0.0]), 252)
    assert (found.total_return, found.annual_return, found.max_drawdown) == (-1.0, -1.0, 1.0)


def test_drawdowns_are_measured_from_the_highest_point_so_far():
    expected = [0.0, 0.0, 0.25, 0.5, 0.0]
    assert drawdowns(np.array([2.0, 4.0, 3.0, 2.0, 5.0])).tolist() == expected
    assert len(drawdowns(np.array([]))) == 0


def test_months_follow_one_another():
    days = np.array(["2020-01-10", "2020-01-31", "2020-02-03", "2020-02-28", "2020-04-01"])
    times = days.astype("M8[ns]").astype(np.int64)
    table = monthly_returns(times, np.array([100.0, 110.0, 105.0, 99.0, 198.0]))
    assert list(table) == ["2020-01", "2020-02", "2020-04"]
    assert list(table.values()) == pytest.approx([0.10, -0.10, 1.0])
    assert math.prod(1 + gain for gain in table.values()) == pytest.approx(1.98)


def test_no_marks_no_months():
    assert monthly_returns(np.array([], dtype=np.int64), np.array([])) == {}
    assert monthly_returns(np.array([0]), np.array([5.0])) == {"1970-01": 0.0}
