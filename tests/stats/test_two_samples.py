import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.two_samples import (
    correlation_change_p_value,
    effective_share,
    ks_critical,
    ks_distance,
    ks_p_value,
    population_stability,
    share_change_p_value,
)

SAMPLES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40).map(np.array)


@given(SAMPLES.filter(lambda x: len(x) > 3), SAMPLES.filter(lambda x: len(x) > 3))
def test_the_distance_is_scipys(first, second):
    expected = stats.ks_2samp(first, second, method="asymp").statistic
    assert ks_distance(first, second) == pytest.approx(expected, abs=1e-12)


def test_missing_values_are_left_out_of_the_distance_and_infinities_are_not():
    first = np.array([1.0, 2.0, np.nan, 3.0])
    assert ks_distance(first, np.array([1.0, 2.0, 3.0])) == 0.0
    assert ks_distance(first, np.array([np.inf, np.inf])) == 1.0
    assert math.isnan(ks_distance(first, np.array([np.nan])))
    assert math.isnan(ks_p_value(math.nan, 100, 100))


def test_p_values_are_near_the_exact_ones():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.2, 0.4):
        first, second = rng.standard_normal(80), rng.standard_normal(120) + shift
        exact = stats.ks_2samp(first, second, method="exact")
        assert ks_p_value(exact.statistic, 80, 120) == pytest.approx(exact.pvalue, abs=0.02)
    assert ks_p_value(ks_critical(80, 120, 0.05), 80, 120) == pytest.approx(0.05, abs=1e-9)
    assert ks_critical(2, 100) == 1.0


def test_psi_over_two_bins_by_hand():
    """Half of the reference is at most 1; of the current four in five are."""
    first = np.repeat([1.0, 2.0], [500, 500])
    second = np.repeat([1.0, 2.0], [800, 200])
    before, after = (500.5 / 1001, 500.5 / 1001), (800.5 / 1001, 200.5 / 1001)
    expected = sum((a - b) * math.log(a / b) for b, a in zip(before, after, strict=True))
    assert population_stability(first, second, bins=2) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(0.4141, abs=1e-3)


@given(SAMPLES, SAMPLES, st.integers(2, 12))
def test_psi_is_never_negative_and_zero_against_itself(first, second, bins):
    assert population_stability(first, first, bins) == 0.0
    assert population_stability(first, second, bins) >= 0.0


def test_psi_counts_what_is_missing():
    rng = np.random.default_rng(0)
    first = rng.standard_normal(1_000)
    gaps = np.where(rng.random(1_000) < 0.3, np.nan, first)
    assert population_stability(first, gaps) > 0.25
    assert population_stability(np.full(9, np.nan), np.full(9, np.nan)) == 0.0
    assert math.isnan(population_stability(first, np.array([])))
    with pytest.raises(UsageError, match="bins"):
        population_stability(first, first, bins=1)


def test_an_ar_row_is_worth_what_theory_says():
    rng = np.random.default_rng(1)
    x = np.zeros(8_000)
    for t in range(1, len(x)):
        x[t] = 0.5 * x[t - 1] + rng.standard_normal()
    times = np.arange(len(x))
    assert effective_share(x, times) == pytest.approx(1 / 3, abs=0.07)
    assert effective_share(rng.standard_normal(4_000), times[:4_000]) > 0.8


def test_symbols_that_move_together_are_one_observation():
    common = np.random.default_rng(2).standard_normal(1_000)
    four = np.repeat(common, 4)
    assert effective_share(four, np.repeat(np.arange(1_000), 4)) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("column", [np.full(50, 3.0), np.full(50, np.nan), np.arange(3.0)])
def test_where_nothing_can_be_said_a_row_is_one(column):
    assert effective_share(column, np.arange(len(column))) == 1.0


def test_ties_have_no_memory_of_their_own():
    coin = np.random.default_rng(3).integers(0, 2, 3_000).astype(float)
    assert effective_share(coin, np.arange(3_000)) > 0.8


@pytest.mark.parametrize("size", [100, 1_000])
def test_tests_of_shares_and_correlations_keep_their_level(size):
    rng = np.random.default_rng(4)
    shares, correlations = [], []
    for _ in range(400):
        one, two = rng.standard_normal((2, size, 2))
        rho = [stats.spearmanr(x).statistic for x in (one, two)]
        correlations.append(correlation_change_p_value(*rho, size, size))
        hits = [(x[:, 0] > 1.0).mean() for x in (one, two)]
        shares.append(share_change_p_value(*hits, size, size))
    for p in (np.array(shares), np.array(correlations)):
        assert 0.02 <= (p < 0.05).mean() <= 0.08


def test_a_flip_is_found_and_nonsense_refused():
    assert correlation_change_p_value(0.6, -0.6, 100, 100) < 1e-6
    assert math.isnan(correlation_change_p_value(0.6, math.nan, 100, 100))
    assert math.isnan(correlation_change_p_value(0.6, 0.1, 5, 100))
    assert math.isnan(share_change_p_value(0.1, 0.2, 1, 100))
    with pytest.raises(BadData, match="-1 to 1"):
        correlation_change_p_value(1.5, 0.0, 100, 100)
