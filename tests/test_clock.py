import time

import pytest

from edgekeeper.clock import ManualClock, WallClock
from edgekeeper.errors import UsageError


def test_a_manual_clock_stands_still_until_it_is_moved():
    clock = ManualClock(5)
    assert (clock.now_ns(), clock.now_ns()) == (5, 5)
    clock.advance_to(5)
    clock.advance_to(9)
    assert clock.now_ns() == 9


def test_market_time_never_runs_backwards():
    clock = ManualClock(10)
    with pytest.raises(UsageError, match="at or after 10, got 9"):
        clock.advance_to(9)
    assert clock.now_ns() == 10


def test_the_wall_clock_reads_the_machine():
    before = time.time_ns()
    now = WallClock().now_ns()
    assert before <= now <= time.time_ns()
