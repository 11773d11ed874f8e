import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.interval import (
    DAY_NS,
    MINUTE_NS,
    infer_interval,
    interval_name,
    parse_interval,
)


@given(st.integers(1, 1440))
def test_names_and_lengths_are_inverse(minutes):
    assert parse_interval(interval_name(minutes * MINUTE_NS)) == minutes * MINUTE_NS


@pytest.mark.parametrize("text", ["1m", "1 min", "minute", "60m", "1h", "1 hour", "1d", "daily"])
def test_usual_spellings(text):
    assert parse_interval(text) in (MINUTE_NS, 60 * MINUTE_NS, DAY_NS)


@pytest.mark.parametrize("text", ["", "0m", "2d", "1w", "5x", "-1m", "1.5h", "m5", "25h"])
def test_refuses_what_is_no_interval(text):
    with pytest.raises(UsageError, match="1m"):
        parse_interval(text)


def test_infers_through_gaps_and_weekends():
    days = np.array([0, 1, 2, 3, 4, 7, 8, 9, 14], dtype=np.int64) * DAY_NS
    assert infer_interval(np.zeros(9, np.int32), days) == DAY_NS
    minutes = np.array([0, 5, 10, 15, 45, 50], dtype=np.int64) * MINUTE_NS
    assert infer_interval(np.zeros(6, np.int32), minutes[::-1]) == 5 * MINUTE_NS


def test_refuses_one_bar_each_and_mixed_and_ticks_and_weeks():
    with pytest.raises(BadData, match="at least two bars"):
        infer_interval(np.array([0, 1], np.int32), np.array([0, 5]) * MINUTE_NS)
    codes = np.array([0, 0, 0, 1, 1, 1], np.int32)
    with pytest.raises(BadData, match=r"1m, 5m apart"):
        infer_interval(codes, np.array([0, 1, 2, 0, 5, 10]) * MINUTE_NS)
    with pytest.raises(BadData, match="ticks"):
        infer_interval(np.zeros(3, np.int32), np.array([0, 10**9, 2 * 10**9]))
    with pytest.raises(BadData, match="7 days"):
        infer_interval(np.zeros(3, np.int32), np.array([0, 7, 14]) * DAY_NS)
