"""The hold-out: newest rows, purged from the older ones, every reading counted."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.splits import HoldOut, Readings


def test_only_reading_counts_and_only_overlapping_periods_count_together():
    readings = Readings()
    start = np.arange(100)
    hold_out = HoldOut(0.2, readings=readings)
    hold_out.older(start, start + 3)
    assert hold_out.uses(start, start + 3) == 0
    hold_out.read(start, start + 3)
    later = HoldOut(0.2, readings=readings)
    assert later.uses(start + 10, start + 13) == 1
    later.read(start + 10, start + 13)
    assert hold_out.uses(start, start + 3) == 2
    assert hold_out.uses(start + 1000, start + 1003) == 0
    assert readings.periods == [(80, 102), (90, 112)]


def test_two_hold_outs_do_not_share_readings_by_accident():
    start = np.arange(10)
    HoldOut().read(start, start)
    assert HoldOut().uses(start, start) == 0


def test_rows_of_one_instant_stay_together():
    start = np.repeat(np.arange(10), 4)
    newest = HoldOut(0.15).read(start, start)
    assert np.unique(start[newest]).tolist() == [8, 9]
    assert len(newest) == 8


@pytest.mark.parametrize("settings", [{"share": 0}, {"share": 1}, {"share": np.nan}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError, match="share"):
        HoldOut(**settings)


def test_no_or_one_instant_is_refused():
    with pytest.raises(UsageError, match="at least one label"):
        HoldOut().read(np.empty(0, int), np.empty(0, int))
    with pytest.raises(UsageError, match="several instants"):
        HoldOut().read(np.zeros(9, int), np.ones(9, int))
