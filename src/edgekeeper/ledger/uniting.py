"""Let SQL see rows in segments: for one transaction, beside those that are still in their table.

A temporary table takes the rows of a table's segments, a temporary view of the table's own name
unites it with what the table still holds, and temporary views stand in for those that read it. All
of it goes when the transaction is rolled back. On SQLite only the columns that a query reads are
loaded; its planner says which.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    MetaData,
    Table,
    insert,
    select,
    union_all,
)
from sqlalchemy.schema import CreateTable

from edgekeeper.ledger.holdings import Holdings
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import FACTS
from edgekeeper.ledger.segment import schema_of
from edgekeeper.ledger.views import VIEWS, translated

if TYPE_CHECKING:
    import polars as pl

__all__ = ["columns_read", "columns_that_may_be_read", "unite"]


_NAMELESS = re.compile(r"\b(natural|using)\b", re.IGNORECASE)
"""Joins of which the planner names neither columns nor, at times, tables."""


def columns_read(connection: sqlite3.Connection, query: str) -> dict[str, set[str]]:
    """Columns of each table that an SQLite query reads, through views too; none if it is no query.

    A table of which only the number of rows counts has an empty set.
    """
    read: dict[str, set[str]] = {}

    def allow(action: int, table: str | None, column: str | None, *_more: object) -> int:
        if action == sqlite3.SQLITE_READ and table:
            read.setdefault(table, set()).update({column} if column else ())
        return sqlite3.SQLITE_OK

    connection.set_authorizer(allow)
    try:
        connection.execute(f"EXPLAIN {query}").close()
    except (sqlite3.Error, sqlite3.Warning):
        return {}  # running it will say why
    finally:
        connection.set_authorizer(None)
    views = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'view'").fetchall()
    texts = " ".join([query, *(sql for (sql,) in views)])
    return columns_that_may_be_read(texts) if _NAMELESS.search(texts) else read


def columns_that_may_be_read(query: str) -> dict[str, set[str]]:
    """The same by the words of a query: every column of every table that may be meant."""
    texts = [query, *(view.query for name, view in VIEWS.items() if _names(query, name))]
    return {
        name: set(schema_of(table))
        for name, table in FACTS.items()
        if any(_names(part, name) for part in texts)
    }


def _names(query: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", query, re.IGNORECASE) is not None


def unite(
    connection: Connection, segments: SegmentReader, held: Holdings, read: Mapping[str, set[str]]
) -> None:
    """Put temporary views over tables that are read and have rows in segments."""
    moved = [name for name in read if held.covered(name)]
    for name in moved:
        whole = FACTS[name]
        aside = Table(
            f"moved_{name}",
            MetaData(),
            *(Column(column.name, column.type) for column in whole.columns),
            prefixes=["TEMPORARY"],
        )
        connection.execute(CreateTable(aside))
        wanted = [column.name for column in aside.columns if column.name in {"link", *read[name]}]
        for frame in segments.frames(held.standing(name), wanted):
            _load(connection, aside, frame)
        home = whole.to_metadata(MetaData(), schema=_home(connection))
        here = select(*home.columns).where(home.c.link > held.covered(name))
        _view(connection, name, _compiled(connection, union_all(select(*aside.columns), here)))
    for name, view in VIEWS.items():
        if any(_names(view.query, table) for table in moved):
            _view(connection, name, translated(view.query, connection.dialect.name))


def _home(connection: Connection) -> str:
    """Schema that the tables of the ledger are in."""
    if connection.dialect.name == "sqlite":
        return "main"
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar())


def _compiled(connection: Connection, query: CompoundSelect[Any]) -> str:
    return str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))


def _view(connection: Connection, name: str, query: str) -> None:
    with closing(connection.connection.cursor()) as cursor:  # takes per cent signs as they are
        cursor.execute(f"CREATE TEMPORARY VIEW {name} AS {query}")


def _load(connection: Connection, aside: Table, frame: "pl.DataFrame") -> None:
    if connection.dialect.name == "sqlite":
        statement = insert(aside).inline().compile(connection.engine, column_keys=frame.columns)
        with closing(connection.connection.cursor()) as cursor:
            cursor.executemany(str(statement), frame.rows())
        return
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {aside.name} ({', '.join(frame.columns)}) FROM STDIN") as copy,
    ):
        for row in frame.iter_rows():
            copy.write_row(row)
