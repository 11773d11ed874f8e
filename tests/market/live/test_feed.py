import numpy as np
import polars as pl
import pytest

import edgekeeper.market.live.keeping as keeping
import edgekeeper.market.store as store
from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.market import BarStore, Convention, list_quarantine
from edgekeeper.market.live import SourceRefused, SourceTrouble

from .conftest import HOUR, START, bar


def given(poller, most=50, timeout=0.0):
    """Everything the poller gives at once."""
    got = []
    while len(got) < most and (bars := poller.next(timeout)) is not None:
        got.append(bars)
    return got


def hours(bars):
    return [int((b.event_time[0] - START) // HOUR) for b in bars]


def reasons(desk):
    return sorted(list_quarantine(desk.folder)["reason"].to_list())


def test_gives_each_instant_once_in_order(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + h * HOUR, 100 + h) for h in (3, 1, 2, 2)]
    desk.at(3)
    got = given(poller)
    assert hours(got) == [1, 2, 3]
    assert [float(b.close[0]) for b in got] == [101.5, 102.5, 103.5]
    assert poller.next(0) is None
    assert not reasons(desk)
    poller.close()
    assert BarStore(desk.folder).read("1h").event_time.tolist() == [
        START + h * HOUR for h in (1, 2, 3)
    ]


def test_an_open_bar_waits_for_its_close(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + 2 * HOUR, close=100.2)]
    desk.at(1)
    assert poller.next(0) is None
    desk.source.rows = [bar("BTC/USD", START + 2 * HOUR, close=100.9)]
    got = poller.next(2 * 3_600)
    assert float(got.close[0]) == 100.9
    assert START + 2 * HOUR <= desk.clock.time_ns <= START + 2 * HOUR + 3 * 10**9
    assert not reasons(desk)


def test_a_late_bar_never_changes_the_past(desk):
    poller = desk.poller(["BTC/USD", "ETH/USD"], patience_seconds=60)
    desk.source.rows = [bar("BTC/USD", START + HOUR)]
    desk.at(1)
    got = poller.next(300)
    assert got.symbols_present == ("BTC/USD",)
    assert desk.clock.time_ns - (START + HOUR) >= 60 * 10**9
    assert poller.health.missing == 1
    desk.source.rows.append(bar("ETH/USD", START + HOUR))
    desk.at(2)
    assert poller.next(0) is None
    assert reasons(desk) == ["late"]
    assert poller.health.quarantined == {"late": 1}
    poller.close()
    assert BarStore(desk.folder).symbols("1h") == ["BTC/USD"]


def test_a_revised_bar_is_set_aside_once(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR, 100)]
    desk.at(1)
    assert float(poller.next(0).close[0]) == 100.5
    desk.source.rows = [bar("BTC/USD", START + HOUR, 100, close=100.75)]
    for hour in (2, 3, 4):
        desk.at(hour)
        assert poller.next(0) is None
    assert reasons(desk) == ["revised"]
    assert list_quarantine(desk.folder)["time"].to_list() == ["2023-11-15T01:00:00Z"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"close": float("nan")}, "price missing"),
        ({"close": None}, "price missing"),
        ({"high": 90.0}, "high below low"),
        ({"low": -1.0}, "price zero or negative"),
        ({"volume": -1.0}, "volume negative"),
        ({"open": float("inf")}, "price not finite"),
        ({"close": "many"}, "text in close"),
        ({"open": 150.0}, "open or close outside low to high"),
    ],
)
def test_malformed_rows_go_to_the_quarantine(desk, changed, reason):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR, **changed), bar("BTC/USD", START + 2 * HOUR)]
    desk.at(2)
    assert hours(given(poller)) == [2]
    assert reasons(desk) == [reason]
    assert poller.health.missing == 1


def test_stamps_from_the_future_and_off_the_grid(desk):
    poller = desk.poller()
    desk.source.honest = False
    odd = ("BTC/USD", START + 7 * 10**9, bar("", START)[2], ["odd"])
    unread = ("BTC/USD", None, bar("", START)[2], ["no time"])
    desk.source.rows = [bar("BTC/USD", START + 9 * HOUR), odd, unread, bar("XRP/USD", START + HOUR)]
    desk.at(2)
    assert poller.next(0) is None
    assert reasons(desk) == [
        "no bar of this interval ends at this time",
        "stamp in the future",
        "unreadable time",
    ]


