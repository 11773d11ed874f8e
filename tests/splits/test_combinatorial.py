"""Combinatorial purged splits: the known count, whole paths, no leak."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.splits import CombinatorialPurged


def test_six_groups_two_tested_make_fifteen_splits_and_five_paths():
    cv = CombinatorialPurged(6, 2)
    start = np.arange(60)
    assert cv.get_n_splits() == len(list(cv.split(start, start))) == 15
    assert cv.paths().shape == (5, 6)


@given(st.integers(2, 8), st.data())
def test_paths_use_every_tested_group_of_every_split_exactly_once(groups, data):
    tested = data.draw(st.integers(1, groups - 1))
    cv = CombinatorialPurged(groups, tested)
    paths = cv.paths()
    assert paths.shape == (cv.n_paths, groups)
    used = [(int(split), group) for path in paths for group, split in enumerate(path)]
    expected = [(i, group) for i, chosen in enumerate(cv.tested_groups()) for group in chosen]
    assert sorted(used) == sorted(expected)


def test_tested_groups_side_by_side_are_one_segment():
    start = np.arange(60)
    cv = CombinatorialPurged(6, 2, embargo=0)
    for (train, _), chosen in zip(cv.split(start, start + 1), cv.tested_groups(), strict=True):
        apart = all(b - a > 1 for a, b in pairwise(chosen))
        edges = sum(2 - (g == 0) - (g == 5) for g in chosen) - (0 if apart else 2)
        assert len(train) == 40 - edges


@pytest.mark.parametrize(("groups", "tested"), [(6, 0), (6, 6), (1, 1), (40, 20)])
def test_impossible_settings_are_refused(groups, tested):
    with pytest.raises(UsageError, match="expected"):
        CombinatorialPurged(groups, tested)
