"""Scores against those of the same bar: what they share drops out, and nothing else does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.models.peers import relative_scores


@st.composite
def rows(draw):
    """Scores of bars of a few symbols each, some rows not counted; bars in order of time."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=12))
    time = np.repeat(10**18 + 60 * 10**9 * np.arange(len(sizes)), sizes)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    score = draw(st.sampled_from([1e-6, 1.0, 1e6])) * random.standard_normal(len(time))
    return score, time, random.random(len(time)) < 0.8


@settings(max_examples=100, deadline=None)
@given(rows(), st.floats(-1e3, 1e3))
def test_scores_of_a_bar_have_a_mean_of_zero_and_keep_their_differences(drawn, shift):
    score, time, counted = drawn
    found = relative_scores(score, time, counted)
    assert np.isnan(found[~counted]).all()
    size = np.abs(score).max() + 1e-12
    for at in np.unique(time):
        peers = counted & (time == at)
        if peers.any():
            assert found[peers].mean() == pytest.approx(0.0, abs=1e-12 * size)
            apart = score[peers] - found[peers]
            assert np.ptp(apart) <= 1e-12 * size
    moved = relative_scores(score + shift * (time - time[0]) / 10**11, time, counted)
    assert moved == pytest.approx(found, abs=1e-9 * (size + abs(shift)), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_a_bar_alone_has_the_same_bits_as_among_others(drawn):
    score, time, counted = drawn
    whole = relative_scores(score, time, counted)
    for at in np.unique(time):
        one = time == at
        assert np.array_equal(
            relative_scores(score[one], time[one], counted[one]), whole[one], equal_nan=True
        )


def test_who_is_not_counted_is_nobodys_peer():
    score, time = np.array([1.0, 3.0, 100.0]), np.array([5, 5, 5])
    found = relative_scores(score, time, np.array([True, True, False]))
    assert found[:2].tolist() == [-1.0, 1.0]
    assert np.isnan(found[2])


def test_bars_in_any_order_and_symbols_alone():
    score, time = np.array([1.0, 7.0, 3.0, 9.0]), np.array([2, 1, 2, 3])
    for times in (time, time.tolist()):
        assert relative_scores(score, times, np.ones(4, bool)).tolist() == [-1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize("rows", [0, 3])
def test_nothing_to_compare(rows):
    found = relative_scores(np.ones(rows), np.arange(rows), np.zeros(rows, bool))
    assert len(found) == rows
    assert np.isnan(found).all()


@pytest.mark.parametrize("time", [None, np.arange(3), np.zeros((2, 1), np.int64)])
def test_without_a_time_a_row_it_says_what_is_missing(time):
    with pytest.raises(BadData, match=r"event_time, the time of each row's bar, for 2 rows, got"):
        relative_scores(np.zeros(2), time, np.ones(2, bool))
