import io

import polars as pl
import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.errors import UsageError
from edgekeeper.market import Convention, list_quarantine
from edgekeeper.market.live import BarPoller, SourceTrouble, WatchedFolder, open_live_source

from .conftest import HOUR, START

HEAD = "timestamp,symbol,open,high,low,close,volume\n"


def line(hour, symbol="ABC/USD", price=100.0):
    """A bar that opens at this hour and closes at the next."""
    return f"2023-11-15T{hour:02}:00:00Z,{symbol},{price},{price + 1},{price - 1},{price},5\n"


@pytest.fixture
def watched(tmp_path):
    clock = ManualClock(START + 3 * 10**9)
    folder = tmp_path / "bars"
    folder.mkdir()
    source = WatchedFolder(folder, clock=clock)

    def sleep(seconds):
        clock.time_ns += round(seconds * 10**9)

    poller = BarPoller(
        source, ["ABC/USD"], "1h", clock=clock, store_folder=tmp_path / "store", sleep=sleep,
        patience_seconds=10,
    )  # fmt: skip
    return folder, clock, source, poller


def hours(poller, timeout=0.0):
    got = []
    while (bars := poller.next(timeout)) is not None:
        got.append(int((bars.event_time[0] - START) // HOUR))
    return got


def at(clock, hour):
    clock.time_ns = START + hour * HOUR + 3 * 10**9


def test_lines_appended_are_bars_as_they_come(watched):
    folder, clock, _, poller = watched
    file = folder / "all.csv"
    file.write_text(HEAD)
    assert hours(poller) == []
    for hour in range(3):
        with file.open("a") as out:
            out.write(line(hour))
        at(clock, hour + 1)
        assert hours(poller) == [hour + 1]
    assert not list_quarantine(folder.parent / "store").height


def test_a_half_written_line_is_left_for_later(watched):
    folder, clock, _, poller = watched
    file = folder / "all.csv"
    whole = line(1)
    cut = whole.index(",5\n")  # a volume and an end are missing: it looks like a whole row
    file.write_text(HEAD + line(0) + whole[: cut - 2])
    at(clock, 2)
    assert hours(poller) == [1]
    assert hours(poller, timeout=3) == []
    file.write_text(HEAD + line(0) + whole)
    assert hours(poller, timeout=2) == [2]
    assert not list_quarantine(folder.parent / "store").height


def test_a_last_line_without_an_end_counts_once_the_file_rests(watched):
    folder, clock, _, poller = watched
    (folder / "all.csv").write_text(HEAD + line(0) + line(1).rstrip("\n"))
    at(clock, 2)
    assert hours(poller) == [1]
    assert hours(poller, timeout=8) == [2]


def test_parquet_without_its_footer_waits_and_then_is_told(watched):
    folder, clock, _, poller = watched
    table = pl.read_csv((HEAD + line(0) + line(1)).encode())
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    content = buffer.getvalue()
    file = folder / "day.parquet"
    file.write_bytes(content[: len(content) // 2])
    at(clock, 2)
    assert hours(poller) == []
    assert not list_quarantine(folder.parent / "store").height
    assert hours(poller, timeout=9) == []
    (row,) = list_quarantine(folder.parent / "store").rows(named=True)
    assert row["reason"] == "unreadable file"
    assert row["content"].startswith("day.parquet: ")
    file.write_bytes(content)
    assert hours(poller, timeout=3) == [1, 2]


def test_a_file_renamed_into_place_and_hidden_ones(watched):
    folder, clock, _, poller = watched
    (folder / ".all.csv").write_text(HEAD + line(0, price=7.0))
    (folder / "all.csv.tmp").write_text(HEAD + line(0, price=8.0))
    (folder / "notes.md").write_text("not bars")
    at(clock, 1)
    assert hours(poller) == []
    (folder / "all.csv.tmp").rename(folder / "all.csv")
    assert float(poller.next(5).open[0]) == 8.0


def test_a_file_per_symbol(tmp_path):
    (tmp_path / "ABC%2FUSD.csv").write_text("t,o,h,l,c\n1700006400,1,2,1,2\n")
    clock = ManualClock(START + HOUR)
    rows = WatchedFolder(tmp_path, clock=clock).history(["ABC/USD"], HOUR, START, START + HOUR)
    assert rows.row(0)[:2] == ("ABC/USD", pl.Series([START]).cast(pl.Datetime("ns", "UTC"))[0])
    assert rows["volume"].to_list() == [None]


def test_one_bad_file_does_not_hide_the_others(watched):
    folder, clock, _, poller = watched
    (folder / "a.csv").write_bytes(b"\x00\xff\x00\n")
    (folder / "b.csv").write_text("name,age\nx,3\n")
    (folder / "c.csv").write_text(HEAD + line(0))
    (folder / "empty.csv").write_text("")
    at(clock, 1)
    assert hours(poller, timeout=20) == [1]
    reasons = list_quarantine(folder.parent / "store")["reason"].to_list()
    assert reasons == ["unreadable file"] * 2


def test_rows_dropped_late_are_set_aside(watched):
    folder, clock, _, poller = watched
    (folder / "a.csv").write_text(HEAD + line(1))
    at(clock, 2)
    assert hours(poller) == [2]
    (folder / "b.csv").write_text(HEAD + line(0) + line(1, price=300.0))
    assert hours(poller, timeout=5) == []
    reasons = sorted(list_quarantine(folder.parent / "store")["reason"].to_list())
    # two files that contradict each other about one bar are believed in neither, but what was
    # given stays given
    assert reasons == ["late"] + ["one of several bars of this time that differ"] * 2


def test_the_folder_goes_and_comes_back(watched):
    folder, clock, source, poller = watched
    (folder / "a.csv").write_text(HEAD + line(0) + line(1))
    at(clock, 1)
    assert hours(poller) == [1]
    moved = folder.rename(folder.with_name("away"))
    with pytest.raises(SourceTrouble, match="No such file"):
        source.history(["ABC/USD"], HOUR, START, START + HOUR)
    assert hours(poller, timeout=60) == []
    assert "lost connection" in poller.health.sentence(clock.time_ns)
    moved.rename(folder)
    at(clock, 2)
    assert hours(poller, timeout=120) == [2]


def test_dates_mean_the_close_of_their_venue(tmp_path):
    (tmp_path / "IBM.csv").write_text("Date,Open,High,Low,Close\n2023-11-24,1,2,1,2\n")
    clock = ManualClock(START)
    poller = BarPoller(
        WatchedFolder(tmp_path, clock=clock), ["IBM"], "1d", clock=clock,
        store_folder=tmp_path / "store", patience_seconds=0,
        sleep=lambda seconds: clock.advance_to(clock.time_ns + round(seconds * 1e9)),
    )  # fmt: skip
    clock.advance_to(START + 9 * 24 * HOUR + 18 * HOUR - 10**9)
    assert poller.next(0) is None
    got = poller.next(10)
    # a half day: New York closes at 18:00 UTC
    assert got.event_time.tolist() == [START + 9 * 24 * HOUR + 18 * HOUR]


def test_times_in_a_named_zone(tmp_path):
    (tmp_path / "IBM.csv").write_text("time,o,h,l,c\n2023-11-15 10:30,1,2,1,2\n")
    source = WatchedFolder(tmp_path, Convention(tz="America/New_York"), ManualClock(START))
    rows = source.history(["IBM"], HOUR, START, START + 24 * HOUR)
    assert rows["time"].dt.hour().to_list() == [15]


def test_no_such_folder(tmp_path):
    with pytest.raises(UsageError, match="expected a folder, found none: make it"):
        open_live_source(f"folder:{tmp_path / 'none'}").check(["A"], HOUR)


def test_hours_counted_from_the_opening_are_neither_missing_nor_overdue(tmp_path):
    opened = ["14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"]
    rows = [
        f"2023-11-15T{time}:00Z,{symbol},1,2,1,2\n"
        for symbol in ("AAPL", "MSFT") for time in opened
    ]  # fmt: skip
    (tmp_path / "all.csv").write_text("time,symbol,o,h,l,c\n" + "".join(rows))
    clock = ManualClock(START + 14 * HOUR)
    source = WatchedFolder(tmp_path, clock=clock)
    source.idle_seconds = 240.0
    poller = BarPoller(
        source, ["AAPL", "MSFT"], "1h", clock=clock, store_folder=tmp_path / "store",
        sleep=lambda seconds: clock.advance_to(clock.time_ns + round(seconds * 1e9)),
    )  # fmt: skip
    got, silences = [], set()
    for _ in range(7):
        bars = poller.next(2 * 3_600)
        assert bars.symbols_present == ("AAPL", "MSFT")
        got.append(int(bars.event_time[0]))
        silences.add(poller.health.silent_since_ns)
        assert clock.time_ns < got[-1] + 300 * 10**9
    assert got[6] == START + 21 * HOUR  # the last one ends with the session, after half an hour
    assert poller.health.missing == 0
    assert silences == {None}
