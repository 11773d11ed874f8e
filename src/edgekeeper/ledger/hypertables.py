"""Tables that grow with every bar, as hypertables where a PostgreSQL database has TimescaleDB.

A chunk holds rows that were written one after the other, since they are numbered in that order:
what is new stays in memory, and months that move to segments leave whole chunks empty.
"""

from sqlalchemy import Connection, text

__all__ = ["GROWING", "make_hypertables"]

GROWING = ("signals", "forecasts", "decisions", "equity", "evidence")
_ROWS_OF_A_CHUNK = 1_000_000
_INSTALLED = "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
_MAKE = (
    "SELECT create_hypertable(CAST(:name AS regclass), by_range('entry', :rows), "
    "if_not_exists => TRUE, migrate_data => TRUE)"
)


def make_hypertables(connection: Connection) -> tuple[str, ...]:
    """Make hypertables of the tables that grow; return their names, none without TimescaleDB.

    Nothing changes for whoever reads or writes: neither rows nor hashes depend on it.
    """
    if connection.dialect.name != "postgresql" or not connection.execute(text(_INSTALLED)).scalar():
        return ()
    for name in GROWING:
        connection.execute(text(_MAKE), {"name": name, "rows": _ROWS_OF_A_CHUNK})
    return GROWING
