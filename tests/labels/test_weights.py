"""Weights: the book's example, a plain recomputation, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.labels import TripleBarrier, average_uniqueness, label_uniqueness, recency


def test_known_answers():
    unique = average_uniqueness(np.array([0, 2, 4]), np.array([2, 3, 5]))
    np.testing.assert_allclose(unique, [5 / 6, 3 / 4, 1], rtol=1e-15)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=30))
def test_equals_a_table_of_who_is_alive_when(spans):
    first = np.array([a for a, _ in spans])
    last = first + np.array([b for _, b in spans])
    bars = np.arange(60)
    alive = (first[:, None] <= bars) & (bars <= last[:, None])
    share = alive / np.maximum(alive.sum(axis=0), 1)
    expected = share.sum(axis=1) / alive.sum(axis=1)
    np.testing.assert_allclose(average_uniqueness(first, last), expected, rtol=1e-12)


def panel(symbols):
    length = 30
    price = np.full(length * symbols, 100.0)
    return Bars.from_arrays(
        symbol=np.repeat([f"S{s}" for s in range(symbols)], length),
        event_time=np.tile(np.arange(length), symbols),
        open=price,
        high=price,
        low=price,
        close=price,
    )


def test_labels_of_a_flat_market_overlap_fully_and_symbols_do_not_crowd_each_other():
    for symbols in (1, 4):
        bars = panel(symbols)
        labels = TripleBarrier(horizon=5).label(bars, np.full(len(bars), 0.1))
        unique = label_uniqueness(labels, bars)
        known = ~np.isnan(unique)
        assert known.sum() == 25 * symbols
        assert unique[bars.event_time == 12] == pytest.approx([0.2] * symbols)
        # Every bar that any label covers is shared out exactly once.
        assert (unique[known] * 5).sum() == pytest.approx(29 * symbols)


def test_rows_without_an_outcome_crowd_nobody():
    bars = panel(1)
    volatility = np.full(len(bars), np.nan)
    volatility[[3, 20]] = 0.1
    labels = TripleBarrier(horizon=5).label(bars, volatility)
    unique = label_uniqueness(labels, bars)
    assert unique[[3, 20]].tolist() == [1.0, 1.0]
    assert np.isnan(np.delete(unique, [3, 20])).all()


def test_other_bars_than_the_labels_were_made_from_are_refused():
    labels = TripleBarrier().label(panel(1), np.full(30, 0.1))
    with pytest.raises(UsageError, match="30 rows"):
        label_uniqueness(labels, panel(2))


@pytest.mark.parametrize(
    ("first", "last"), [([1], [0]), ([-1], [0]), ([0, 1], [1]), ([[0]], [[1]])]
)
def test_impossible_spans_are_refused(first, last):
    with pytest.raises(UsageError, match="expected"):
        average_uniqueness(np.array(first), np.array(last))


def test_no_spans_have_no_weights():
    assert average_uniqueness(np.empty(0, int), np.empty(0, int)).shape == (0,)


def test_recency_halves_with_age_and_refuses_the_future():
    assert recency(np.array([0, 10]), now_ns=20, half_life_ns=10).tolist() == [0.25, 0.5]
    with pytest.raises(UsageError, match="1 later"):
        recency(np.array([0, 21]), now_ns=20, half_life_ns=10)
    with pytest.raises(UsageError, match="positive"):
        recency(np.array([0]), now_ns=20, half_life_ns=0)
