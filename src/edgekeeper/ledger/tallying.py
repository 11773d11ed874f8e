"""Count rows where they lie: groups of a table, without carrying its rows out of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Select, Table, cast, func, select

from edgekeeper.errors import UsageError
from edgekeeper.ledger.reading import column_named, condition_on, table_named
from edgekeeper.ledger.schema import BULK, FACTS, kind_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Tally", "last_entries", "tally_table"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What of a table is counted; see :meth:`Ledger.tally`."""

    by: Sequence[str]
    largest: Sequence[str] = ()
    summed: Sequence[str] = ()
    where: Mapping[str, object] = field(default_factory=dict)
    after: int = 0


def tally_table(engine: Engine, name: str, wanted: Tally) -> "pl.DataFrame":
    """Count the rows of each group; see :meth:`Ledger.tally`."""
    import polars as pl

    table = _that_stays(name)
    keys = [column_named(table, key) for key in wanted.by]
    most = [column_named(table, column) for column in wanted.largest]
    sums = [column_named(table, column) for column in wanted.summed]
    query = (
        select(
            *keys,
            func.count().label("rows"),
            func.max(table.c.entry).label("last"),
            *(func.max(column).label(f"most_{column.name}") for column in most),
            *(cast(func.sum(column), column.type).label(f"sum_{column.name}") for column in sums),
        )
        .where(table.c.entry > wanted.after)
        .where(*(condition_on(table, *item) for item in wanted.where.items()))
        .group_by(*keys)
        .order_by(*keys)
    )
    types = {int: pl.Int64, float: pl.Float64, str: pl.String}
    schema = {
        **{key.name: types[kind_of(key.type)] for key in keys},
        "rows": pl.Int64,
        "last": pl.Int64,
        **{f"most_{column.name}": types[kind_of(column.type)] for column in most},
        **{f"sum_{column.name}": types[kind_of(column.type)] for column in sums},
    }
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def last_entries(engine: Engine, names: Sequence[str]) -> dict[str, int]:
    """Look up the last row of each table; see :meth:`Ledger.last_entries`."""
    with engine.connect() as connection:
        found = connection.execute(_last_of(tuple(names))).one()
    return {name: entry or 0 for name, entry in zip(names, found, strict=True)}


@lru_cache(maxsize=32)
def _last_of(names: tuple[str, ...]) -> Select[Any]:
    """One query for all: to put it together takes longer than to answer it."""
    entries = [select(func.max(_that_stays(name).c.entry)).scalar_subquery() for name in names]
    return select(*[entry.label(name) for name, entry in zip(names, entries, strict=True)])


def _that_stays(name: str) -> Table:
    table = table_named(name, FACTS)
    if name in BULK:
        raise UsageError(
            f"expected a table that stays in the database, got {name!r}, whose months move to "
            "segments: read it instead"
        )
    return table
