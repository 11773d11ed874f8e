"""A read-only look by SQL: one statement, in a transaction that cannot write."""

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, text

from edgekeeper.errors import UsageError
from edgekeeper.ledger.holdings import read_holdings
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.uniting import columns_read, columns_that_may_be_read, unite

if TYPE_CHECKING:
    import polars as pl

__all__ = ["run_query"]


def run_query(
    engine: Engine, segments: SegmentReader, query: str, limit: int | None
) -> "pl.DataFrame":
    """Run one statement; see :meth:`Ledger.query`.

    Raises
    ------
    UsageError
        SQL that the database does not take, or that would write; its own words say why.
    """
    import polars as pl

    sqlite = engine.dialect.name == "sqlite"
    driver = engine.dialect.loaded_dbapi
    # A prepared statement of PostgreSQL is one statement and no more; SQLite takes one anyway.
    once: dict[str, Any] = {} if sqlite else {"prepare": True}
    with engine.connect() as connection:
        if not sqlite:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        held = read_holdings(connection)
        if held.moved:
            unite(connection, segments, held, _read_by(connection, query))
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY")
            try:
                cursor.execute(query, **once)
                names = [column[0] for column in cursor.description or ()]
                rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
            except (driver.Error, driver.Warning) as error:
                raise UsageError(
                    f"expected one SQL query that reads, got {query.strip()[:120]!r}: "
                    f"{str(error).splitlines()[0]}"
                ) from error
            finally:
                if sqlite:
                    cursor.execute("PRAGMA query_only = OFF")
                connection.rollback()  # and with it all that is temporary
    if not names:
        raise UsageError(f"expected a query that returns rows, got {query.strip()[:120]!r}")
    distinct = [_distinct(names, position) for position in range(len(names))]
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    return pl.DataFrame(
        [
            pl.Series(name, list(values), strict=False)
            for name, values in zip(distinct, columns, strict=True)
        ]
    )


def _read_by(connection: Connection, query: str) -> dict[str, set[str]]:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        return columns_read(driver, query)
    return columns_that_may_be_read(query)


def _distinct(names: list[str], position: int) -> str:
    """Number a name that a query gives to more than one column."""
    before = names[:position].count(names[position])
    return names[position] if before == 0 else f"{names[position]}_{before + 1}"
