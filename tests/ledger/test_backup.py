from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import Ledger, back_up, backups_in, expired, restore

NOON = 1_717_243_200 * 10**9  # 2024-06-01T12:00:00Z


def fill(ledger, first=0, last=10):
    for epoch in range(first, last):
        with ledger.transaction("trade", event_time_ns=epoch) as tx:
            tx.append("equity", {"event_time_ns": epoch, "account": "a", "equity": 1.0})
    ledger.seal(last)


def test_a_backup_of_either_database_comes_back_as_it_was(place, tmp_path):
    folder = tmp_path / "backups"
    with Ledger.open(place) as ledger:
        fill(ledger)
        path = back_up(ledger, folder, NOON)
        head = ledger.head("trade")
        fill(ledger, 10, 12)
    assert path.name == "ledger-20240601T120000Z.sqlite"
    assert {file.name for file in folder.iterdir()} == {path.name, f"{path.name}.seals"}
    assert list(backups_in(folder)) == [path]
    with restore(path, tmp_path / "back.sqlite") as back:
        assert back.head("trade") == head
        assert back.check_seals() == 1
    with Ledger.open(tmp_path / "back.sqlite") as back:
        fill(back, 10, 12)


def test_a_backup_never_replaces_anything(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        fill(ledger)
        path = back_up(ledger, tmp_path, NOON)
        with pytest.raises(StorageError, match="is there already"):
            back_up(ledger, tmp_path, NOON)
    with pytest.raises(UsageError, match="move it away first"):
        restore(path, tmp_path / "l.sqlite")


def test_a_damaged_record_makes_no_backup_and_a_damaged_backup_no_record(tmp_path):
    place = tmp_path / "l.sqlite"
    with Ledger.open(place) as ledger:
        fill(ledger)
        path = back_up(ledger, tmp_path / "b", NOON)
        with ledger._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE equity SET equity = 9 WHERE entry = 3")
        with pytest.raises(BadData, match="breaks at link 2"):
            back_up(ledger, tmp_path / "b", NOON + 10**9)
    assert list(backups_in(tmp_path / "b")) == [path]
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadData, match="damaged"):
        restore(path, tmp_path / "back.sqlite")


@given(st.lists(st.integers(0, 800), unique=True), st.integers(1, 9), st.integers(0, 6))
def test_rotation_keeps_the_newest_of_each_period(nights, days, months):
    times = [datetime(2023, 1, 1) + timedelta(days=night) for night in nights]
    kept = sorted(set(times) - expired(times, days=days, weeks=0, months=months))
    assert set(sorted(times)[-days:]) <= set(kept)
    assert len(kept) <= days + months
    left = {time.strftime("%Y-%m") for time in kept}
    present = sorted({time.strftime("%Y-%m") for time in times})
    assert left >= set(present[max(0, len(present) - months) :])
    assert expired(kept, days=days, weeks=0, months=months) == set(), "once is enough"
