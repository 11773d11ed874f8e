"""Read facts as Polars frames."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import ColumnElement, Engine, Table, select

from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.schema import FACTS, SEALS, kind_of, time_column

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_table", "table_named"]


def table_named(name: str, known: Mapping[str, Table]) -> Table:
    """Look a table up, or say which name comes nearest."""
    if name not in known:
        raise UsageError(
            f"expected a table of the ledger, got {name!r}{nearest(name, known)} "
            f"(tables: {', '.join(known)})"
        )
    return known[name]


def read_table(
    engine: Engine,
    name: str,
    columns: Sequence[str] | None,
    where: Mapping[str, object],
    since_ns: int | None,
    until_ns: int | None,
    order: Sequence[str],
    descending: bool,
    limit: int | None,
) -> "pl.DataFrame":
    """Run one SELECT; see :meth:`Ledger.read`."""
    import polars as pl

    table = table_named(name, {**FACTS, **SEALS})
    default = [c.name for c in table.columns if c.name != "entry"]
    wanted = dict.fromkeys(default if columns is None else columns)
    if not wanted or (limit is not None and limit < 0):
        raise UsageError(f"expected some columns and a limit of 0 or more, got {columns}, {limit}")
    chosen = [_column(table, column) for column in wanted]
    query = select(*chosen).where(*(_condition(table, *item) for item in where.items()))
    if since_ns is not None:
        query = query.where(_time(table) >= int(since_ns))
    if until_ns is not None:
        query = query.where(_time(table) <= int(until_ns))
    keys = [_column(table, key) for key in order] + list(table.primary_key.columns)
    query = query.order_by(*(key.desc() if descending else key for key in keys)).limit(limit)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    types = {int: pl.Int64, float: pl.Float64, str: pl.String}
    schema = {column.name: types[kind_of(column.type)] for column in chosen}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _column(table: Table, name: str) -> ColumnElement[object]:
    if name not in table.columns:
        known = table.columns.keys()
        raise UsageError(
            f"expected a column of table {table.name!r}, got {name!r}{nearest(name, known)} "
            f"(columns: {', '.join(known)})"
        )
    return table.columns[name]


def _condition(table: Table, name: str, value: object) -> ColumnElement[bool]:
    column = _column(table, name)
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None:
        return column.is_(None)
    values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    for item in values:
        if not isinstance(item, (str, int, float)):
            raise UsageError(f"{table.name}.{name}: expected text or a number, got {item!r}")
    return column.in_(values)


def _time(table: Table) -> ColumnElement[object]:
    name = time_column(table)
    if name is None:
        raise UsageError(
            f"table {table.name!r} has no time to select by: leave since and until out"
        )
    return table.columns[name]
