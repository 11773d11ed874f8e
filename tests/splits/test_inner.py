"""The inner split: fit, stop, calibrate, later each, with no label reaching into the next."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.splits import HoldOut, InnerSplitter


def test_shares_of_a_long_panel():
    start = np.repeat(np.arange(1000), 8)
    end = start + 10
    hold_out = HoldOut()
    older = hold_out.older(start, end)
    parts = InnerSplitter().split(start, end, older)
    assert [round(len(part) / len(older), 2) for part in parts] == [0.69, 0.09, 0.2]
    assert end[parts.calibrate].max() < hold_out.begins(start)


def test_too_short_a_history_says_which_part_is_empty():
    start = np.arange(10)
    with pytest.raises(UsageError, match="rows to stop, got none of 10"):
        InnerSplitter().split(start, start + 1, start)
    with pytest.raises(UsageError, match="at least one label"):
        InnerSplitter().split(start, start, np.empty(0, int))


@pytest.mark.parametrize("shares", [(0, 0.1), (0.5, 0), (0.9, 0.1), (np.nan, 0.1)])
def test_impossible_shares_are_refused(shares):
    with pytest.raises(UsageError, match="fit and stop"):
        InnerSplitter(*shares)
