"""Whatever a vendor does, the bars given are in order, once, true to the store, and never taken
back: by random vendors, with restarts at random places."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.clock import ManualClock
from edgekeeper.market import BarStore
from edgekeeper.market.live import SourceRefused, SourceTrouble

from .conftest import HOUR, START, Desk, Scripted, bar

SYMBOLS = ("BTC/USD", "ETH/USD")
PLACES = st.tuples(st.sampled_from(SYMBOLS), st.integers(1, 8))
TROUBLE = st.sampled_from(
    [
        None,
        SourceTrouble("timeout", "no answer"),
        SourceTrouble("rate limit", "429", 40.0),
        SourceTrouble("server error", "500"),
        SourceRefused("no"),
    ]
)
ACT = st.one_of(
    st.tuples(st.just("tell"), PLACES, st.sampled_from([10.0, 20.0])),
    st.tuples(st.just("untell"), PLACES, st.none()),
    st.tuples(st.just("spoil"), PLACES, st.sampled_from(["close", "high", "volume"])),
    st.tuples(st.just("trouble"), st.lists(TROUBLE, max_size=4), st.none()),
    st.tuples(st.just("clock"), st.integers(-90, 200), st.none()),
    st.tuples(st.just("next"), st.integers(0, 120), st.none()),
    st.tuples(st.just("restart"), st.booleans(), st.none()),
)


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(ACT, max_size=30))
def test_order_once_and_for_good(acts):
    clock = ManualClock(START)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(clock, Scripted(clock), Path(folder) / "store")
        desk.source.honest = False
        world = SimpleNamespace(rows={}, poller=desk.poller(SYMBOLS, patience_seconds=30))
        consumed = []
        for act, what, how in acts:
            step(desk, world, consumed, act, what, how)
        check(desk, world, consumed)


def step(desk, world, consumed, act, what, how):
    if act == "tell":
        world.rows[what] = bar(what[0], START + what[1] * HOUR, how)
    elif act == "untell":
        world.rows.pop(what, None)
    elif act == "spoil":
        world.rows[what] = bar(what[0], START + what[1] * HOUR, 10.0, **{how: -5.0})
    elif act == "trouble":
        desk.source.troubles = list(what)
    elif act == "clock":
        desk.clock.time_ns = max(desk.clock.time_ns + what * 60 * 10**9, START - HOUR)
    elif act == "restart":
        after = int(consumed[-1].event_time[0]) if consumed else START
        if what:
            world.poller.close()
        world.poller = desk.poller(SYMBOLS, patience_seconds=30, after_ns=after)
    desk.source.rows = list(world.rows.values())
    if act == "next":
        before = desk.clock.time_ns
        bars = world.poller.next(what * 60)
        assert desk.clock.time_ns <= before + what * 60 * 10**9 + 10**8
        if bars is not None:
            consumed.append(bars)
            assert bars.event_time.max() <= desk.clock.time_ns


def check(desk, world, consumed):
    instants = [int(bars.event_time[0]) for bars in consumed]
    assert instants == sorted(set(instants))
    assert all((bars.event_time == bars.event_time[0]).all() for bars in consumed)
    world.poller.close()
    if not consumed:
        return
    stored = BarStore(desk.folder).read("1h", end_ns=instants[-1])
    flat = stored.to_polars().sort("timestamp", "symbol")
    given_rows = [row for bars in consumed for row in bars.to_polars().rows()]
    assert flat.rows() == given_rows
    assert world.poller.health.sentence(desk.clock.time_ns)
