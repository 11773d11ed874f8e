"""No training label ever shares an instant with a test label, for any structure of intervals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.splits import (
    CombinatorialPurged,
    HoldOut,
    InnerSplitter,
    PurgedKFold,
    WalkForward,
    purged,
)

any_structure = settings(
    deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


@st.composite
def label_intervals(draw, min_size=1, max_size=60):
    """(start, end) in any row order, with ties, zero-length labels and some very long ones."""
    longest = draw(st.sampled_from([0, 3, 10, 60]))
    rows = draw(
        st.lists(
            st.tuples(st.integers(-50, 50), st.integers(0, longest)),
            min_size=min_size,
            max_size=max_size,
        )
    )
    start = np.array([a for a, _ in rows], dtype=np.int64)
    return start, start + np.array([b for _, b in rows], dtype=np.int64)


def touching(start, end, train, test):
    """Whether any training label shares an instant with any test label, pair by pair."""
    return bool(
        (
            (start[train][:, None] <= end[test][None, :])
            & (end[train][:, None] >= start[test][None, :])
        ).any()
    )


@given(rows=label_intervals(), data=st.data(), embargo=st.integers(0, 30))
def test_any_choice_of_test_rows(rows, data, embargo):
    start, end = rows
    test = np.array(data.draw(st.lists(st.booleans(), min_size=len(start), max_size=len(start))))
    keep = purged(start, end, test, embargo=embargo)
    assert not touching(start, end, np.flatnonzero(keep), np.flatnonzero(test))


@pytest.mark.parametrize("kind", ["k_fold", "combinatorial"])
@any_structure
@given(rows=label_intervals(min_size=8), groups=st.integers(2, 6), embargo=st.integers(0, 5))
def test_folds(kind, rows, groups, embargo):
    start, end = rows
    tests = 1 if kind == "k_fold" or groups == 2 else 2
    splitter = (
        PurgedKFold(groups, embargo)
        if kind == "k_fold"
        else CombinatorialPurged(groups, tests, embargo)
    )
    times_tested = np.zeros(len(start), dtype=int)
    try:
        for train, test in splitter.split(start, end):
            assert not touching(start, end, train, test)
            times_tested[test] += 1
    except UsageError:
        event("refused: nothing left to train on")
        return
    assert len(set(times_tested)) == 1
    assert times_tested[0] * groups == tests * splitter.get_n_splits()


@any_structure
@given(
    rows=label_intervals(min_size=5),
    folds=st.integers(1, 5),
    initial=st.floats(0.05, 0.9),
    window=st.none() | st.integers(1, 30),
    embargo=st.integers(0, 10),
)
def test_walk_forward_trains_only_on_what_was_known(rows, folds, initial, window, embargo):
    start, end = rows
    try:
        pairs = list(WalkForward(folds, initial, window, embargo).split(start, end))
    except UsageError:
        reject()
    instants = np.unique(start)
    for train, test in pairs:
        assert end[train].max() + embargo < start[test].min()
        before = instants[instants < start[test].min()]
        assert start[train].min() >= before[-(window or len(before)) :].min()
    tested = [test for _, test in pairs]
    assert len(tested) == folds
    assert all(start[a].max() < start[b].min() for a, b in pairwise(tested))
    newest = np.flatnonzero(start >= start[tested[0]].min())
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), newest)


@any_structure
@given(rows=label_intervals(min_size=5), share=st.floats(0.05, 0.9), embargo=st.integers(0, 9))
def test_older_labels_end_before_the_hold_out_begins(rows, share, embargo):
    start, end = rows
    hold_out = HoldOut(share, embargo)
    try:
        older, newest = hold_out.older(start, end), hold_out.read(start, end)
    except UsageError:
        reject()
    begins = start[newest].min()
    assert not touching(start, end, older, newest)
    assert len(newest) >= share * len(start) - 1e-9
    assert (end[older] + embargo < begins).all()
    dropped = np.setdiff1d(np.arange(len(start)), np.concatenate([older, newest]))
    assert (end[dropped] + embargo >= begins).all()


@any_structure
@given(rows=label_intervals(min_size=20), embargo=st.integers(0, 3), seed=st.integers(0, 9))
def test_parts_of_the_inner_split_follow_each_other(rows, embargo, seed):
    start, end = rows
    pick = np.random.default_rng(seed).permutation(len(start))[:15]
    try:
        fit, stop, calibrate = InnerSplitter(0.5, 0.2, embargo).split(start, end, pick)
    except UsageError:
        reject()
    assert set(np.concatenate([fit, stop, calibrate])) <= set(pick)
    assert end[fit].max() + embargo < start[stop].min()
    assert end[stop].max() + embargo < start[calibrate].min()
