"""E-values: known answers, their level under optional stopping, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.sequential_tests import bounded_mean_evidence, mixture_sprt, sign_evidence

LEVEL = math.log(20)


@pytest.mark.parametrize(
    ("wins", "losses", "expected", "digits"),
    [(5, 5, 0.2461, 4), (8, 2, 1.6758, 4), (65, 35, 7.683, 3), (70, 30, 298.0, 1)],
)
def test_sign_evidence_known_answers(wins, losses, expected, digits):
    assert round(math.exp(sign_evidence(wins, losses)), digits) == expected


@given(st.integers(0, 60))
def test_sign_evidence_is_fair_under_the_null(n):
    total = sum(math.comb(n, k) * math.exp(sign_evidence(k, n - k)) for k in range(n + 1))
    assert total / 2**n == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("n", "expected", "digits"), [(1000, 3.2787, 4), (2000, 28.403, 3)])
def test_mixture_sprt_known_answers(n, expected, digits):
    found = math.exp(mixture_sprt(0.1, n, variance=2.0, prior_variance=0.01))
    assert round(found, digits) == expected


def test_mixture_sprt_is_the_mixture_it_says():
    def likelihood_ratio(theta):
        prior = math.exp(-(theta**2) / (2 * 0.04)) / math.sqrt(2 * math.pi * 0.04)
        return prior * math.exp(50 * (0.3 * theta - theta**2 / 2) / 1.5)

    mixed = integrate.quad(likelihood_ratio, -3, 3)[0]
    found = mixture_sprt(0.3, 50, variance=1.5, prior_variance=0.04)
    assert found == pytest.approx(math.log(mixed), abs=1e-9)
    assert mixture_sprt(0.0, 0, variance=1.0, prior_variance=1.0) == 0.0


def test_bounded_mean_rejects_a_true_null_rarely_however_often_one_looks():
    runs = np.random.default_rng(0).random((1000, 400))
    rejected = np.mean([bounded_mean_evidence(run).max() >= LEVEL for run in runs])
    assert 0.01 <= rejected <= 0.04


@pytest.mark.parametrize("share", [0.1, 0.02])
def test_bounded_mean_keeps_its_level_where_losses_are_rare_and_large(share):
    # Wins almost always, loses everything now and then: the mean is exactly one half.
    rng = np.random.default_rng(3)
    high = 0.5 / (1 - share)
    runs = np.where(rng.random((1000, 400)) < share, 0.0, high)
    rejected = np.mean([bounded_mean_evidence(run).max() >= LEVEL for run in runs])
    assert rejected <= 0.07


def test_bounded_mean_has_power():
    runs = np.random.default_rng(4).beta(6, 4, (200, 400))
    assert np.mean([bounded_mean_evidence(run)[-1] >= LEVEL for run in runs]) > 0.98


def test_bounded_mean_is_predictable_and_never_ruined():
    values = np.random.default_rng(5).random(200)
    path = bounded_mean_evidence(values)
    np.testing.assert_array_equal(path[:120], bounded_mean_evidence(values[:120]))
    assert np.isfinite(bounded_mean_evidence(np.zeros(2000))).all()
    # The first stake is known: capped at one, so the first factor is 1 + (x - 1/2).
    assert path[0] == pytest.approx(math.log(1.0 + values[0] - 0.5))


@pytest.mark.parametrize("values", [[1.1], [-0.1], [math.nan], [[0.5]]])
def test_values_outside_their_bounds_are_refused(values):
    with pytest.raises(BadData, match="expected"):
        bounded_mean_evidence(np.array(values))


def test_refusals():
    for options in ({"mean": 0.0}, {"level": 1.0}, {"cap": 1.0}):
        with pytest.raises(UsageError, match="between 0 and 1"):
            bounded_mean_evidence(np.array([0.5]), **options)
    with pytest.raises(UsageError, match="zero or more"):
        sign_evidence(-1, 2)
    for bad in ({"variance": 0.0, "prior_variance": 1.0}, {"variance": 1.0, "prior_variance": 0.0}):
        with pytest.raises(UsageError, match="positive"):
            mixture_sprt(0.1, 10, **bad)
    assert len(bounded_mean_evidence(np.array([]))) == 0
