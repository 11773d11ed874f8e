"""How far importance moved between two fits: nothing for the same, all for another feature."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.learn.importance_shift import importance_shift
from edgekeeper.models import Model, Reference


class Weighted:
    """A score that is a weighted sum of its columns."""

    def __init__(self, *weights):
        self.weights = np.array(weights)

    def score(self, features):
        return features @ self.weights


def model(*weights, names="abc"):
    rows = np.random.default_rng(0).standard_normal((50, len(weights))).astype(np.float32)
    return Model(
        features=dict.fromkeys(names[: len(weights)], "close"), volatility="v",
        fitted=Weighted(*weights), heads=None, reference=Reference.fit(rows),
        learner="x", parameters={}, seed=0,
    )  # fmt: skip


ROWS = np.random.default_rng(1).standard_normal((200, 3)).astype(np.float32)


def test_a_first_fit_has_moved_nothing_that_is_known():
    assert importance_shift(None, model(1.0, 0.0, 0.0), ROWS) is None


def test_the_same_model_moves_nothing_and_another_feature_everything():
    one = model(1.0, 0.0, 0.0)
    assert importance_shift(one, replace(one), ROWS) == 0.0
    assert importance_shift(one, model(0.0, 2.0, 0.0), ROWS) == pytest.approx(1.0)
    half = importance_shift(one, model(1.0, 1.0, 0.0), ROWS)
    assert half == pytest.approx(0.5, abs=0.05)


def test_it_does_not_depend_on_which_came_first():
    first, second = model(1.0, 0.3, 0.1), model(0.2, 0.9, 0.4)
    there, back = importance_shift(first, second, ROWS), importance_shift(second, first, ROWS)
    assert there == pytest.approx(back)
    assert 0.0 < there < 1.0
