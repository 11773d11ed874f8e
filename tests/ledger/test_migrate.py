import logging
import sqlite3
import subprocess
import sys
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.database import connect, immediate
from edgekeeper.ledger.migrate import VERSION_TABLE, downgrade, script_folder, upgrade
from edgekeeper.ledger.schema import FACTS, REVISION, SEALS, metadata

NEXT = f'''
"""Adds a column, drops it again."""
import sqlalchemy as sa
from alembic import op

revision = "t002"
down_revision = "{REVISION}"


def upgrade() -> None:
    with op.batch_alter_table("equity") as batch:
        batch.add_column(sa.Column("margin", sa.Double, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("equity") as batch:
        batch.drop_column("margin")
'''


def fill(path, count=3):
    with Ledger.open(path) as ledger:
        for epoch in range(count):
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("equity", {"event_time_ns": epoch, "account": ["a", "b"], "equity": 1.5})
        return ledger.head("trade")


def test_migrations_lead_to_the_declared_schema(place):
    Ledger.open(place).close()
    engine, _ = connect(place, read_only=False, patience_s=1)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        keys = {t: inspect(connection).get_pk_constraint(t) for t in (*FACTS, *SEALS)}
        assert {tuple(key["constrained_columns"]) for key in keys.values()} == {
            ("entry",), ("link",), ("link", "table_name"),
        }  # fmt: skip
    engine.dispose()


def test_the_declared_revision_is_the_newest_script():
    assert ScriptDirectory(str(script_folder())).get_heads() == [REVISION]


def test_rows_and_hashes_survive_the_way_forward_and_back(place, tmp_path):
    path, scripts = place, tmp_path / "scripts"
    head = fill(path)
    scripts.mkdir()
    (scripts / "t002_margin.py").write_text(NEXT)
    engine, _ = connect(path, read_only=False, patience_s=1)
    for step, revision, present in ((upgrade, "t002", True), (downgrade, REVISION, False)):
        with immediate(engine.connect()) as connection, connection.begin():
            step(connection, revision, extra_scripts=scripts)
        names = [column["name"] for column in inspect(engine).get_columns("equity")]
        assert ("margin" in names) is present
        with engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*), sum(equity) FROM equity").one()
        assert tuple(count) == (6, 9.0)
    engine.dispose()
    with Ledger.open(path) as ledger:
        assert ledger.verify("trade", head=head).rows == 6
        with ledger.transaction("trade") as tx:
            tx.append("equity", {"event_time_ns": 9, "account": "a"})
        assert ledger.verify("trade").rows == 7


def test_back_to_the_beginning_leaves_no_table(place):
    path = place
    fill(path)
    engine, _ = connect(path, read_only=False, patience_s=1)
    with immediate(engine.connect()) as connection, connection.begin():
        downgrade(connection, "base")
    assert inspect(engine).get_table_names() == [VERSION_TABLE]
    engine.dispose()
    with Ledger.open(path) as ledger:
        assert ledger.read("equity").is_empty()


def test_a_migration_killed_half_way_leaves_all_or_nothing(tmp_path):
    path = tmp_path / "l.sqlite"
    script = """
import os, signal, sys
from alembic import op
from edgekeeper.ledger import Ledger
create, made = op.create_table, []
def dying(name, *columns, **options):
    made.append(name)
    if len(made) == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return create(name, *columns, **options)
op.create_table = dying
Ledger.open(sys.argv[1])
"""
    killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert killed.returncode == -9
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    assert fill(path)


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "l.sqlite"
    fill(path)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.commit()
    for read_only in (False, True):
        with pytest.raises(BadData, match="newer Edgekeeper"):
            Ledger.open(path, read_only=read_only)
    assert connection.execute("SELECT count(*) FROM equity").fetchone() == (6,)
    connection.close()


def test_another_tools_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "study.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.commit()
    with pytest.raises(BadData, match="another database"):
        Ledger.open(path)
    names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("alembic_version",)]
    connection.close()


@pytest.mark.parametrize("again", range(20))
def test_many_may_open_a_new_ledger_at_once(tmp_path, again):
    errors = []

    def open_it(start):
        start.wait()
        try:
            Ledger.open(tmp_path / "l.sqlite").close()
        except BaseException as error:
            errors.append(error)

    start = threading.Barrier(4)
    threads = [threading.Thread(target=open_it, args=(start,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_migrating_prints_nothing_and_leaves_logging_alone(tmp_path, capfd):
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("alembic").level)
    Ledger.open(tmp_path / "l.sqlite").close()
    assert (root.level, list(root.handlers), logging.getLogger("alembic").level) == before
    assert not logging.getLogger("edgekeeper").disabled
    assert capfd.readouterr() == ("", "")
