"""How the ledger declares a table of facts: four kinds of column, and two that every fact has.

Kinds are few because the hash chain encodes each of them canonically (see ``ledger.digest``):
instants and whole numbers are int64, measures float64, everything else UTF-8 text.
"""

from functools import cache

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Table, Text

__all__ = [
    "BOOKKEEPING",
    "Kind",
    "columns_of",
    "fact_table",
    "instant",
    "json_text",
    "kind_of",
    "metadata",
    "real",
    "required_columns",
    "serial",
    "text",
    "time_column",
    "whole",
]

Kind = type[int] | type[float] | type[str]

BOOKKEEPING = ("entry", "link")
metadata = MetaData()


def serial() -> BigInteger:
    """Type of a generated 64-bit key; SQLite numbers rows only where it says INTEGER."""
    return BigInteger().with_variant(Integer, "sqlite")


def instant(name: str, doc: str, *, required: bool = False) -> Column[int]:
    """Nanoseconds since 1970-01-01 UTC; the name ends in ``_ns``."""
    return Column(name, BigInteger, nullable=not required, doc=doc)


def whole(name: str, doc: str, *, required: bool = False) -> Column[int]:
    """A count or a position, int64."""
    return Column(name, BigInteger, nullable=not required, doc=doc)


def real(name: str, doc: str) -> Column[float]:
    """A measure, float64; unknown is NULL."""
    return Column(name, Double, nullable=True, doc=doc)


def text(name: str, doc: str, *, required: bool = False) -> Column[str]:
    """A name, a reason, a hash."""
    return Column(name, Text, nullable=not required, doc=doc)


def json_text(name: str, doc: str) -> Column[str]:
    """Canonical JSON as text; the name ends in ``_json``."""
    return Column(name, Text, nullable=True, doc=doc)


def fact_table(name: str, doc: str, *columns: Column[int] | Column[float] | Column[str]) -> Table:
    """Declare a table of append-only facts.

    ``entry`` numbers the rows in the order they were written; ``link`` names the link of the
    hash chain that seals them. The first column that ends in ``_ns`` is the one that ranges of
    time select by.
    """
    return Table(
        name,
        metadata,
        Column("entry", serial(), primary_key=True, autoincrement=True, doc="order of writing"),
        Column("link", BigInteger, nullable=False, doc="link of the chain that seals the row"),
        *columns,
        info={"doc": doc},
    )


@cache
def columns_of(table: Table) -> dict[str, Kind]:
    """Names and kinds of what a caller writes, in declared order."""
    return {c.name: kind_of(c.type) for c in table.columns if c.name not in BOOKKEEPING}


def kind_of(declared: object) -> Kind:
    """Python type that carries a column's values."""
    if isinstance(declared, Text):
        return str
    return float if isinstance(declared, Double) else int


def time_column(table: Table) -> str | None:
    """Name of the column that ranges of time select by."""
    return next((c.name for c in table.columns if c.name.endswith("_ns")), None)


@cache
def required_columns(table: Table) -> tuple[str, ...]:
    """Names of what a caller may not leave out."""
    return tuple(name for name in columns_of(table) if not table.columns[name].nullable)
