"""Purged folds: each row tested once, no leak, the same as a plain restatement."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.splits import CombinatorialPurged, PurgedKFold, time_groups


def test_without_overlap_nothing_is_purged():
    start = np.arange(100)
    for train, test in PurgedKFold(5).split(start, start):
        assert len(train) == 80
        assert len(test) == 20


def test_a_panel_is_never_cut_within_an_instant():
    start = np.repeat(np.arange(7), 3)
    group = time_groups(start, 3)
    assert group.reshape(7, 3).std(axis=1).max() == 0
    assert np.bincount(group).tolist() == [9, 6, 6]


def test_one_test_group_is_k_fold():
    rng = np.random.default_rng(1)
    start = rng.integers(0, 60, 90)
    end = start + rng.integers(0, 5, 90)
    folds = list(PurgedKFold(6, embargo=2).split(start, end))
    single = list(CombinatorialPurged(6, 1, embargo=2).split(start, end))
    for (train, test), (train_one, test_one) in zip(folds, single, strict=True):
        np.testing.assert_array_equal(train, train_one)
        np.testing.assert_array_equal(test, test_one)


def test_more_folds_than_instants_is_refused():
    with pytest.raises(UsageError, match="3 groups and 2 instants"):
        next(PurgedKFold(3).split(np.array([1, 1, 2]), np.array([1, 1, 2])))
    with pytest.raises(UsageError, match="at least 2 groups"):
        next(PurgedKFold(1).split(np.arange(3), np.arange(3)))
