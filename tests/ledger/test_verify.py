import pytest

from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger


@pytest.fixture(scope="module")
def original(first_place):
    """Three links of two tables, and another role's in between."""
    with Ledger.open(first_place) as ledger:
        for epoch in (10, 20, 30):
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("equity", {"event_time_ns": epoch, "account": ["a", "b"],
                                     "equity": [1.0, None]})  # fmt: skip
                tx.append("decisions", {"event_time_ns": epoch, "symbol": ["X", "Y"],
                                        "account": "a", "side": "long", "decision": "take",
                                        "size": [0.5, 0.25], "reason": "band"})  # fmt: skip
            with ledger.transaction("learn") as tx:
                tx.append("equity", {"event_time_ns": epoch, "account": "l"})
    return first_place


@pytest.fixture
def tamper(original, copy_of, run_sql):
    """Run SQL behind the back of a copy; return where it lies."""

    def run(*statements):
        place = copy_of(original)
        run_sql(place, *statements)
        return place

    return run


def finding(path, role="trade", **options):
    with Ledger.open(path, read_only=True) as ledger, pytest.raises(BadData) as caught:
        ledger.verify(role, **options)
    return str(caught.value)


def test_an_untouched_ledger_holds(original):
    with Ledger.open(original, read_only=True) as ledger:
        verified = ledger.verify("trade", head=ledger.head("trade"))
        assert (verified.links, verified.rows, verified.head) == (3, 12, ledger.head("trade"))
        assert ledger.verify("learn").links == 3
        assert ledger.verify("operations").links == 0


# Rows of decisions are entries 1-6, two a link; of equity entries 1-9, three for both roles.
SECOND = "link 1 (event time 20)"


@pytest.mark.parametrize(
    ("statement", "link", "table", "what"),
    [
        ("UPDATE decisions SET size = 0.6 WHERE entry = 3", SECOND, "decisions", "differ"),
        ("UPDATE decisions SET size = NULL WHERE entry = 3", SECOND, "decisions", "differ"),
        ("UPDATE decisions SET stop = 0.0 WHERE entry = 3", SECOND, "decisions", "differ"),
        ("UPDATE equity SET equity = 0.0 WHERE entry = 5", SECOND, "equity", "differ"),
        ("UPDATE equity SET event_time_ns = 25 WHERE entry = 4", SECOND, "equity", "differ"),
        ("UPDATE decisions SET model = '' WHERE entry = 3", SECOND, "decisions", "differ"),
        ("DELETE FROM decisions WHERE entry = 4", SECOND, "decisions", "expected 2 rows, got 1"),
        ("DELETE FROM decisions WHERE link = 3", SECOND, "decisions", "expected 2 rows, got none"),
        ("DELETE FROM decisions", "link 0", "decisions", "expected 2 rows, got none"),
        ("UPDATE decisions SET link = 5 WHERE entry = 4", SECOND, "decisions", "expected 2 rows"),
        ("UPDATE equity SET link = 4 WHERE entry = 4", SECOND, "equity", "expected 2 rows, got 1"),
        ("UPDATE chain SET event_time_ns = 21 WHERE link = 3", "link 1", "chain", "seal"),
        ("UPDATE chain SET rows = 5 WHERE link = 3", SECOND, "chain", "seal"),
        ("DELETE FROM chain WHERE link = 3", "does not exist", "decisions", "no seal"),
        ("DELETE FROM batches WHERE link = 3", SECOND, "chain", "seal"),
        (
            "INSERT INTO decisions SELECT 99, link, event_time_ns, symbol, account, side, decision,"
            " size, stop, target, reason, model, reasons_json FROM decisions WHERE entry = 6",
            "link 2 (event time 30)",
            "decisions",
            "expected 2 rows, got 3",
        ),
    ],
)
def test_the_first_broken_link_is_named(tamper, statement, link, table, what):
    message = finding(tamper(statement))
    assert link in message
    assert f"table {table!r}" in message
    assert what in message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE equity SET event_time_ns = 20.5 WHERE entry = 4",
        "UPDATE decisions SET model = x'00' WHERE entry = 3",
    ],
)
def test_values_of_another_kind_are_noticed(tmp_path, run_sql, statement):
    """Which SQLite takes for any column."""
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger, ledger.transaction("trade") as tx:
        tx.append("equity", {"event_time_ns": 1, "account": ["a"] * 4})
        tx.append("decisions", {"event_time_ns": 1, "symbol": ["X"] * 3, "account": "a",
                                "side": "long", "decision": "take", "reason": "band"})  # fmt: skip
    run_sql(path, statement)
    assert "differ" in finding(path)


def test_rows_that_changed_places_are_noticed(tamper):
    swap = [
        "UPDATE decisions SET entry = -1 WHERE entry = 3",
        "UPDATE decisions SET entry = 3 WHERE entry = 4",
        "UPDATE decisions SET entry = 4 WHERE entry = -1",
    ]
    message = finding(tamper(*swap))
    assert SECOND in message
    assert "differ" in message


def test_of_several_breaks_the_first_is_named(tamper):
    message = finding(
        tamper(
            "UPDATE equity SET equity = 7 WHERE entry = 8",
            "UPDATE decisions SET size = 7 WHERE entry = 2",
        )
    )
    assert "link 0 (event time 10), table 'decisions'" in message


def test_another_role_is_not_blamed(tamper):
    path = tamper("UPDATE equity SET equity = 7 WHERE account = 'l'")
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.verify("trade").links == 3
    assert "'learn' chain breaks at link 0" in finding(path, "learn")


def test_a_chain_resealed_with_other_rows_needs_the_head_to_be_noticed(original, tamper):
    cut = [f"DELETE FROM {table} WHERE link >= 5" for table in ("equity", "decisions", "batches",
                                                               "chain")]  # fmt: skip
    path = tamper(*cut)
    with Ledger.open(original, read_only=True) as ledger:
        head = ledger.head("trade")
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.verify("trade").links == 2
    assert "older copy" in finding(path, head=head)
