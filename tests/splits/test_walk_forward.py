"""Walk-forward: only what was known before each test is trained on."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.splits import WalkForward


def test_expanding_keeps_everything_and_rolling_forgets():
    start = np.repeat(np.arange(20), 2)
    expanding = list(WalkForward(folds=2, initial=0.5).split(start, start))
    assert [len(train) for train, _ in expanding] == [20, 30]
    rolling = list(WalkForward(folds=2, initial=0.5, window=4).split(start, start))
    assert [np.unique(start[train]).tolist() for train, _ in rolling] == [
        [6, 7, 8, 9],
        [11, 12, 13, 14],
    ]


def test_scikit_learn_takes_the_splits_as_they_are():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_score

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = X @ [1.0, -1.0] + rng.normal(0, 0.1, 200)
    start = np.arange(200)
    cv = list(WalkForward(folds=4).split(start, start + 5))
    scores = cross_val_score(Ridge(), X, y, cv=cv)
    assert scores.shape == (4,)
    assert scores.min() > 0.95


@pytest.mark.parametrize(
    "settings",
    [{"folds": 0}, {"initial": 0}, {"initial": 1}, {"window": 0}, {"embargo": -1}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        WalkForward(**settings)


def test_too_short_a_history_is_refused():
    start = np.arange(5)
    with pytest.raises(UsageError, match="at least 9 instants"):
        next(WalkForward(folds=9).split(start, start))
    with pytest.raises(UsageError, match="longer than the window"):
        next(WalkForward(folds=2, window=1).split(start, start + 3))
