"""Copy a whole record from one database into another, row by row, with the same hashes."""

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from edgekeeper.errors import UsageError
from edgekeeper.ledger.database import immediate
from edgekeeper.ledger.schema import FACTS, SEALS

__all__ = ["copy_rows"]

_ROWS_AT_ONCE = 5_000


def copy_rows(source: Engine, target: Engine, place: object) -> int:
    """Copy every row of every table and return how many; all of them or none.

    Both ends have the same schema. The source is read as of one instant, whoever writes meanwhile.

    Raises
    ------
    UsageError
        The target holds rows already.
    """
    rows = 0
    with source.connect() as reading, immediate(target.connect()) as writing, writing.begin():
        if source.dialect.name == "postgresql":
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for table in (*SEALS.values(), *FACTS.values()):
            if writing.execute(select(func.count()).select_from(table)).scalar():
                raise UsageError(
                    f"expected an empty ledger at {place}, got rows in {table.name!r}: name "
                    "another place, nothing was copied"
                )
            rows += _copy(reading, writing, table)
    return rows


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
