"""Read facts as Polars frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import ColumnElement, Engine, Table, select

from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.holdings import Holdings, read_holdings, snapshot
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import BULK, FACTS, SEALS, kind_of, time_column
from edgekeeper.ledger.segment import Segment

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Selection", "column_named", "condition_on", "read_table", "table_named"]


def table_named(name: str, known: Mapping[str, Table]) -> Table:
    """Look a table up, or say which name comes nearest."""
    if name not in known:
        raise UsageError(
            f"expected a table of the ledger, got {name!r}{nearest(name, known)} "
            f"(tables: {', '.join(known)})"
        )
    return known[name]


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a table is wanted; see :meth:`Ledger.read`."""

    columns: Sequence[str] | None = None
    where: Mapping[str, object] = field(default_factory=dict)
    since_ns: int | None = None
    until_ns: int | None = None
    after: int | None = None
    before: int | None = None
    order: Sequence[str] = ()
    descending: bool = False
    limit: int | None = None


def read_table(
    engine: Engine, segments: SegmentReader, name: str, wanted: Selection
) -> "pl.DataFrame":
    """Read rows of a table, those in segments first, since they are older."""
    import polars as pl

    table = table_named(name, {**FACTS, **SEALS})
    default = [c.name for c in table.columns if c.name != "entry"]
    names = list(dict.fromkeys(default if wanted.columns is None else wanted.columns))
    limit = wanted.limit
    if not names or (limit is not None and limit < 0):
        raise UsageError(
            f"expected some columns and a limit of 0 or more, got {wanted.columns}, {limit}"
        )
    conditions = [condition_on(table, *item) for item in wanted.where.items()]
    if wanted.since_ns is not None:
        conditions.append(_time(table) >= int(wanted.since_ns))
    if wanted.until_ns is not None:
        conditions.append(_time(table) <= int(wanted.until_ns))
    if wanted.after is not None:
        conditions.append(column_named(table, "entry") > int(wanted.after))
    if wanted.before is not None:
        conditions.append(column_named(table, "entry") < int(wanted.before))
    sorted_by = dict.fromkeys([*wanted.order, *table.primary_key.columns.keys()])
    keys = [column_named(table, key) for key in sorted_by]
    held = Holdings()
    chosen = [column_named(table, column) for column in names]
    with engine.connect() as connection:
        if name in BULK:
            held = read_holdings(snapshot(connection))
        if held.covered(name):
            conditions.append(table.c.link > held.covered(name))
            chosen += [key for key in keys if key not in chosen]
        query = select(*chosen).where(*conditions)
        query = query.order_by(*(key.desc() if wanted.descending else key for key in keys))
        rows = [tuple(row) for row in connection.execute(query.limit(limit))]
    types = {int: pl.Int64, float: pl.Float64, str: pl.String}
    schema = {column.name: types[kind_of(column.type)] for column in chosen}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    standing = _in_time(held.standing(name), wanted)
    if not held.covered(name) or _newest_are_here(table, frame, wanted, standing):
        return frame if frame.columns == names else frame.select(names)
    older = [
        _select(table, part, wanted).select(frame.columns)
        for part in segments.frames(standing, _needed(table, schema, wanted))
    ]
    last = engine.dialect.name == "postgresql"  # where an unknown value sorts: as its largest
    union = pl.concat([*older, frame]).sort(
        [key.name for key in keys],
        descending=wanted.descending,
        nulls_last=last != wanted.descending,
        maintain_order=True,
    )
    return union.select(names) if limit is None else union.select(names).head(limit)


def _newest_are_here(
    table: Table, frame: "pl.DataFrame", wanted: Selection, segments: Sequence[Segment]
) -> bool:
    """Whether the newest rows asked for are all in the database, so that no segment is opened."""
    if not wanted.descending or wanted.limit is None or frame.height < wanted.limit:
        return False
    if wanted.limit == 0 or list(wanted.order) in ([], ["entry"]):
        return True
    if list(wanted.order) != [time_column(table)]:
        return False
    oldest = int(frame[wanted.order[0]][-1])
    return all(one.until_ns is not None and one.until_ns <= oldest for one in segments)


def _in_time(segments: Sequence[Segment], wanted: Selection) -> list[Segment]:
    """Segments that may hold rows of the span asked for."""
    low = -(2**63) if wanted.since_ns is None else int(wanted.since_ns)
    high = 2**63 if wanted.until_ns is None else int(wanted.until_ns)
    return [
        one
        for one in segments
        if one.since_ns is not None
        and one.until_ns is not None
        and one.since_ns <= high
        and one.until_ns >= low
    ]


def _needed(table: Table, schema: Mapping[str, object], wanted: Selection) -> list[str]:
    """Columns to read for those asked for, and to choose and sort rows by."""
    return list(dict.fromkeys([*schema, *wanted.where, "entry", str(time_column(table))]))


def _select(table: Table, frame: "pl.DataFrame", wanted: Selection) -> "pl.DataFrame":
    """Rows that an SQL query would choose."""
    import polars as pl

    for name, value in wanted.where.items():
        values, is_text = _values(table, name, value), kind_of(table.columns[name].type) is str
        if values is None:
            frame = frame.filter(pl.col(name).is_null())
        else:
            alike = [item for item in values if isinstance(item, str) is is_text]
            frame = frame.filter(pl.col(name).is_in(alike))
    time = pl.col(str(time_column(table)))
    if wanted.since_ns is not None:
        frame = frame.filter(time >= int(wanted.since_ns))
    if wanted.until_ns is not None:
        frame = frame.filter(time <= int(wanted.until_ns))
    if wanted.after is not None:
        frame = frame.filter(pl.col("entry") > int(wanted.after))
    if wanted.before is not None:
        frame = frame.filter(pl.col("entry") < int(wanted.before))
    return frame


def column_named(table: Table, name: str) -> ColumnElement[object]:
    """Look a column up, or say which name comes nearest."""
    if name not in table.columns:
        known = table.columns.keys()
        raise UsageError(
            f"expected a column of table {table.name!r}, got {name!r}{nearest(name, known)} "
            f"(columns: {', '.join(known)})"
        )
    return table.columns[name]


def condition_on(table: Table, name: str, value: object) -> ColumnElement[bool]:
    """Condition that a column has a value, one of several, or none."""
    column, values = column_named(table, name), _values(table, name, value)
    return column.is_(None) if values is None else column.in_(values)


def _values(table: Table, name: str, value: object) -> list[object] | None:
    """Values that a column may have; ``None`` for NULL."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None:
        return None
    values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    for item in values:
        if not isinstance(item, (str, int, float)):
            raise UsageError(f"{table.name}.{name}: expected text or a number, got {item!r}")
    return list(values)


def _time(table: Table) -> ColumnElement[object]:
    name = time_column(table)
    if name is None:
        raise UsageError(
            f"table {table.name!r} has no time to select by: leave since and until out"
        )
    return table.columns[name]
