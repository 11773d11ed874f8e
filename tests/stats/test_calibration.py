import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.calibration import (
    brier_score,
    calibration_error,
    effective_size,
    fit_sigmoid,
    reliability,
    sigmoid,
    wilson_interval,
)


def draw(rows, intercept, slope, seed=0):
    random = np.random.default_rng(seed)
    score = random.standard_normal(rows)
    chance = sigmoid(intercept + slope * score)
    return score, (random.random(rows) < chance).astype(float), chance


def test_fit_recovers_the_truth():
    score, outcome, _ = draw(200_000, -0.3, 0.7)
    fit = fit_sigmoid(score, outcome)
    assert fit.intercept == pytest.approx(-0.3, abs=0.02)
    assert fit.slope == pytest.approx(0.7, abs=0.02)


def test_fit_is_the_optimum_that_scipy_finds():
    from scipy.optimize import minimize

    score, outcome, _ = draw(300, 0.2, 0.5, seed=3)
    weight = np.random.default_rng(4).uniform(0.2, 1.0, 300)
    fit = fit_sigmoid(score, outcome, weight, prior_rows=40.0)
    w = weight * effective_size(weight) / weight.sum()
    up, down = w[outcome == 1].sum(), w[outcome == 0].sum()
    goal = np.where(outcome == 1, (up + 1) / (up + 2), 1 / (down + 2))

    def loss(x):
        z = x[0] + x[1] * score
        return w @ (np.logaddexp(0, z) - goal * z) + 5.0 * x[1] ** 2

    best = minimize(loss, [0.0, 0.0], tol=1e-12).x
    assert [fit.intercept, fit.slope] == pytest.approx(best, abs=1e-5)


def test_useless_score_gives_the_base_rate():
    random = np.random.default_rng(1)
    outcome = (random.random(500) < 0.4).astype(float)
    fit = fit_sigmoid(random.standard_normal(500), outcome, prior_rows=100)
    assert abs(fit.slope) < 0.15
    assert float(fit.probability(np.zeros(1))[0]) == pytest.approx(outcome.mean(), abs=0.01)


def test_slope_of_the_forbidden_sign_becomes_the_base_rate():
    score, outcome, _ = draw(1_000, 0.5, -1.0)
    fit = fit_sigmoid(score, outcome, sign=1)
    assert fit.slope == 0.0
    smoothed = (outcome.sum() + 1) / (len(outcome) + 2)
    assert float(fit.probability(np.array([9.0]))[0]) == pytest.approx(smoothed, abs=2e-3)
    assert fit_sigmoid(score, outcome, sign=-1).slope < -0.8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.booleans()), min_size=1, max_size=30),
    st.floats(0.0, 1e3),
    st.sampled_from([-1, 0, 1]),
)
def test_fit_is_finite_and_signed_whatever_comes(rows, prior, sign):
    score = np.array([x for x, _ in rows])
    outcome = np.array([float(y) for _, y in rows])
    fit = fit_sigmoid(score, outcome, prior_rows=prior, sign=sign)
    assert np.isfinite([fit.intercept, fit.slope]).all()
    assert sign == 0 or fit.slope * sign >= 0.0
    chance = fit.probability(score)
    assert ((chance >= 0.0) & (chance <= 1.0)).all()


def test_weights_equal_repetition():
    score, outcome, _ = draw(60, 0.0, 1.0)
    twice = fit_sigmoid(np.tile(score, 2), np.tile(outcome, 2), np.full(120, 0.5))
    once = fit_sigmoid(score, outcome)
    assert [twice.intercept, twice.slope] == pytest.approx([once.intercept, once.slope], abs=1e-9)


def test_effective_size():
    assert effective_size(np.ones(10)) == 10
    assert effective_size(np.full(100, 0.1)) == pytest.approx(10)
    assert effective_size(np.array([1.0, 0.0, 0.0])) == 1
    assert effective_size(np.array([1.9, 0.1])) == pytest.approx(4 / 3.62)
    assert effective_size(np.zeros(3)) == 0


def test_wilson_known_answers():
    # Agresti & Coull (1998), "Approximate is better than exact": 0 of 10 and 5 of 10.
    low, high = wilson_interval(0.0, 10)
    assert (low, high) == (pytest.approx(0.0, abs=1e-12), pytest.approx(0.2775, abs=1e-4))
    assert wilson_interval(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson_interval(0.5, 0) == (0.0, 1.0)


def test_wilson_covers():
    random = np.random.default_rng(2)
    shares = random.binomial(80, 0.12, 2_000) / 80
    bands = np.array([wilson_interval(s, 80) for s in shares])
    assert ((bands[:, 0] <= 0.12) & (bands[:, 1] >= 0.12)).mean() == pytest.approx(0.95, abs=0.02)


def test_brier_and_calibration_error_of_perfect_and_boastful_forecasts():
    score, outcome, chance = draw(40_000, 0.0, 1.0)
    assert calibration_error(chance, outcome) < 0.012
    assert reliability(chance, outcome).outside <= 2
    boast = sigmoid(3.0 * score)
    assert calibration_error(boast, outcome) > 0.12
    assert reliability(boast, outcome).outside >= 8
    assert brier_score(chance, outcome) < brier_score(boast, outcome)
    assert brier_score(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0.0
    assert brier_score(np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.array([3.0, 1.0])) == 0.25


def test_reliability_by_hand():
    stated = np.array([0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8])
    outcome = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    table = reliability(stated, outcome, bins=2)
    assert table.stated.tolist() == pytest.approx([0.2, 0.8])
    assert table.observed.tolist() == [0.25, 1.0]
    assert table.weight.tolist() == [0.5, 0.5]
    assert calibration_error(stated, outcome, bins=2) == pytest.approx(0.125)
    overlapping = reliability(stated, outcome, np.full(8, 0.5), bins=2)
    assert overlapping.effective.tolist() == [2.0, 2.0]
    assert (overlapping.high - overlapping.low > table.high - table.low).all()


def test_equal_forecasts_share_one_bin():
    assert len(reliability(np.full(50, 0.5), np.arange(50) % 2.0).stated) == 1


@pytest.mark.parametrize(
    ("score", "outcome", "weight"),
    [
        ([], [], None),
        ([1.0, 2.0], [1.0], None),
        ([np.nan], [1.0], None),
        ([np.inf], [1.0], None),
        ([0.0], [0.5], None),
        ([0.0], [np.nan], None),
        ([0.0], [1.0], [-1.0]),
        ([0.0], [1.0], [np.nan]),
        ([0.0], [1.0], [0.0]),
        ([[0.0]], [[1.0]], None),
    ],
)
def test_bad_rows_are_refused(score, outcome, weight):
    weights = None if weight is None else np.array(weight)
    for function in (fit_sigmoid, brier_score, reliability, calibration_error):
        with pytest.raises(BadData, match="expected"):
            function(np.array(score), np.array(outcome), weights)


def test_no_bins_are_refused():
    with pytest.raises(UsageError, match="bin"):
        reliability(np.array([0.5]), np.array([1.0]), bins=0)
