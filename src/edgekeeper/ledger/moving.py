"""Copy a whole record from one database into another, row by row, with the same hashes."""

from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select

from edgekeeper.errors import UsageError
from edgekeeper.ledger.database import immediate
from edgekeeper.ledger.holdings import read_holdings, snapshot
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import FACTS, SEALS
from edgekeeper.ledger.segment import Segment
from edgekeeper.ledger.stores import FileStore, segment_folder

__all__ = ["copy_rows"]

_ROWS_AT_ONCE = 5_000


def copy_rows(source: SegmentReader, target: SegmentReader, sharing: Path | None = None) -> int:
    """Copy every row of every table, and every segment; return how many rows: all or none.

    Both ends have the same schema. The source is read as of one instant, whoever writes meanwhile.

    Parameters
    ----------
    source, target : SegmentReader
    sharing : Path, optional
        An older copy, whose segments are linked rather than copied.

    Raises
    ------
    UsageError
        The target holds rows already.
    """
    rows = 0
    with (
        snapshot(source.engine.connect()) as reading,
        immediate(target.engine.connect()) as writing,
        writing.begin(),
    ):
        for table in (*SEALS.values(), *FACTS.values()):
            if writing.execute(select(func.count()).select_from(table)).scalar():
                raise UsageError(
                    f"expected an empty ledger at {target.place}, got rows in {table.name!r}: name "
                    "another place, nothing was copied"
                )
            rows += _copy(reading, writing, table)
        for segment in read_holdings(writing).standing():
            if not _shared(target, segment, sharing):
                target.store.put(segment.name, source.content(segment))
    return rows


def _shared(target: SegmentReader, segment: Segment, sharing: Path | None) -> bool:
    return (
        sharing is not None
        and isinstance(target.store, FileStore)
        and target.store.share(segment.name, segment_folder(sharing))
    )


def _copy(reading: Connection, writing: Connection, table: Table) -> int:
    query = select(table).order_by(*table.primary_key.columns)
    count = 0
    with reading.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as stream:
        for part in stream.mappings().partitions():
            writing.execute(insert(table), [dict(row) for row in part])
            count += len(part)
    key = next(iter(table.primary_key.columns))
    if count and key.autoincrement is True and writing.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        newest = select(func.max(key)).scalar_subquery()
        writing.execute(select(func.setval(sequence, newest)))
    return count
