"""The demo's market: the same bars whenever asked, and a clock that waits for the loop."""

import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market.live import kind_of, open_live_source
from edgekeeper.market.live.demo import DEMO_SYMBOLS, FastClock, demo_clock
from edgekeeper.market.live.source import LIVE_ROWS

DAY = 86_400 * 10**9
START = 946_684_800 * 10**9


def test_bars_are_the_same_however_they_are_asked_for():
    demo = open_live_source("demo")
    all_at_once = demo.history(DEMO_SYMBOLS, DAY, START, START + 30 * DAY)
    parts = [
        demo.history(DEMO_SYMBOLS, DAY, START + k * 10 * DAY + 1, START + (k + 1) * 10 * DAY)
        for k in range(3)
    ]
    assert all_at_once.schema == LIVE_ROWS
    assert all_at_once.height == 30 * len(DEMO_SYMBOLS)
    assert sum(part.height for part in parts) == all_at_once.height
    assert parts[2].equals(all_at_once.tail(parts[2].height))
    assert demo.history(DEMO_SYMBOLS[:1], DAY, START, START + 5 * DAY).height == 5


def test_bars_of_any_length_are_the_same_bars():
    demo = open_live_source("demo")
    minute = DAY // 1_440
    days = demo.history(DEMO_SYMBOLS, DAY, START, START + 5 * DAY)
    minutes = demo.history(DEMO_SYMBOLS, minute, START, START + 5 * minute)
    assert minutes.drop("time").equals(days.drop("time"))


def test_other_symbols_and_paces_are_refused():
    with pytest.raises(UsageError, match="FERN/USD"):
        open_live_source("demo:1").check(["FERM/USD"], DAY)
    for pace in ("fast", "0", "-1", "nan", "inf", "1e9"):
        with pytest.raises(UsageError, match="bars a second"):
            open_live_source(f"demo:{pace}")


def test_its_clock_stands_still_while_nobody_waits(tmp_path):
    waited = []
    clock = FastClock(0, 1_000.0, waited.append)
    assert clock.now_ns() == clock.now_ns() == 0
    clock.sleep(500.0)
    assert (clock.now_ns(), waited) == (500 * 10**9, [0.5])
    made = demo_clock("2", tmp_path, DAY)
    assert made.speed == 2 * 86_400
    assert made.now_ns() == demo_clock("", tmp_path, DAY).now_ns()
    assert kind_of("demo").clock is demo_clock
