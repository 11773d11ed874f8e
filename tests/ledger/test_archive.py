import hashlib
import sqlite3
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import Ledger, archive, back_up, restore

_MONTHLY = run_path(str(Path(__file__).with_name("monthly.py")))
CLOCK, NOW = _MONTHLY["CLOCK"], _MONTHLY["NOW"]
live, answers = _MONTHLY["live"], _MONTHLY["answers"]


@pytest.fixture
def small(monkeypatch):
    """Segments of a few rows, so that a month has several."""
    monkeypatch.setattr(archive, "SEGMENT_ROWS", 50)


@pytest.fixture
def written(place, small):
    with Ledger.open(place) as ledger:
        live(ledger)
    return place


@pytest.fixture
def moved(tmp_path, small):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger)
        ledger.archive(CLOCK).move(NOW, 1)
    return path


def test_answers_are_the_same_wherever_rows_lie(written):
    before = answers(written)
    for keep in (2, 0, 0):
        with Ledger.open(written) as ledger:
            segments = ledger.archive(CLOCK).move(NOW, keep)
            assert {one.table for one in segments} <= {"signals", "forecasts"}
        assert answers(written) == before
    with Ledger.open(written, read_only=True) as ledger:
        held = ledger.check_segments()
        assert sum(one.rows for one in held.standing("forecasts")) == 4 * (31 + 29 + 31 + 30)
        assert len(held.standing()) > 8
        left = "SELECT count(*) FROM batches b JOIN forecasts f ON f.link = b.link"
        assert ledger.query(left).item() == 4 * 152 * 3, "a join sees both"
        assert ledger.verify("operations").links == len(held.standing()) + 5


def test_rows_leave_their_table(written, sql_count):
    assert sql_count("forecasts") == 4 * 152
    with Ledger.open(written) as ledger:
        ledger.archive(CLOCK).move(NOW, 1)
    assert sql_count("forecasts") == 4 * 61
    assert sql_count("decisions") == 2 * 152


def test_a_run_goes_on_and_lives_again_over_its_segments(written, place, tmp_path):
    with Ledger.open(tmp_path / "whole.sqlite") as ledger:
        live(ledger)
        head = ledger.head("trade")
    with Ledger.open(place, prove=True) as ledger:
        live(ledger, 0, 100)
        ledger.archive(CLOCK).move(NOW, 1)
        live(ledger, 100)
        assert not ledger.unproved
        assert ledger.head("trade") == head


def test_a_difference_is_named_out_of_a_segment(moved):
    with Ledger.open(moved, prove=True) as ledger:
        first = ledger.read("forecasts", limit=1, columns=["event_time_ns"]).item()
        tx = ledger.transaction("trade", event_time_ns=first)
        for side in ("long", "short"):
            tx.append("signals", {"event_time_ns": first, "known_time_ns": first, "side": side,
                                  "symbol": ["AAA", "BBB"], "source": "every_bar"})  # fmt: skip
        tx.append("forecasts", {"event_time_ns": first, "symbol": "CCC", "line": "trees"})
        tx.append("decisions", {"event_time_ns": first, "symbol": ["AAA", "BBB"], "account": "a",
                                "side": "long", "decision": "take", "reason": "band"})  # fmt: skip
        with pytest.raises(BadData, match=r"'forecasts', row 0, column 'symbol': expected 'AAA'"):
            tx.__exit__(None, None, None)


def test_a_copy_of_either_kind_takes_its_segments_along(written, other_place):
    before = answers(written)
    with Ledger.open(written) as ledger:
        ledger.archive(CLOCK).move(NOW, 1)
        ledger.copy_to(other_place)
    del before["newest"]  # each database has its own place for what is unknown
    assert {name: answers(other_place)[name] for name in before} == before


def test_backups_share_segments_and_bring_them_back(moved, tmp_path):
    before = answers(moved)
    folder = tmp_path / "backups"
    with Ledger.open(moved) as ledger:
        first = back_up(ledger, folder, 10**18)
        second = back_up(ledger, folder, 2 * 10**18)
    files = [sorted(p.with_name(f"{p.name}.segments").iterdir()) for p in (first, second)]
    assert [p.stat().st_ino for p in files[0]] == [p.stat().st_ino for p in files[1]]
    assert len(files[0]) > 3
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]
    with restore(first, tmp_path / "again.sqlite"):
        pass
    assert answers(tmp_path / "again.sqlite") == before


