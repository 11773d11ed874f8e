import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.report.axis import (
    growth_ticks,
    percent_ticks,
    share_ticks,
    time_ticks,
    wealth_ticks,
)

MINUTE_NS = 60 * 10**9


@given(st.floats(-9, 9), st.floats(1e-3, 25))
@pytest.mark.parametrize("ticks", [growth_ticks, wealth_ticks, percent_ticks, share_ticks])
def test_ticks_lie_inside_in_order_with_labels_of_their_own(ticks, low, span):
    found = ticks(low, low + span)
    positions = [tick.position for tick in found]
    assert all(low - 1e-6 * span <= p <= low + span * (1 + 1e-6) for p in positions)
    assert positions == sorted(positions)
    labels = [tick.label for tick in found]
    assert len(set(labels)) == len(labels)
    assert len(labels) <= 8


@given(st.integers(0, 2 * 10**18), st.integers(5 * MINUTE_NS, 60 * 365 * 1440 * MINUTE_NS))
def test_time_ticks_fall_on_calendar_steps(first, span):
    ticks = time_ticks(first, first + span)
    assert len(ticks) <= 8
    assert all(first <= tick.position <= first + span for tick in ticks)
    if span > 400 * 1440 * MINUTE_NS:
        dates = np.asarray([tick.position for tick in ticks]).astype("int64")
        assert (dates % MINUTE_NS < 2**12).all()  # positions are floats of 53 bits
        assert len(ticks) >= 2


def test_a_small_move_is_labelled_finely():
    labels = [tick.label for tick in growth_ticks(math.log(0.997), math.log(1.004))]
    assert "0.0%" in labels
    assert "+0.2%" in labels


def test_a_flat_range_has_one_tick():
    assert [tick.position for tick in percent_ticks(0.0, 0.0)] == [0.0]
