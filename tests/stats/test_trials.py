"""The best of many: exact moments, published lengths, effective numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.trials import (
    effective_trials,
    expected_maximum,
    maximum_variance,
    minimum_backtest_years,
)


@pytest.mark.parametrize(("trials", "expected"), [(2, 0.56419), (10, 1.53875), (100, 2.50759)])
def test_exact_expected_maximum(trials, expected):
    assert round(expected_maximum(trials), 5) == expected


def test_moments_agree_with_simulation():
    largest = np.random.default_rng(0).standard_normal((200_000, 25)).max(axis=1)
    assert expected_maximum(25) == pytest.approx(largest.mean(), abs=0.005)
    assert maximum_variance(25) == pytest.approx(largest.var(), abs=0.005)


@settings(deadline=None)
@given(st.floats(1.0, 1e12), st.floats(1.0, 100.0))
def test_more_trials_show_more(trials, factor):
    for exact in (True, False):
        more = expected_maximum(trials * factor, exact=exact)
        assert more >= expected_maximum(trials, exact=exact) - 1e-9
    assert 0.0 < maximum_variance(trials) <= 1.0 + 1e-9


def test_the_approximation_is_near():
    assert expected_maximum(1e9, exact=False) == pytest.approx(expected_maximum(1e9), rel=1e-3)
    assert expected_maximum(1, exact=False) == 0.0


@pytest.mark.parametrize(("trials", "years"), [(45, 5.00), (100, 6.40)])
def test_minimum_backtest_length(trials, years):
    assert round(minimum_backtest_years(trials), 2) == years
    assert minimum_backtest_years(trials, 2.0) == pytest.approx(minimum_backtest_years(trials) / 4)


def test_effective_rank_as_published():
    matrix = np.array([[10, 1, 7], [1, 10, 8], [7, 8, 10]]) / 10
    assert effective_trials(matrix) == pytest.approx(1.84, abs=0.01)
    assert effective_trials(np.eye(7)) == pytest.approx(7.0, abs=1e-9)


@given(st.integers(1, 12), st.floats(0.0, 1.0))
def test_effective_trials_lie_between_one_and_all(n, rho):
    matrix = np.full((n, n), rho)
    np.fill_diagonal(matrix, 1.0)
    for method in ("entropy", "average"):
        assert 1.0 - 1e-9 <= effective_trials(matrix, method=method) <= n + 1e-9
    assert effective_trials(matrix, method="average") == pytest.approx(rho + (1 - rho) * n) or n < 2


def test_opposite_trials_are_not_more_than_there_are():
    assert effective_trials(np.array([[1.0, -0.9], [-0.9, 1.0]]), method="average") == 2.0


@pytest.mark.parametrize(
    "matrix",
    [
        np.ones((2, 3)),
        np.empty((0, 0)),
        np.array([[1.0, np.nan], [np.nan, 1.0]]),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.array([[1.0, 0.2], [0.4, 1.0]]),
        np.array([[2.0, 0.2], [0.2, 1.0]]),
    ],
)
def test_no_correlation_matrix(matrix):
    with pytest.raises(BadData, match="expected"):
        effective_trials(matrix)


@pytest.mark.parametrize("trials", [0, 0.5, -1, np.nan, np.inf])
def test_trials_are_counted_from_one(trials):
    for function in (expected_maximum, maximum_variance, minimum_backtest_years):
        with pytest.raises(UsageError, match="from 1 up"):
            function(trials)


def test_other_refusals():
    with pytest.raises(UsageError, match="above 0"):
        minimum_backtest_years(10, 0.0)
    with pytest.raises(UsageError, match="entropy"):
        effective_trials(np.eye(2), method="mean")
