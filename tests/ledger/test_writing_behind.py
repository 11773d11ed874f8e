"""Epochs that wait to be recorded: the same chain, seen by whoever asks, and no failure lost."""

import sqlite3

import pytest

from edgekeeper.errors import StorageError
from edgekeeper.ledger import Ledger, sealing
from edgekeeper.ledger.journal import Journal

MOVE = {"line": "trees", "to_stage": "shadow", "reason": "accepted", "actor": "rule"}


def write(ledger, epochs, *, behind):
    for epoch in epochs:
        with ledger.transaction("trade", event_time_ns=epoch, behind=behind) as tx:
            marks = {"event_time_ns": epoch, "account": ["bot", "rules"], "equity": 1.0}
            tx.append("equity", marks)
        if epoch % 20 == 19:
            ledger.seal(epoch, behind=behind)
            with ledger.transaction("learn", event_time_ns=epoch) as tx:
                tx.append("receipts", {"event_time_ns": epoch, "idempotency_key": f"k{epoch}"})


def state(place):
    with Ledger.open(place, read_only=True) as ledger:
        ledger.check_seals()
        links = [ledger.verify(role).links for role in ("trade", "learn", "operations")]
        return [ledger.head(role) for role in ("trade", "learn", "operations")], links


def test_the_chains_are_those_of_writing_at_once(tmp_path):
    found = []
    for behind in (False, True):
        path = tmp_path / f"{behind}.sqlite"
        with Ledger.open(path) as ledger:
            write(ledger, range(50), behind=behind)
        found.append((state(path), sealing.seal_file(path).read_text()))
    assert found[0] == found[1]
    assert found[0][0][1] == [50, 2, 2]


def test_whoever_reads_sees_all_of_it_and_others_only_what_is_committed(place):
    with Ledger.open(place) as ledger:
        write(ledger, range(5), behind=True)
        with Ledger.open(place, read_only=True) as other:
            assert other.read("equity").height == 0
            assert ledger.read("equity").height == 10
            assert other.read("equity").height == 10
        write(ledger, range(5, 7), behind=True)
        assert ledger.query("select count(*) as n from equity")["n"].to_list() == [14]


def test_links_of_unlike_columns_are_told_apart_when_they_are_recorded_together(place):
    with Ledger.open(place) as ledger:
        for epoch in range(12):
            some = {"cash": [1.0 * epoch, 2.0]} if epoch % 3 else {}
            with ledger.transaction("trade", event_time_ns=epoch, behind=True) as tx:
                tx.append("equity", {"event_time_ns": [epoch] * 2, "account": ["a", "b"], **some})
                if epoch % 2:
                    tx.append("stages", {"event_time_ns": epoch, **MOVE})
        assert ledger.verify("trade").links == 12
        frame = ledger.read("equity", ["event_time_ns", "cash"])
        assert frame["event_time_ns"].to_list() == [epoch for epoch in range(12) for _ in "ab"]
        known = [value for e in range(12) for value in ([1.0 * e, 2.0] if e % 3 else [None] * 2)]
        assert frame["cash"].to_list() == known
        assert ledger.read("stages", ["event_time_ns"]).height == 6


@pytest.mark.parametrize("asked", ["read", "write", "seal", "close"])
def test_a_failure_reaches_whoever_asks_next(tmp_path, monkeypatch, asked):
    path = tmp_path / "l.sqlite"
    ledger = Ledger.open(path)
    write(ledger, range(3), behind=False)

    def full(*_arguments):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_insert", full)
        write(ledger, range(3, 6), behind=True)
        ask = {
            "read": lambda: ledger.read("equity"),
            "write": lambda: write(ledger, [6], behind=False),
            "seal": lambda: ledger.seal(6),
            "close": ledger.close,
        }
        with pytest.raises(StorageError, match="disk is full"):
            ask[asked]()
    if asked != "close":
        write(ledger, range(7, 9), behind=True)
        ledger.close()
    with Ledger.open(path) as again:  # its claims were given back
        again.verify("trade")
        assert again.read("equity").height == (6 if asked == "close" else 10)


def test_a_seal_whose_file_fails_says_so_and_the_next_one_writes_it(tmp_path, monkeypatch):
    path = tmp_path / "l.sqlite"

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with Ledger.open(path) as ledger:
        write(ledger, range(3), behind=True)
        with monkeypatch.context() as patch:
            patch.setattr(sealing, "write_seals", full)
            ledger.seal(3, behind=True)
            with pytest.raises(StorageError, match="No space left"):
                ledger.read("seals")
        write(ledger, range(4, 6), behind=True)
        ledger.seal(6)
        assert len(sealing.seal_file(path).read_text().splitlines()) == 2
        assert ledger.check_seals() == 2