def test_two_bars_of_one_time_that_differ_are_both_refused(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR, 100), bar("BTC/USD", START + HOUR, 200)]
    desk.at(1)
    assert poller.next(0) is None
    assert reasons(desk) == ["one of several bars of this time that differ"] * 2


def test_a_bar_not_given_yet_may_still_be_corrected(desk):
    poller = desk.poller(["BTC/USD", "ETH/USD"], patience_seconds=60)
    desk.source.rows = [bar("BTC/USD", START + HOUR, 100)]
    desk.at(1)
    assert poller.next(0) is None
    desk.source.rows = [bar("BTC/USD", START + HOUR, 101), bar("ETH/USD", START + HOUR, 10)]
    assert poller.next(30).open.tolist() == [101.0, 10.0]
    assert not reasons(desk)


def test_a_gap_is_asked_for_once_more_and_filled_in_order(desk):
    poller = desk.poller()
    full = [bar("BTC/USD", START + h * HOUR) for h in range(1, 6)]
    answers = [full[:1] + full[4:], full]
    desk.source.history = lambda *asked: (
        setattr(desk.source, "rows", answers.pop(0) if answers else full)
        or type(desk.source).history(desk.source, *asked)
    )
    desk.at(5)
    assert hours(given(poller)) == [1, 2, 3, 4, 5]
    assert poller.health.missing == 0


def test_a_disconnect_is_caught_up_in_order(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in range(1, 10)]
    desk.at(1)
    assert hours([poller.next(0)]) == [1]
    desk.source.troubles = [SourceTrouble("timeout", "no answer in 10 s")] * 30
    desk.at(2)
    assert poller.next(900) is None
    assert poller.health.consecutive_failures == 30 - len(desk.source.troubles) >= 5
    assert poller.health.silent_since_ns == START + 2 * HOUR + 3 * 10**9
    sentence = poller.health.sentence(desk.clock.time_ns)
    assert sentence.startswith("scripted has been silent for 15 minutes: ")
    assert "timeouts; trying again in " in sentence
    desk.source.troubles = []
    desk.at(6)
    assert hours(given(poller)) == [2, 3, 4, 5, 6]
    assert poller.health.silent_since_ns is None
    assert poller.health.consecutive_failures == 0
    assert poller.health.sentence(desk.clock.time_ns) == (
        "scripted: last bar 06:00, next due 07:00; nothing wrong"
    )


def test_waits_double_and_differ_by_seed(desk):
    def waits(seed):
        desk.at(1)
        desk.source.asked = []
        desk.source.troubles = [SourceTrouble("server error", "500")] * 12
        poller = desk.poller(seed=seed)
        assert poller.next(120) is None
        return np.diff(desk.source.asked) / 1e9

    one, same, other = waits(1), waits(1), waits(2)
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
    assert all(0.5 * 2**k <= wait <= 2**k for k, wait in enumerate(one))


def test_a_rate_limit_waits_as_told(desk):
    desk.at(1)
    desk.source.rows = [bar("BTC/USD", START + 2 * HOUR)]
    desk.source.troubles = [SourceTrouble("rate limit", "429", wait_seconds=77)]
    poller = desk.poller()
    assert poller.next(76) is None
    assert len(desk.source.asked) == 1
    assert "rate limit: trying again in" in poller.health.sentence(desk.clock.time_ns)
    poller.next(2)
    assert np.diff(desk.source.asked).tolist() == [77 * 10**9]


def test_a_refusal_is_told_and_asked_again_without_raising(desk):
    desk.at(1)
    desk.source.rows = [bar("BTC/USD", START + 2 * HOUR)]
    desk.source.troubles = [SourceRefused("the key was revoked: make a new one")]
    poller = desk.poller()
    assert poller.next(10) is None
    said = poller.health.sentence(desk.clock.time_ns)
    assert said.startswith("scripted says no: the key was revoked: make a new one; trying again in")
    assert hours([poller.next(7_200)]) == [2]


