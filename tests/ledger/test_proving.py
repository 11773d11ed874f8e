import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import GENESIS, Ledger, RecordEnds


def trade(ledger, epoch, size=0.25):
    with ledger.transaction("trade", event_time_ns=epoch) as tx:
        tx.append("equity", {"event_time_ns": epoch, "account": ["a", "b"], "equity": 1.0})
        sizes = [size if epoch == 3 else 0.25, None]
        tx.append(
            "decisions",
            {"event_time_ns": epoch, "symbol": ["X", "Y"], "account": "a", "side": "long",
             "decision": "take", "size": sizes, "reason": "band"},
        )  # fmt: skip


def live(ledger, until=5, *, size=0.25, cut=None):
    """A tiny run over two roles: five epochs, a fit after the second and the fourth."""
    for epoch in range(until):
        trade(ledger, epoch, size)
        if cut == ("trade", epoch):
            return
        if epoch % 2:
            with ledger.transaction("learn", event_time_ns=epoch) as tx:
                tx.append("packages", {"fitted_at_ns": epoch, "hash": "0" * 64, "line": "l",
                                       "verdict": "accepted"})  # fmt: skip


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "l.sqlite"
    with Ledger.open(path, prove=True) as ledger:
        live(ledger)
        assert ledger.unproved == {}
        return ledger.head("trade"), ledger.head("learn")


@pytest.mark.parametrize("cut", [("trade", epoch) for epoch in range(5)])
def test_a_run_goes_on_where_it_was_cut_and_ends_in_the_same_hash(place, head, cut):
    with Ledger.open(place, prove=True) as ledger:
        live(ledger, cut=cut)
        rows = ledger.read("equity").height
    with Ledger.open(place, prove=True) as ledger:
        assert ledger.unproved["trade"] == cut[1] + 1
        live(ledger, cut=cut)
        assert ledger.unproved == {}
        assert ledger.read("equity").height == rows, "nothing is written twice"
    with Ledger.open(place, prove=True) as ledger:
        live(ledger)
        assert (ledger.head("trade"), ledger.head("learn")) == head
        assert ledger.verify("trade").links == 5


def contents(place):
    with Ledger.open(place, read_only=True) as ledger:
        return [ledger.read(name).rows() for name in (*ledger.tables(), "chain", "batches")]


def test_an_audit_ends_with_the_record_and_writes_nothing(place):
    with Ledger.open(place) as ledger:
        live(ledger, until=3)
    before = contents(place)
    with Ledger.open(place, read_only=True, prove=True) as ledger:
        with pytest.raises(RecordEnds):
            live(ledger)
        assert ledger.unproved == {}
        with pytest.raises(UsageError, match="read-only"):
            ledger.transaction("operations")
    assert contents(place) == before
    with Ledger.open(place, read_only=True, prove=True) as ledger:
        live(ledger, until=2)
        assert ledger.unproved == {"trade": 1}


@pytest.mark.parametrize("read_only", [False, True])
def test_the_first_difference_is_named(place, read_only):
    with Ledger.open(place) as ledger:
        live(ledger)
    with (
        Ledger.open(place, read_only=read_only, prove=True) as ledger,
        pytest.raises(BadData) as caught,
    ):
        live(ledger, size=0.3)
    said = str(caught.value)
    assert "link 3 of the 'trade' chain (1970-01-01T00:00:00Z)" in said
    assert "table 'decisions', row 0, column 'size': expected 0.25, came 0.3" in said


def second_run(place, table, columns, event_time_ns=0):
    with (
        Ledger.open(place, prove=True) as ledger,
        pytest.raises(BadData) as caught,
        ledger.transaction("trade", event_time_ns=event_time_ns) as tx,
    ):
        tx.append(table, columns)
    return str(caught.value)


def test_other_kinds_of_difference_are_named_too(place, sql):
    with Ledger.open(place) as ledger, ledger.transaction("trade", event_time_ns=0) as tx:
        tx.append("equity", {"event_time_ns": 0, "account": ["a", "b"]})
    same = {"event_time_ns": 0, "account": ["a", "b"]}
    assert "expected event time 0, came 7" in second_run(place, "equity", same, 7)
    fewer = {"event_time_ns": 0, "account": ["a"]}
    assert "expected 2 rows, came 1" in second_run(place, "equity", fewer)
    assert "expected None, came 1.0" in second_run(place, "equity", same | {"equity": 1.0})
    other = {"event_time_ns": 0, "account": "a", "event": "halt"}
    assert "table 'equity': expected rows, came none" in second_run(place, "guards", other)
    sql("UPDATE chain SET digest = :digest", digest="1" * 64)
    assert "the rows are the same, but their seal is not" in second_run(place, "equity", same)


def test_a_chain_cut_off_behind_the_others_back_is_noticed(place, sql):
    with Ledger.open(place) as ledger:
        live(ledger)
    sql("DELETE FROM chain WHERE role = 'learn'")
    with (
        Ledger.open(place, prove=True) as ledger,
        pytest.raises(BadData, match="the 'learn' chain ends after 0 links, but the 'trade'"),
    ):
        live(ledger)


def test_only_one_process_goes_on_with_a_record(place):
    with Ledger.open(place, prove=True), pytest.raises(StorageError, match="only writer"):
        Ledger.open(place, prove=True)
    with Ledger.open(place, prove=True) as ledger:
        assert ledger.head("trade") == GENESIS


def test_operations_are_never_proved_since_they_hold_wall_time(place):
    for pid in (1, 2):
        with Ledger.open(place, prove=True) as ledger, ledger.transaction("operations") as tx:
            tx.append("heartbeats", {"wall_time_ns": pid, "process": "trade", "pid": pid,
                                         "state": "alive"})  # fmt: skip
    with Ledger.open(place, read_only=True) as ledger:
        assert ledger.read("heartbeats")["pid"].to_list() == [1, 2]


def test_one_chain_is_lived_again_while_another_process_writes_the_other(place):
    with Ledger.open(place) as ledger:
        live(ledger)
    fit = {"fitted_at_ns": 5, "hash": "1" * 64, "line": "l", "verdict": "accepted"}
    with Ledger.open(place) as one, Ledger.open(place) as learn:
        one.start_over(["trade"])
        with pytest.raises(StorageError, match="only writer of role 'trade'"):
            learn.start_over(["trade"])
        with learn.transaction("learn", event_time_ns=5) as tx:
            tx.append("packages", fit)
        assert one.unproved == {"trade": 5}
        assert one.read("packages").height == 3
        one.seal(5)  # waits until its own chain is proved
        assert one.read("seals").height == 0
        for epoch in range(5):
            trade(one, epoch)
        assert one.unproved == {}
        one.seal(5)
        links = dict(one.read("seals").select("role", "links").iter_rows())
        assert links == {"trade": 5, "learn": 3}
    with Ledger.open(place) as ledger:
        with ledger.transaction("operations") as tx:
            tx.append("heartbeats", {"wall_time_ns": 1, "process": "t", "pid": 1, "state": "a"})
        with pytest.raises(UsageError, match="written nothing"):
            ledger.start_over()
