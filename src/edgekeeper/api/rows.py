"""Rows of the record as programs read them: RFC 3339 instead of nanoseconds, JSON as JSON."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, create_model

from edgekeeper.ledger.schema import FACTS, columns_of, kind_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["instant", "nanoseconds", "page_model", "records", "row_model"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = 2**63 - 1
_TIME, _JSON = "_ns", "_json"


def instant(ns: int | None) -> str | None:
    """Return nanoseconds since 1970 as RFC 3339 in UTC.

    Examples
    --------
    >>> instant(1_700_006_400 * 10**9), instant(1_500_000), instant(None)
    ('2023-11-15T00:00:00Z', '1970-01-01T00:00:00.001500000Z', None)
    """
    if ns is None:
        return None
    seconds, rest = divmod(ns, 10**9)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z" if rest else f"{text}Z"


def nanoseconds(when: datetime | None) -> int | None:
    """Return an instant with a zone as nanoseconds since 1970, of those that 64 bits can hold.

    Examples
    --------
    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005000
    """
    if when is None:
        return None
    found = (when - _EPOCH) // timedelta(microseconds=1) * 1_000
    return max(-_END_OF_TIME, min(_END_OF_TIME, found))


def records(frame: "pl.DataFrame") -> list[dict[str, Any]]:
    """Return rows under the names that :func:`row_model` gives them, without bookkeeping."""
    columns: dict[str, list[Any]] = {}
    for name in frame.columns:
        values = frame[name].to_list()
        if name.endswith(_TIME):
            columns[name.removesuffix(_TIME)] = [instant(ns) for ns in values]
        elif name.endswith(_JSON):
            columns[name.removesuffix(_JSON)] = [
                None if text is None else json.loads(text) for text in values
            ]
        elif name not in ("entry", "link"):
            columns[name] = values
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@cache
def row_model(table: str) -> type[BaseModel]:
    """Return the shape of a row, as the record's own declarations describe it."""
    declared = FACTS[table]
    fields: dict[str, Any] = {}
    for name in columns_of(declared):
        column = declared.columns[name]
        kind: Any = kind_of(column.type)
        more: dict[str, Any] = {"description": column.doc}
        if name.endswith(_TIME):
            name, kind = name.removesuffix(_TIME), str
            more["json_schema_extra"] = {"format": "date-time"}
        elif name.endswith(_JSON):
            name, kind = name.removesuffix(_JSON), Any
        wanted = kind if not column.nullable or kind is Any else kind | None
        fields[name] = (wanted, Field(..., **more))
    title = "".join(part.title() for part in table.split("_")).removesuffix("s")
    return create_model(f"{title}Row", __doc__=str(declared.info["doc"]), **fields)


@cache
def page_model(table: str) -> type[BaseModel]:
    """Return the shape of a page of rows."""
    row = row_model(table)
    return create_model(
        f"{row.__name__.removesuffix('Row')}Page",
        __doc__="A page, the newest first.",
        items=(list[row], Field(...)),  # type: ignore[valid-type]
        next=(
            str | None,
            Field(..., description="`cursor` of the next page; null: this is the last."),
        ),
    )
