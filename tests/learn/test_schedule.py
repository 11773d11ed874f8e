from itertools import pairwise

import pytest

from edgekeeper.config import LineConfig
from edgekeeper.learn import RefitSchedule


def due(line, boundaries):
    """Boundaries, as (bars, epochs), at which a fit is due."""
    schedule = RefitSchedule(line)
    return [bars for bars, epochs in boundaries if schedule.due(bars, epochs)]


def daily(last):
    return [(bar, bar) for bar in range(1, last)]


def test_first_at_the_least_bars_then_by_growth_then_by_the_calendar():
    line = LineConfig(name="a", min_bars=100, refit_epochs=63, refit_growth=0.25)
    fits = due(line, daily(700))
    assert fits[0] == 100
    gaps = [b - a for a, b in pairwise(fits)]
    assert gaps == sorted(gaps)
    assert gaps[:2] == [25, 32]
    assert set(gaps[5:]) == {63}


def test_nothing_before_there_are_bars_enough():
    assert due(LineConfig(name="a", min_bars=100), daily(100)) == []
    assert due(LineConfig(name="a", min_bars=100), daily(101)) == [100]


def test_minutes_are_learned_from_by_growth_not_every_day():
    line = LineConfig(name="a", min_bars=500, refit_epochs=63, refit_growth=0.25)
    fits = due(line, [(390 * day, day) for day in range(1, 64)])
    assert fits[0] == 780
    assert len(fits) < 20
    assert all(later >= 1.25 * earlier for earlier, later in pairwise(fits))


@pytest.mark.parametrize("every", [1, 5])
def test_the_calendar_holds_however_long_the_history(every):
    line = LineConfig(name="a", min_bars=30, refit_epochs=every, refit_growth=5.0)
    fits = due(line, daily(60))
    assert fits == list(range(30, 60, every))


def test_a_boundary_is_asked_about_once():
    schedule = RefitSchedule(LineConfig(name="a", min_bars=30))
    assert schedule.due(30, 30)
    assert not schedule.due(30, 30)