def test_a_source_that_answers_with_nothing_new_is_told(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR)]
    desk.at(1)
    poller.next(0)
    desk.at(4)
    assert poller.next(0) is None
    assert poller.health.silent_since_ns == START + 2 * HOUR
    assert poller.health.sentence(desk.clock.time_ns) == (
        "scripted answers, but has no bar since 01:00; the one of 02:00 is overdue"
    )


def test_a_restart_goes_on_after_the_last_stored_instant(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in range(1, 9)]
    first = desk.poller()
    desk.at(3)
    assert hours(given(first)) == [1, 2, 3]
    desk.at(6)
    again = desk.poller()
    assert again.health.last_bar_ns == START + 3 * HOUR
    assert hours(given(again)) == [4, 5, 6]
    desk.at(7)
    behind = desk.poller(after_ns=START + 2 * HOUR)
    got = given(behind)
    assert hours(got) == [3, 4, 5, 6, 7]
    assert not reasons(desk)


def test_what_is_given_once_more_is_as_it_was(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in (1, 3)]
    first = desk.poller(patience_seconds=0)
    desk.at(3)
    before = given(first)
    desk.source.rows = [bar("BTC/USD", START + h * HOUR, 500) for h in (1, 2, 3)]
    again = given(desk.poller(after_ns=START, patience_seconds=0))
    assert hours(before) == hours(again) == [1, 3]
    assert [b.close.tolist() for b in before] == [b.close.tolist() for b in again]
    desk.at(4)
    assert given(desk.poller(patience_seconds=0)) == []
    assert reasons(desk) == ["late", "revised", "revised"]


@pytest.mark.parametrize("written", [False, True])
def test_killed_at_any_write_nothing_is_lost_or_given_twice(desk, monkeypatch, written):
    monkeypatch.setattr(keeping, "_MOST_RECENT", 2)
    symbols = ("BTC/USD", "ETH/USD")
    desk.source.rows = [bar(s, START + h * HOUR, 10 + h) for s in symbols for h in range(1, 8)]
    write, root = store.write_atomically, desk.folder
    for deadly in range(1, 40):
        desk.folder = root / str(deadly)
        desk.at(0)
        writes, consumed, kills = [], [], 0

        def dies(path, content, writes=writes, deadly=deadly):
            writes.append(path)
            if len(writes) == deadly:
                if written:
                    write(path, content)
                raise StorageError("killed here")
            write(path, content)

        for module in (store, keeping):
            monkeypatch.setattr(module, "write_atomically", dies)
        poller = desk.poller(symbols)
        for hour in range(1, 8):
            desk.at(hour)
            try:
                consumed += given(poller)
            except StorageError:
                kills += 1
                last = int(consumed[-1].event_time[0]) if consumed else START
                poller = desk.poller(symbols, after_ns=last)
                consumed += given(poller)
        assert hours(consumed) == [1, 2, 3, 4, 5, 6, 7]
        assert all(b.symbols_present == symbols for b in consumed)
        assert not reasons(desk)
        if not kills:
            break
        poller.close()
        assert len(BarStore(desk.folder).read("1h")) == 14
    assert 10 < deadly < 39


def test_another_process_in_the_same_folder_is_noticed(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in (1, 2)]
    one, other = desk.poller(), desk.poller()
    desk.at(1)
    one.next(0)
    with pytest.raises(StorageError, match="changed by another process"):
        other.next(0)


def test_a_store_with_dividends_is_refused_at_the_start(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in (1, 2)]
    poller = desk.poller()
    desk.at(2)
    bars = [poller.next(0) for _ in range(2)]
    frame = pl.concat(b.to_polars() for b in bars).with_columns(adjustment=pl.Series([1.0, 1.1]))
    BarStore(desk.folder / "other").append(Bars.from_frame(frame), "1h")
    desk.folder = desk.folder / "other"
    with pytest.raises(BadData, match=r"splits or dividends.*use another folder"):
        desk.poller()