def test_changed_rows_are_not_moved(written, sql):
    sql("UPDATE forecasts SET novelty = 0.5 WHERE entry = 60")
    with Ledger.open(written) as ledger:
        with pytest.raises(BadData, match="so they were not moved"):
            ledger.archive(CLOCK).move(NOW, 1)
        covered = ledger.holdings().covered("forecasts")
        assert covered < 20
        assert ledger.read("forecasts").height == 4 * 152


def file_of(ledger, table="forecasts", index=0):
    with Ledger.open(ledger, read_only=True) as record:
        name = record.holdings().standing(table)[index].name
    return ledger.with_name(f"{ledger.name}.segments") / name


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (flip, "its bytes were changed"),
        (lambda f: f.write_bytes(f.read_bytes()[:-100]), "it was truncated to"),
        (lambda f: f.write_bytes(b""), "it was truncated to 0 bytes"),
        (lambda f: f.unlink(), "it is absent"),
        (lambda f: f.write_bytes(b"PAR1" * 10_000), "its bytes were changed"),
    ],
)
def test_a_segment_that_is_not_as_it_was_is_named(moved, damage, what):
    file = file_of(moved, index=1)
    damage(file)
    with Ledger.open(moved, read_only=True) as ledger:
        for act in (
            ledger.check_segments,
            lambda: ledger.verify("trade"),
            lambda: ledger.read("forecasts"),
            lambda: ledger.query("SELECT max(novelty) FROM forecasts"),
        ):
            with pytest.raises(BadData, match=what) as caught:
                act()
            assert file.name in str(caught.value)
        assert ledger.query("SELECT count(*) FROM decisions").item() == 2 * 152


def test_the_newest_rows_are_read_without_opening_a_segment(moved):
    with Ledger.open(moved, read_only=True) as ledger:
        wanted = {"order": ["event_time_ns"], "descending": True}
        newest = ledger.read("forecasts", limit=20, where={"line": "trees"}, **wanted)
        for file in file_of(moved).parent.iterdir():
            file.unlink()
        there = ledger.read("forecasts", limit=20, where={"line": "trees"}, **wanted)
        assert there.equals(newest)
        assert ledger.read("forecasts", limit=0, **wanted).height == 0
        last = ledger.read("signals", order=["entry"], descending=True, limit=4)
        assert last["side"].to_list() == ["short", "short", "long", "long"]
        by_novelty = {"order": ["novelty"], "descending": True}
        for more in ({"limit": 10_000, **wanted}, {"limit": 3, **by_novelty}, {"limit": 3}):
            with pytest.raises(BadData, match="absent"):
                ledger.read("forecasts", **more)


def test_segments_that_changed_places_are_named(moved):
    one, two = file_of(moved, index=0), file_of(moved, index=1)
    swapped = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(swapped)
    with (
        Ledger.open(moved, read_only=True) as ledger,
        pytest.raises(BadData, match=f"{two.name} was put in its place"),
    ):
        ledger.check_segments()


def test_a_forged_digest_breaks_the_operational_chain(moved):
    file = file_of(moved)
    flip(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with sqlite3.connect(moved) as connection:
        connection.execute("UPDATE storage SET digest = ? WHERE segment = ?", (digest, file.name))
    connection.close()
    with Ledger.open(moved, read_only=True) as ledger:
        ledger.check_segments()
        with pytest.raises(BadData, match="'operations' chain breaks"):
            ledger.verify("operations")


def test_two_processes_do_not_move_at_once(written, place):
    with Ledger.open(place) as one, Ledger.open(place) as two:
        one.archive(CLOCK)
        with pytest.raises(StorageError, match="only writer of role 'operations'"):
            two.archive(CLOCK)


def test_nothing_is_moved_in_memory_or_without_a_seal(tmp_path):
    with (
        Ledger.open("sqlite://") as ledger,
        pytest.raises(UsageError, match="is in memory, read-only or closed"),
    ):
        ledger.archive(CLOCK)
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        live(ledger, 0, 20)
        assert ledger.archive(CLOCK).move(NOW, 0) == []


def test_too_few_rows_are_not_worth_a_segment(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        live(ledger)
        assert ledger.archive(CLOCK).move(NOW, 1, at_least=1000) == []
        assert len(ledger.archive(CLOCK).move(NOW, 1, at_least=100)) == 6


def test_pages_are_given_back(moved):
    with Ledger.open(moved) as ledger:
        ledger.archive(CLOCK).shrink()
        assert ledger.query("SELECT min(entry) FROM forecasts WHERE link > 0").item() == 1
        assert ledger.verify("trade").links == 152
