import sqlite3
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.config import StorageConfig
from edgekeeper.errors import BadData, StorageError
from edgekeeper.ledger import Ledger, Upkeep, archive, upkeep
from edgekeeper.ledger.stores import FileStore, TableStore

_MONTHLY = run_path(str(Path(__file__).with_name("monthly.py")))
CLOCK, NOW = _MONTHLY["CLOCK"], _MONTHLY["NOW"]
live = _MONTHLY["live"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(archive, "SEGMENT_ROWS", 50)
    monkeypatch.setattr(upkeep, "WORTH_MOVING", 1)


def heads(place):
    with Ledger.open(place, read_only=True) as ledger:
        ledger.check_segments()
        ledger.check_seals()
        ledger.verify("operations")
        return [ledger.verify(role).head for role in ("trade", "learn")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger)
    return heads(path)


def test_old_detail_is_let_go_and_the_chain_stays_whole(place, undisturbed):
    settings = StorageConfig(keep_months=1, shadow_detail_months=2)
    with Ledger.open(place) as ledger:
        live(ledger)
        before = {name: ledger.read(name).height for name in ledger.tables()}
        files = ledger._segments.store
        Upkeep(ledger, settings, CLOCK).month_end(NOW)
        held = ledger.holdings()
        assert len(files.names()) == len(held.standing())
        gone = list(held.let_go.values())
        assert {one.segment.table for one in gone} == {"forecasts"}
        assert all(one.reason == "older than 2 months" for one in gone)
        assert ledger.read("forecasts").height == before["forecasts"] - sum(
            one.segment.rows for one in gone
        )
        assert ledger.query("SELECT count(*) FROM forecasts").item() == 4 * 92
        for name in set(before) - {"forecasts", "storage"}:
            assert ledger.read(name).height == before[name], name
    assert heads(place) == undisturbed
    with Ledger.open(place, prove=True) as ledger:
        live(ledger)
        assert not ledger.unproved


def test_a_budget_takes_the_oldest_detail_first(tmp_path, undisturbed):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger)
        box = ledger.archive(CLOCK)
        moved = [one for one in box.move(NOW, 0) if one.table == "forecasts"]
        aim = box.size() - moved[0].bytes - 1
        assert box.let_go_beyond(aim, "too much") == moved[:2]
        assert box.size() <= aim
        assert box.let_go_beyond(0, "far too much") == moved[2:]
        assert ledger.read("signals").height == 4 * 152
    assert heads(path) == undisturbed


def test_short_of_room_detail_stops_first_and_the_hash_does_not_know(place, undisturbed):
    free = {"share": 0.5}
    with Ledger.open(place) as ledger:
        keep = Upkeep(ledger, StorageConfig(), CLOCK, lambda: free["share"])
        for day, share in ((40, 0.5), (50, 0.09), (60, 0.11), (80, 0.05), (100, 0.13)):
            keep.look()
            live(ledger, *((0, day) if day == 40 else (day - 10 if day < 70 else day - 20, day)))
            free["share"] = share
            keep.look()
            assert ("of the disk is free" in keep.warning) == (share in (0.09, 0.11, 0.05))
        live(ledger, 100)
        rows = ledger.read("storage")
        assert rows["event"].to_list() == ["stopped", "resumed"]
        assert rows["reason"][0] == "9.0% of the disk is free, less than 10%"
        assert ledger.read("forecasts").height == 4 * (152 - 50)
        for name, count in (("decisions", 2 * 152), ("signals", 4 * 152)):
            assert ledger.read(name).height == count
        ledger.archive(CLOCK).move(NOW, 0)
        assert ledger.read("forecasts").height == 4 * (152 - 50)
    assert heads(place) == undisturbed
    with Ledger.open(place, prove=True) as ledger:
        live(ledger)
        assert not ledger.unproved


def test_a_run_that_goes_on_still_withholds(tmp_path, undisturbed):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, 0, 50)
        Upkeep(ledger, StorageConfig(), CLOCK, lambda: 0.01).look()
        live(ledger, 50, 60)
    with Ledger.open(path) as ledger:
        Upkeep(ledger, StorageConfig(), CLOCK, lambda: 0.01).look()
        live(ledger, 60)
        assert ledger.read("forecasts").height == 4 * 50
        assert ledger.read("storage").height == 1
    assert heads(path) == undisturbed


def test_rows_taken_out_where_nothing_was_withheld_are_noticed(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, 0, 50)
        box = ledger.archive(CLOCK)
        box.stop_detail("full")
        live(ledger, 50, 60)
        box.resume_detail("room")
        live(ledger, 60, 70)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM forecasts WHERE entry > 205")
    connection.close()
    with (
        Ledger.open(path, read_only=True) as ledger,
        pytest.raises(BadData, match=r"link 61 .*table 'forecasts': expected 4 rows, got"),
    ):
        ledger.verify("trade")


def test_a_full_disk_puts_moving_off(place, monkeypatch, undisturbed):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    for store in (FileStore, TableStore):
        monkeypatch.setattr(store, "put", full)
    with Ledger.open(place) as ledger:
        live(ledger)
        with pytest.raises(StorageError, match="No space left"):
            ledger.archive(CLOCK).move(NOW, 1)
        Upkeep(ledger, StorageConfig(keep_months=1), CLOCK, lambda: 0.5).month_end(NOW)
        assert ledger.read("storage")["event"].to_list() == ["put_off"]
        assert ledger.read("forecasts").height == 4 * 152
    assert heads(place) == undisturbed


def test_what_cannot_be_kept_up_is_left_alone(tmp_path):
    for options in ({"where": "sqlite://"}, {"where": tmp_path / "l.sqlite", "read_only": True}):
        Ledger.open(tmp_path / "l.sqlite").close()
        with Ledger.open(**options) as ledger:
            keep = Upkeep(ledger, StorageConfig(), CLOCK, lambda: 0.0)
            keep.look()
            keep.month_end(NOW)
            assert ledger.holdings().standing() == []
