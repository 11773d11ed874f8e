"""Counting in the database: the same as reading and counting."""

import polars as pl
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger


@pytest.fixture
def record(place):
    with Ledger.open(place) as ledger:
        with ledger.transaction("trade", event_time_ns=5) as tx:
            tx.append("equity", {"event_time_ns": [1, 2, 3, 4], "account": ["a", "b", "a", "a"],
                                 "equity": [1.0, 5.0, 9.0, None]})  # fmt: skip
            tx.append("epochs", {"event_time_ns": [1, 2], "bars": [3, 4], "bars_hash": "h"})
        yield ledger


def test_groups_are_counted_with_their_last_row_and_largest_value(record):
    found = record.tally("equity", ["account"], largest=["equity"])
    assert found.rows() == [("a", 3, 4, 9.0), ("b", 1, 2, 5.0)]
    assert record.tally("epochs", [], summed=["bars"]).rows() == [(2, 2, 7)]


def test_only_what_is_new_and_only_what_is_asked_for(record):
    found = record.tally("equity", ["account"], after=3, largest=["equity"])
    assert found.rows() == [("a", 1, 4, None)]
    assert record.tally("equity", ["account"], where={"account": "b"}).rows() == [("b", 1, 2)]
    assert record.tally("equity", ["account"], after=4).rows() == []
    assert record.tally("equity", ["account"], after=4).schema["rows"] == pl.Int64


def test_the_last_entries_of_several_tables_are_looked_up_at_once(record):
    found = record.last_entries(["equity", "stages", "epochs"])
    assert found == {"equity": 4, "stages": 0, "epochs": 2}
    with record.transaction("trade", event_time_ns=6) as tx:
        tx.append("epochs", {"event_time_ns": [3], "bars": [3], "bars_hash": "h"})
    assert record.last_entries(["epochs"]) == {"epochs": 3}
    with pytest.raises(UsageError, match="stays in the database"):
        record.last_entries(["epochs", "signals"])
    with pytest.raises(UsageError, match="did you mean 'epochs'"):
        record.last_entries(["epoch"])


def test_tables_whose_rows_move_away_and_slips_are_refused(record):
    with pytest.raises(UsageError, match="stays in the database"):
        record.tally("signals", ["symbol"])
    with pytest.raises(UsageError, match="did you mean 'equity'"):
        record.tally("equty", ["account"])
    with pytest.raises(UsageError, match="did you mean 'account'"):
        record.tally("equity", ["acount"])


def test_doctor_asks_a_server_for_what_keeps_the_record_safe(place):
    from edgekeeper.cli.service_health import check_database

    with Ledger.open(place) as ledger:
        check = check_database(ledger)
    kind = "PostgreSQL" if "://" in str(place) else "SQLite"
    assert check.found.startswith(f"{kind} ")
    assert check.outcome == "ok" or "fsync is off" in check.found
