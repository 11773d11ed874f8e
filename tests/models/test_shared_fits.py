"""Fits that share their rows rank configurations as the learners' own fits do."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.models import LEARNERS, share_fits
from edgekeeper.models.learners import LightGBM, Logistic
from edgekeeper.testing.learners import market_like

from .conftest import ON_SHELF, SHELF

ROWS, LATER = market_like(1_500, edge=0.5), market_like(600, edge=0.5, seed=2)


@pytest.mark.parametrize("ridge", [1.0, 50.0, 5_000.0])
@pytest.mark.parametrize("limit", [2.0, 8.0])
def test_logistic_scores_as_its_own_fit(ridge, limit):
    learner = Logistic(ridge=ridge, limit=limit)
    own = learner.fit(ROWS, validation=LATER, seed=0).score(LATER.features)
    assert share_fits(Logistic, ROWS, LATER).score(learner, 0) == pytest.approx(own, abs=1e-4)


def test_lightgbm_scores_nearly_as_its_own_fit():
    learner = LightGBM(depth=4, learning_rate=0.1)
    own = learner.fit(ROWS, validation=LATER, seed=3).score(LATER.features)
    shared = share_fits(LightGBM, ROWS, LATER).score(learner, 3)
    assert np.corrcoef(own, shared)[0, 1] > 0.9  # it stops sooner


@pytest.mark.parametrize("name", ON_SHELF)
def test_what_was_tried_before_changes_nothing(name):
    kind = SHELF[name]
    shared = share_fits(kind, ROWS, LATER)
    first = shared.score(kind(), 1)
    space = kind.space()
    rng = np.random.default_rng(0)
    for _ in range(3):
        shared.score(kind(**{name: span.draw(rng) for name, span in space.items()}), 2)
    assert np.array_equal(shared.score(kind(), 1), first)


@pytest.mark.parametrize("name", ON_SHELF)
def test_one_outcome_only_is_forecast_everywhere(name):
    kind = SHELF[name]
    rows = replace(ROWS, target=np.ones(len(ROWS)))
    score = share_fits(kind, rows, LATER).score(kind(), 0)
    assert np.unique(score).size == 1
    assert score[0] > 3


def test_a_learner_that_shares_nothing_is_fitted_alone():
    class Plain:
        name = "plain"

        def fit(self, rows, *, validation, seed):
            return Logistic().fit(rows, validation=validation, seed=seed)

    own = Logistic().fit(ROWS, validation=LATER, seed=0).score(LATER.features)
    assert np.array_equal(share_fits(Plain, ROWS, LATER).score(Plain(), 0), own)


def test_draws_stay_in_their_span():
    rng = np.random.default_rng(5)
    for kind in LEARNERS.values():
        for span in kind.space().values():
            drawn = [span.draw(rng) for _ in range(200)]
            assert all(value in span for value in drawn)
            assert all(isinstance(value, int) for value in drawn) == span.whole
            there_are = int(span.high - span.low) + 1 if span.whole else 200
            assert len(set(drawn)) >= min(6, there_are)