def test_a_damaged_file_of_recent_bars_is_named(desk):
    desk.source.rows = [bar("BTC/USD", START + HOUR)]
    poller = desk.poller()
    desk.at(1)
    poller.next(0)
    file = desk.folder / "live-1h.parquet"
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(BadData, match=r"live-1h\.parquet is cut off or was changed"):
        desk.poller()


def test_backfill_then_next(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in range(-5, 3)]
    desk.at(1)
    poller = desk.poller()
    history = poller.backfill(START - 4 * HOUR, START + HOUR)
    assert hours([history.rows(i, i + 1) for i in range(len(history))]) == [-4, -3, -2, -1, 0, 1]
    desk.at(2)
    assert hours(given(poller)) == [2]
    later = desk.poller()
    assert later.next(0) is None
    wider = later.backfill(START - 5 * HOUR, START + 2 * HOUR)
    assert len(wider) == 8
    assert not reasons(desk)


def test_backfill_never_changes_what_was_given(desk):
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in (1, 3)]
    poller = desk.poller(patience_seconds=0)
    desk.at(3)
    assert hours(given(poller)) == [1, 3]
    desk.source.rows = [bar("BTC/USD", START + h * HOUR, 777) for h in (0, 1, 2, 3)]
    back = poller.backfill(START, START + 3 * HOUR)
    assert ((back.event_time - START) // HOUR).tolist() == [0, 1, 3]
    assert back.open.tolist() == [777.0, 100.0, 100.0]


def test_backfill_says_why_there_is_nothing(desk):
    poller = desk.poller()
    with pytest.raises(BadData, match="no bars of BTC/USD in this range"):
        poller.backfill(START - HOUR, START)
    desk.source.troubles = [SourceTrouble("timeout", "no answer")] * 5
    with pytest.raises(SourceTrouble, match="no answer"):
        poller.backfill(START - HOUR, START)
    assert len(desk.slept) == 4
    desk.source.troubles = [SourceRefused("no such plan")]
    with pytest.raises(SourceRefused, match="no such plan"):
        poller.backfill(START - HOUR, START)


def test_a_clock_set_back_neither_repeats_nor_hangs(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + h * HOUR) for h in (1, 2)]
    desk.at(1)
    assert hours(given(poller)) == [1]
    desk.at(-20)
    assert poller.next(30) is None
    desk.at(2)
    assert hours(given(poller)) == [2]


def test_full_disk_raises_and_the_bar_is_given_afterwards(desk, monkeypatch):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR)]
    desk.at(1)

    def full(path, content):
        raise StorageError("disk full")

    monkeypatch.setattr(keeping, "write_atomically", full)
    with pytest.raises(StorageError, match="disk full"):
        poller.next(0)
    monkeypatch.undo()
    assert hours(given(poller)) == [1]


def test_mixed_venues_wait_only_for_who_trades(desk):
    desk.source.convention = Convention()
    poller = desk.poller(["AAPL", "BTC/USD"], patience_seconds=600)
    desk.source.rows = [bar("BTC/USD", START + HOUR)]
    desk.at(1)
    assert poller.next(0).symbols_present == ("BTC/USD",)
    assert poller.health.missing == 0


@pytest.mark.parametrize(
    ("symbols", "options"), [((), {}), (("A",), {"patience_seconds": float("nan")})]
)
def test_wrong_arguments(desk, symbols, options):
    with pytest.raises(UsageError):
        desk.poller(symbols, **options)
    with pytest.raises(UsageError):
        desk.poller(interval="90 seconds")


def test_rows_in_the_quarantine_keep_what_came(desk):
    poller = desk.poller()
    desk.source.rows = [bar("BTC/USD", START + HOUR, volume=-5.0)]
    desk.at(1)
    poller.next(0)
    (row,) = list_quarantine(desk.folder).rows(named=True)
    assert row["source"] == "scripted"
    assert "-5.0" in row["content"]
    assert pl.Series([row["time"]]).str.to_datetime(time_zone="UTC").to_physical()[0] > 0
