import math

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.stats.streaks import mean_wait_for_streak


def test_known_answers():
    assert mean_wait_for_streak(0.5, 1) == 2.0
    assert mean_wait_for_streak(0.5, 3) == 14.0
    assert mean_wait_for_streak(0.0, 3) == math.inf
    assert mean_wait_for_streak(1.0, 3) == 3.0
    assert mean_wait_for_streak(1e-200, 3) == math.inf


@pytest.mark.parametrize(("chance", "length"), [(0.5, 3), (0.4, 2), (0.7, 4)])
def test_it_is_what_simulation_gives(chance, length):
    rng = np.random.default_rng(1)
    waits, streak, wait = [], 0, 0
    for lost in rng.random(200_000) < chance:
        wait += 1
        streak = streak + 1 if lost else 0
        if streak == length:
            waits.append(wait)
            streak = wait = 0
    error = np.std(waits) / np.sqrt(len(waits))
    assert abs(np.mean(waits) - mean_wait_for_streak(chance, length)) < 4 * error


@pytest.mark.parametrize(("chance", "length"), [(-0.1, 3), (1.1, 3), (math.nan, 3), (0.5, 0)])
def test_nonsense_is_refused(chance, length):
    with pytest.raises(UsageError):
        mean_wait_for_streak(chance, length)
