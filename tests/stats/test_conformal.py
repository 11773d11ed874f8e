import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.conformal import (
    conformal_quantile,
    coverage,
    next_miss_rate,
    residual_interval,
)


@pytest.mark.parametrize("rows", [19, 25, 60, 200])
def test_coverage_is_at_least_what_was_asked_and_hardly_more(rows):
    """Finite-sample guarantee: level <= coverage <= level + 2 / (n + 1), for any distribution."""
    random = np.random.default_rng(rows)
    hits = 0
    for _ in range(3_000):
        draws = random.standard_t(3, rows + 1) + random.exponential()
        lower, upper = residual_interval(draws[:rows], 0.9)
        hits += lower <= draws[rows] <= upper
    error = 3 * math.sqrt(0.09 / 3_000)
    assert 0.9 - error <= hits / 3_000 <= 0.9 + 2 / (rows + 1) + error


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_quantile_is_the_order_statistic(values, level):
    scores = np.array(values)
    rank = math.ceil((len(values) + 1) * level - 1e-9)
    expected = math.inf if rank > len(values) else sorted(values)[rank - 1]
    assert conformal_quantile(scores, level) == expected


def test_too_few_rows_promise_nothing():
    assert residual_interval(np.arange(18.0), 0.9) == (-math.inf, math.inf)
    assert residual_interval(np.arange(19.0), 0.9) == (0.0, 18.0)


def test_overlap_widens():
    residuals = np.sort(np.random.default_rng(0).standard_normal(400))
    plain = residual_interval(residuals, 0.9)
    overlapping = residual_interval(residuals, 0.9, np.full(400, 0.06))
    assert overlapping[0] < plain[0] < plain[1] < overlapping[1]
    assert residual_interval(residuals, 0.9, np.full(400, 0.01)) == (-math.inf, math.inf)


def test_weight_moves_the_quantile():
    scores = np.arange(100.0)
    weight = np.where(scores < 50, 1.0, 0.0)
    assert conformal_quantile(scores, 0.5, weight) == conformal_quantile(scores[:50], 0.5)


def test_coverage_ignores_what_is_not_known():
    lower, upper = np.array([0.0, 0.0, np.nan, 0.0]), np.ones(4)
    assert coverage(lower, upper, np.array([0.5, 2.0, 0.5, np.nan])) == 0.5
    assert math.isnan(coverage(lower[:0], upper[:0], lower[:0]))


def test_adaptive_known_answer():
    """Gibbs & Candès (2021): asked .1, step .05, misses 1 0 0 1."""
    rate, path = 0.1, []
    for missed in (True, False, False, True):
        rate = next_miss_rate(rate, 0.1, 0.05, missed=missed)
        path.append(round(rate, 12))
    assert path == [0.055, 0.06, 0.065, 0.02]


@pytest.mark.parametrize("scores", [[], [np.nan], [np.inf, 1.0], [[1.0]]])
def test_bad_scores_are_refused(scores):
    with pytest.raises(BadData, match="expected"):
        conformal_quantile(np.array(scores), 0.9)


@pytest.mark.parametrize("weight", [[1.0], [-1.0, 1.0], [np.nan, 1.0], [0.0, 0.0]])
def test_bad_weights_are_refused(weight):
    with pytest.raises(BadData, match="expected"):
        conformal_quantile(np.array([1.0, 2.0]), 0.9, np.array(weight))


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 2.0, math.nan])
def test_bad_levels_are_refused(level):
    with pytest.raises(UsageError, match="level"):
        conformal_quantile(np.array([1.0]), level)
