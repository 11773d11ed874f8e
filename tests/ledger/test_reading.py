import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.schema import FACTS, SEALS, columns_of


@pytest.fixture
def ledger(place):
    with Ledger.open(place) as opened:
        with opened.transaction("trade") as tx:
            tx.append(
                "equity",
                {
                    "event_time_ns": [1, 2, 2, 3],
                    "account": ["b", "a", "b", "a"],
                    "equity": [4.0, None, 2.0, 1.0],
                },
            )
        yield opened


def test_rows_come_in_the_order_of_writing(ledger):
    assert ledger.read("equity")["account"].to_list() == ["b", "a", "b", "a"]
    newest = ledger.read("equity", ["account", "event_time_ns"], descending=True, limit=2)
    assert newest.rows() == [("a", 3), ("b", 2)]


def test_bounds_of_time_are_inclusive(ledger):
    assert ledger.read("equity", since_ns=2)["event_time_ns"].to_list() == [2, 2, 3]
    assert ledger.read("equity", until_ns=2)["event_time_ns"].to_list() == [1, 2, 2]
    assert ledger.read("equity", since_ns=np.int64(2), until_ns=2).height == 2


def test_rows_after_an_entry(ledger):
    entries = ledger.read("equity", ["entry"])["entry"].to_list()
    assert ledger.read("equity", after=entries[1])["event_time_ns"].to_list() == [2, 3]
    assert ledger.read("equity", after=entries[1], until_ns=2)["account"].to_list() == ["b"]
    assert ledger.read("equity", after=entries[-1]).is_empty()
    with pytest.raises(UsageError, match="'entry'"):
        ledger.read("batches", after=1)


def test_where_takes_values_lists_and_null(ledger):
    assert ledger.read("equity", where={"account": "a"}).height == 2
    assert ledger.read("equity", where={"account": ["a", "b"], "event_time_ns": 2}).height == 2
    assert ledger.read("equity", where={"event_time_ns": np.array([1, 3])}).height == 2
    assert ledger.read("equity", where={"equity": None})["account"].to_list() == ["a"]
    assert ledger.read("equity", where={"account": []}).is_empty()


def test_order_by_columns(ledger):
    frame = ledger.read("equity", order=["account", "event_time_ns"])
    assert frame["event_time_ns"].to_list() == [2, 3, 1, 2]


def test_every_table_reads_empty_with_its_columns(ledger):
    assert list(ledger.tables()) == list(FACTS)
    for name in ledger.tables():
        frame = ledger.read(name)
        assert frame.columns == ["link", *columns_of(FACTS[name])]
    for name in SEALS:
        assert ledger.read(name).height == 1


def test_text_of_an_attacker_is_only_text(ledger):
    hostile = "a'; DROP TABLE equity; --"
    assert ledger.read("equity", where={"account": hostile}).is_empty()
    with ledger.transaction("trade") as tx:
        tx.append("equity", {"event_time_ns": 9, "account": hostile})
    assert ledger.read("equity", where={"account": hostile}).height == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table": "equities"}, "did you mean 'equity'"),
        ({"table": "equity; DROP TABLE equity"}, "expected a table"),
        ({"table": "equity", "columns": ["cahs"]}, "did you mean 'cash'"),
        ({"table": "equity", "columns": []}, "some columns"),
        ({"table": "equity", "where": {"acc": 1}}, "did you mean 'account'"),
        ({"table": "equity", "where": {"account": object()}}, "expected text or a number"),
        ({"table": "equity", "order": ["1; --"]}, "expected a column"),
        ({"table": "equity", "limit": -1}, "limit"),
        ({"table": "batches", "since_ns": 1}, "no time"),
    ],
)
def test_wrong_questions_are_answered_with_the_nearest_right_one(arguments, message):
    with Ledger.open("sqlite://") as ledger, pytest.raises(UsageError, match=message):
        ledger.read(**arguments)
