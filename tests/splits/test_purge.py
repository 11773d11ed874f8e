"""Purging: the book's rule, and that nothing ever leaks through it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.splits import intervals, purged, segments, training_rows


def by_the_book(start, end, test, embargo):
    """The rule for one row at a time, from the words of the rule alone."""
    stretches, current = [], []
    for instant in sorted(set(start)):
        here = [i for i in range(len(start)) if start[i] == instant and test[i]]
        if here:
            current += here
        elif current:
            stretches.append(current)
            current = []
    stretches += [current] if current else []
    keep = []
    for i in range(len(start)):
        good = not test[i]
        for stretch in stretches:
            first, last = min(start[stretch]), max(end[stretch])
            if start[i] <= last and end[i] >= first:
                good = False
            if last < start[i] <= last + embargo:
                good = False
        keep.append(good)
    return keep


@given(
    rows=st.lists(
        st.tuples(st.integers(-50, 50), st.integers(0, 40), st.booleans()), min_size=1, max_size=60
    ),
    embargo=st.integers(0, 30),
)
def test_equals_the_rule_one_row_at_a_time(rows, embargo):
    start, length, test = (np.array(column) for column in zip(*rows, strict=True))
    keep = purged(start, start + length, test, embargo=embargo)
    assert keep.tolist() == by_the_book(start, start + length, test, embargo)


def test_intervals_are_closed_on_both_sides():
    start = np.array([0, 5, 6, 10, 11, 12])
    end = np.array([4, 5, 9, 10, 11, 13])
    test = np.array([False, False, True, False, False, False])
    # [6, 9] is tested: [5, 5] ends just before it, [10, 10] starts just after it.
    assert purged(start, end, test).tolist() == [True, True, False, True, True, True]
    assert purged(start, end + 1, test).tolist() == [True, False, False, False, True, True]
    assert purged(start, end, test, embargo=2).tolist() == [True, True, False, False, False, True]


def test_a_gap_in_the_test_rows_is_trained_on_only_between_the_segments():
    start = np.arange(30)
    end = start + 2
    test = np.isin(start, [5, 6, 20, 21])
    assert segments(start, end, test).tolist() == [[5, 8], [20, 23]]
    kept = np.flatnonzero(purged(start, end, test, embargo=1)).tolist()
    assert kept == [0, 1, 2, *range(10, 18), *range(25, 30)]


def test_rows_of_one_instant_are_purged_with_their_tested_neighbours():
    start = np.array([0, 0, 1, 1, 2, 2])
    test = np.array([False, False, True, False, False, False])
    assert purged(start, start, test).tolist() == [True, True, False, False, True, True]


def test_far_times_do_not_overflow():
    far = np.iinfo(np.int64).max - 1
    start, end = np.array([0, 10, 20]), np.array([1, far, 21])
    test = np.array([False, True, False])
    assert purged(start, end, test, embargo=1_000).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ([], [], "at least one label"),
        ([1, 2], [1], "one start and one end"),
        ([[1]], [[1]], "one start and one end"),
        ([2], [1], "end >= start"),
        ([1.0], [2.0], "integers"),
        ([1], [np.iinfo(np.int64).max], "outcome is known, got 1"),
    ],
)
def test_impossible_intervals_are_refused(start, end, says):
    with pytest.raises(UsageError, match=says):
        intervals(np.array(start), np.array(end))


def test_bad_masks_and_negative_embargo_are_refused():
    start = np.arange(3)
    with pytest.raises(UsageError, match="mask of 3 rows"):
        purged(start, start, np.array([True]))
    with pytest.raises(UsageError, match="embargo"):
        purged(start, start, start == 1, embargo=-1)
    with pytest.raises(UsageError, match="none of 3 after purging"):
        training_rows(start, start + 9, start == 1)
