"""Confidence sequences: known boundary, coverage at all times at once, width, refusals."""

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.confidence_sequences import (
    asymptotic_sequence,
    betting_sequence,
    normal_mixture_boundary,
    normal_mixture_rho,
    sub_gaussian_sequence,
)


def test_known_boundary():
    assert round(normal_mixture_rho(100, 0.05), 5) == 12.60056
    assert round(normal_mixture_boundary(100, optimal_variance=100), 5) == 30.35209


def test_the_boundary_is_tightest_about_where_it_was_asked_to_be():
    at = [normal_mixture_boundary(100, optimal_variance=v) for v in (10, 50, 100, 200, 1000)]
    assert min(at) > 0.99 * at[2]


def ever_missed(sequence, runs, truth):
    return np.mean(
        [(low.max() > truth) | (high.min() < truth) for low, high in map(sequence, runs)]
    )


def test_sub_gaussian_holds_at_all_times_at_once():
    runs = np.random.default_rng(0).standard_normal((600, 500))
    missed = ever_missed(lambda r: sub_gaussian_sequence(r, 1.0, optimal_time=200), runs, 0.0)
    assert missed <= 0.06
    # A fixed-time interval looked at 500 times is another matter.
    time = np.arange(1, 501)
    naive = np.abs(np.cumsum(runs, axis=1) / time) > 1.96 / np.sqrt(time)
    assert naive.any(axis=1).mean() > 0.3


def test_asymptotic_holds_for_skewed_values_after_a_start():
    runs = np.random.default_rng(1).exponential(size=(500, 800))

    def later(run):
        low, high = asymptotic_sequence(run, optimal_time=400)
        return low[50:], high[50:]

    assert ever_missed(later, runs, 1.0) <= 0.07


def test_asymptotic_equals_sub_gaussian_with_the_deviation_seen():
    values = np.tile([-1.0, 1.0], 300)
    low, high = asymptotic_sequence(values, optimal_time=600)
    known_low, known_high = sub_gaussian_sequence(values, 1.0, optimal_time=600)
    assert (low[-1], high[-1]) == pytest.approx((known_low[-1], known_high[-1]))
    assert np.isinf(asymptotic_sequence(np.full(5, 2.0), optimal_time=5)[1]).all()


@pytest.mark.parametrize("draw", ["random", "beta", "coin"])
def test_betting_holds_and_adapts(draw):
    rng = np.random.default_rng(2)
    runs = {
        "random": lambda: rng.random((300, 300)),
        "beta": lambda: rng.beta(30, 30, (300, 300)),
        "coin": lambda: rng.integers(0, 2, (300, 300)).astype(float),
    }[draw]()
    assert ever_missed(lambda r: betting_sequence(r, grid=200), runs, 0.5) <= 0.06
    low, high = betting_sequence(runs[0])
    width = {"random": 0.2, "beta": 0.08, "coin": 0.3}[draw]
    assert high[-1] - low[-1] < width
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()


def test_betting_at_the_ends():
    low, high = betting_sequence(np.zeros(200))
    assert low[-1] == 0.0
    assert high[-1] < 0.05
    low, high = betting_sequence(np.ones(200))
    assert high[-1] == 1.0
    assert low[-1] > 0.95
    assert [len(bound) for bound in betting_sequence(np.array([]))] == [0, 0]


@pytest.mark.parametrize("values", [[np.nan], [np.inf], [[1.0]]])
def test_values_that_are_not_numbers(values):
    with pytest.raises(BadData):
        sub_gaussian_sequence(np.array(values), 1.0, optimal_time=10)
    with pytest.raises(BadData):
        asymptotic_sequence(np.array(values), optimal_time=10)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: normal_mixture_rho(0.0, 0.05),
        lambda: normal_mixture_rho(1.0, 0.0),
        lambda: normal_mixture_boundary(-1.0, optimal_variance=1.0),
        lambda: sub_gaussian_sequence(np.zeros(3), 0.0, optimal_time=3),
        lambda: asymptotic_sequence(np.zeros(3), optimal_time=0),
        lambda: betting_sequence(np.zeros(3), cap=1.0),
        lambda: betting_sequence(np.zeros(3), grid=2),
        lambda: betting_sequence(np.zeros(3), level=1.0),
    ],
)
def test_refusals(refused):
    with pytest.raises(UsageError, match="expected"):
        refused()
