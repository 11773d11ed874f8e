"""What is asked of TimescaleDB, asked of a stand-in for it in a real PostgreSQL server.

The stand-in has the extension's name and the signatures that its manual documents; it writes down
what it is called with. TimescaleDB itself has to be tried where it can be installed.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from edgekeeper.ledger import Ledger
from edgekeeper.ledger.hypertables import GROWING, make_hypertables

STAND_IN = """
CREATE TYPE dimension_info AS (column_name name, rows bigint);
CREATE TABLE asked (relation text, dimension dimension_info, again bool, moved bool);
CREATE FUNCTION by_range(column_name name, partition_interval bigint) RETURNS dimension_info
    LANGUAGE sql AS 'SELECT ROW($1, $2)::dimension_info';
CREATE FUNCTION create_hypertable(relation regclass, dimension dimension_info,
    create_default_indexes bool DEFAULT true, if_not_exists bool DEFAULT false,
    migrate_data bool DEFAULT false) RETURNS bool
    LANGUAGE sql AS 'INSERT INTO asked VALUES ($1::text, $2, $4, $5) RETURNING true';
"""


@pytest.fixture
def timescale(server):
    """A new database with the stand-in, found by the server as any extension is."""
    place = Path(tempfile.mkdtemp(prefix="edgekeeper-extension-"))
    extensions = place / "extension"
    extensions.mkdir()
    place.chmod(0o755)  # pytest's folders are closed to the user that the server runs as
    (extensions / "timescaledb.control").write_text("default_version = '0'\nrelocatable = true\n")
    (extensions / "timescaledb--0.sql").write_text(STAND_IN)
    url = server.empty()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"SET extension_control_path = '{place}:$system'"))
        connection.execute(text("CREATE EXTENSION timescaledb"))
    yield url, engine
    engine.dispose()
    shutil.rmtree(place)


def test_growing_tables_become_hypertables_where_the_extension_is(timescale):
    url, engine = timescale
    with Ledger.open(url) as ledger, ledger.transaction("trade", event_time_ns=0) as tx:
        tx.append("equity", {"event_time_ns": 0, "account": ["a"], "equity": 1.5})
    with engine.begin() as connection:
        asked = connection.execute(
            text("SELECT relation, (dimension).column_name, (dimension).rows, again, moved "
                 "FROM asked")
        ).all()  # fmt: skip
        assert [row[0] for row in asked] == list(GROWING)
        assert {row[1:] for row in asked} == {("entry", 1_000_000, True, True)}


def test_nothing_is_asked_without_it(place):
    Ledger.open(place).close()
    engine = create_engine(place if str(place).startswith("postgresql") else f"sqlite:///{place}")
    with engine.connect() as connection:
        assert make_hypertables(connection) == ()
    engine.dispose()
