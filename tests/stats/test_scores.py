import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from edgekeeper.stats.scores import auc, log_loss, score_probabilities


def sample(seed, n=400, ties=False):
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.01, 0.99, n)
    if ties:
        probability = np.round(probability, 1).clip(0.1, 0.9)
    return rng.random(n) < probability**2 + 0.2, probability


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_scores_agree_with_scikit_learn(seed, ties):
    outcome, probability = sample(seed, ties=ties)
    found = score_probabilities(outcome, probability)
    said = probability > 0.5
    assert found.count == 400
    assert found.auc == pytest.approx(metrics.roc_auc_score(outcome, probability), abs=1e-12)
    assert found.log_loss == pytest.approx(metrics.log_loss(outcome, probability), abs=1e-12)
    assert found.brier == pytest.approx(metrics.brier_score_loss(outcome, probability), abs=1e-12)
    assert found.f1 == pytest.approx(metrics.f1_score(outcome, said), abs=1e-12)
    assert found.precision == pytest.approx(metrics.precision_score(outcome, said), abs=1e-12)
    assert found.recall == pytest.approx(metrics.recall_score(outcome, said), abs=1e-12)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(outcome, said), abs=1e-12)
    assert found.base_rate == pytest.approx(outcome.mean())
    assert found.majority == pytest.approx(max(outcome.mean(), 1 - outcome.mean()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(rows):
    outcome = np.array([o for o, _ in rows])
    probability = np.array([p / 5 for _, p in rows])
    wins, losses = probability[outcome], probability[~outcome]
    if len(wins) == 0 or len(losses) == 0:
        assert math.isnan(auc(outcome, probability))
        return
    pairs = np.sign(wins[:, None] - losses[None, :])
    assert auc(outcome, probability) == pytest.approx((pairs.mean() + 1) / 2, abs=1e-12)


def test_accuracy_stands_beside_what_guessing_would_get():
    outcome = np.array([True] * 9 + [False])
    found = score_probabilities(outcome, np.full(10, 0.9))
    assert (found.accuracy, found.majority) == (0.9, 0.9)


def test_missing_probabilities_are_left_out_not_counted_as_zero():
    outcome, probability = sample(1)
    holes = probability.copy()
    holes[::3] = np.nan
    known = np.isfinite(holes)
    assert score_probabilities(outcome, holes) == score_probabilities(
        outcome[known], probability[known]
    )


@pytest.mark.parametrize("probability", [[], [math.nan, math.nan]])
def test_nothing_known_is_nothing_scored(probability):
    found = score_probabilities(np.zeros(len(probability), dtype=bool), np.array(probability))
    assert found.count == 0
    assert math.isnan(found.accuracy)
    assert math.isnan(found.auc)


def test_what_is_undefined_is_not_a_number():
    never = score_probabilities(np.array([True, False]), np.array([0.1, 0.2]))
    assert math.isnan(never.precision)
    assert never.recall == 0.0
    assert math.isnan(never.f1)
    one_class = score_probabilities(np.array([True, True]), np.array([0.9, 0.2]))
    assert math.isnan(one_class.auc)
    assert one_class.recall == 0.5


def test_log_loss_stays_finite_where_certainty_was_wrong():
    loss = log_loss(np.array([True, False, True]), np.array([0.0, 1.0, 0.5]))
    assert np.isfinite(loss).all()
    assert loss[:2] == pytest.approx(-math.log(1e-9))
    assert loss[2] == pytest.approx(math.log(2))
