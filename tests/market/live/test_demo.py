"""The demo's market: the same bars whenever asked, and a clock that waits for the loop."""

import polars as pl
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


def test_it_goes_on_without_an_end_at_prices_that_people_can_read():
    demo, minute = open_live_source("demo"), DAY // 1_440
    for end in (20_000, 40_000, 1_000_000):
        close = START + end * minute
        bars = demo.history(DEMO_SYMBOLS, minute, close - 99 * minute, close + 100 * minute)
        assert bars.height == 200 * len(DEMO_SYMBOLS)
        assert bars["time"].is_sorted()
        assert bars.group_by("symbol").agg(pl.col("time").n_unique())["time"].to_list() == [200] * 6
        one = bars.filter(pl.col("symbol") == "FERN/USD")
        moves = one["open"].to_numpy()[1:] / one["close"].to_numpy()[:-1] - 1.0
        assert abs(moves).max() < 0.2  # also from one stretch to the next
        assert one["close"].is_between(10.0, 1_000.0).all()
        assert (bars["low"] <= bars["close"]).all()
        assert (bars["high"] >= bars["open"]).all()
        again = demo.history(DEMO_SYMBOLS, minute, close, close + 100 * minute)
        assert again.equals(bars.filter(pl.col("time").to_physical() >= close))


def test_more_than_anybody_could_want_is_refused():
    with pytest.raises(UsageError, match="1,000,000 bars at most"):
        open_live_source("demo").history(DEMO_SYMBOLS, 60 * 10**9, START, 2**62)
    nothing = open_live_source("demo").history(DEMO_SYMBOLS, DAY, START - 9 * DAY, START - 8 * DAY)
    assert (nothing.height, nothing.schema) == (0, LIVE_ROWS)


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
