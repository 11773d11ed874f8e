from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.trade import cut_epochs

HOUR = 3_600 * 10**9
DAY = 24 * HOUR


def test_a_session_is_a_day_and_a_bar_is_a_bar():
    times = np.array([1, 2, 25, 26, 49]) * HOUR
    assert cut_epochs(times, "session").tolist() == [0, 2, 4, 5]
    assert cut_epochs(times, "bar").tolist() == [0, 1, 2, 3, 4, 5]


def test_midnight_belongs_to_the_new_day():
    assert cut_epochs(np.array([DAY - 1, DAY, DAY + 1]), "session").tolist() == [0, 1, 3]


@pytest.mark.parametrize("kind", ["session", "bar"])
def test_one_instant_is_one_epoch(kind):
    assert cut_epochs(np.array([5]), kind).tolist() == [0, 1]


def test_days_before_1970_are_days_too():
    assert cut_epochs(np.array([-DAY - 1, -1, 0]), "session").tolist() == [0, 1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20 * 24), min_size=1, max_size=60, unique=True))
def test_epochs_cover_every_instant_once_and_no_day_is_shared(hours):
    times = np.sort(np.array(hours)) * HOUR
    cuts = cut_epochs(times, "session")
    assert cuts[0] == 0
    assert cuts[-1] == len(times)
    assert (np.diff(cuts) > 0).all()
    days = [set((times[a:b] // DAY).tolist()) for a, b in pairwise(cuts)]
    assert all(len(day) == 1 for day in days)
    assert len(set.union(*days)) == len(days)


def test_more_history_moves_no_boundary():
    times = np.arange(100) * 5 * HOUR
    whole = cut_epochs(times, "session")
    part = cut_epochs(times[:50], "session")
    assert part[:-1].tolist() == whole[: len(part) - 1].tolist()
