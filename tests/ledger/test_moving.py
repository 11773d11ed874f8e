import pytest
from sqlalchemy import create_engine, inspect

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.database import connect, immediate
from edgekeeper.ledger.migrate import VERSION_TABLE, downgrade, upgrade
from edgekeeper.ledger.schema import REVISION


def fill(ledger, first=0, last=30):
    for epoch in range(first, last):
        with ledger.transaction("trade", event_time_ns=epoch) as tx:
            tx.append("equity", {"event_time_ns": epoch, "account": ["a", "bé", ""],
                                 "equity": [0.1 + 0.2, None, 1e-300]})  # fmt: skip
            tx.append("epochs", {"event_time_ns": epoch, "bars": 2**62, "bars_hash": "0" * 64})
    with ledger.transaction("operations", durable=True) as tx:
        tx.append("heartbeats", {"wall_time_ns": 1, "process": "trade", "state": "alive"})
    ledger.seal(last)


def contents(place):
    with Ledger.open(place, read_only=True) as ledger:
        tables = {name: ledger.read(name) for name in (*ledger.tables(), "chain", "batches")}
        return {name: rows.rows() for name, rows in tables.items()}


def test_a_record_moves_to_the_other_database_and_goes_on_there(place, other_place):
    with Ledger.open(place) as ledger:
        fill(ledger)
        assert ledger.copy_to(other_place) == 30 * (4 + 1 + 2) + 2 * (1 + 1 + 1), (
            "rows, links, batches"
        )
        heads = {role: ledger.head(role) for role in ("trade", "learn", "operations")}
    assert contents(other_place) == contents(place)
    with Ledger.open(other_place) as moved, Ledger.open(place) as stayed:
        assert {role: moved.head(role) for role in heads} == heads
        fill(moved, 30, 35)
        fill(stayed, 30, 35)
        assert moved.head("trade") == stayed.head("trade")
        assert moved.verify("trade").links == 35


def test_nothing_is_copied_over_something(place, other_place):
    with Ledger.open(place) as ledger, Ledger.open(other_place) as other:
        fill(ledger)
        fill(other, 0, 1)
    before = contents(other_place)
    with Ledger.open(place) as ledger, pytest.raises(UsageError, match="expected an empty ledger"):
        ledger.copy_to(other_place)
    assert contents(other_place) == before


def test_a_spoilt_record_is_not_passed_on_as_whole(place, other_place, sql):
    with Ledger.open(place) as ledger:
        fill(ledger)
    sql("UPDATE equity SET equity = 7 WHERE entry = 5")
    with Ledger.open(place) as ledger, pytest.raises(BadData, match="breaks at link 1"):
        ledger.copy_to(other_place)


def test_migrations_run_back_and_forward_on_both_without_losing_a_row(place):
    with Ledger.open(place) as ledger:
        fill(ledger)
    before = contents(place)
    for revision in ("0001", REVISION):
        engine, _ = connect(place, read_only=False, patience_s=1)
        with immediate(engine.connect()) as connection, connection.begin():
            (downgrade if revision == "0001" else upgrade)(connection, revision)
        tables = set(inspect(engine).get_table_names())
        assert ("epochs" in tables) is (revision == REVISION)
        assert ("aside_0002_epochs" in tables) is (revision == "0001")
        engine.dispose()
    assert contents(place) == before
    with Ledger.open(place) as ledger:
        assert ledger.verify("trade").links == 30
        fill(ledger, 30, 31)
        assert ledger.query("SELECT * FROM ml_models").height == 0
    engine, _ = connect(place, read_only=False, patience_s=1)
    with immediate(engine.connect()) as connection, connection.begin():
        downgrade(connection, "0001")
        upgrade(connection, REVISION)
    engine.dispose()
    assert contents(place)["epochs"][:30] == before["epochs"]


def test_an_older_ledger_is_migrated_when_it_is_opened(place):
    with Ledger.open(place) as ledger:
        fill(ledger)
    engine, _ = connect(place, read_only=False, patience_s=1)
    with immediate(engine.connect()) as connection, connection.begin():
        downgrade(connection, "0001")
    engine.dispose()
    with pytest.raises(BadData, match="got the older 0001"):
        Ledger.open(place, read_only=True)
    with Ledger.open(place) as ledger:
        assert ledger.verify("trade").links == 30


def test_one_role_has_one_writer_on_both(place):
    with Ledger.open(place) as one, Ledger.open(place) as two:
        fill(one)
        with pytest.raises(StorageError, match="only writer of role 'trade'"):
            two.transaction("trade")
    with Ledger.open(place) as two:
        fill(two, 30, 31)


def test_a_shared_postgresql_database_keeps_its_other_tables(server):
    url = server.empty()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num text)")
    with Ledger.open(url) as ledger:
        fill(ledger)
    assert {"alembic_version", VERSION_TABLE} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_server_that_is_not_there_is_said_so():
    with pytest.raises(StorageError, match="check that the database can be reached") as caught:
        Ledger.open("postgresql://u:secret@127.0.0.1:9/none?connect_timeout=1")
    assert "secret" not in str(caught.value)
