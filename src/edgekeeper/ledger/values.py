"""Turn what a caller hands over into the plain lists that SQL and the digest both read.

A column becomes a list of ``int``, ``float`` or ``str`` in which ``None`` stands for unknown.
NaN and NaT become ``None``, and minus zero becomes zero, so that what is hashed is exactly what a
database gives back.
"""

import json
import math
from collections.abc import Mapping, Sequence, Sized
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.schema import Kind

__all__ = ["Column", "canonical_json", "cast_column", "cast_columns", "cast_row_count"]

Column = Sequence[int | float | str | None]
"""Values of one column: ``int``, ``float`` or ``str`` throughout, ``None`` where unknown."""

Items = Sequence[object] | NDArray[Any]

_KIND_WORDS: dict[Kind, str] = {int: "whole numbers", float: "numbers", str: "text"}
_INT64 = range(-(2**63), 2**63)
_FLOAT64, _INT64_TYPE = np.dtype(np.float64), np.dtype(np.int64)
_TEXTS = frozenset((str, type(None)))
_FEW = 64
"""Up to here a loop over Python's own numbers is faster than calls into NumPy."""


def canonical_json(value: object) -> str:
    """Write plain values as JSON: sorted keys, no spaces, NaN and infinities as null.

    Raises
    ------
    UsageError
        Something that is not a mapping, sequence, text, number, bool or None.

    Examples
    --------
    >>> canonical_json({"b": [1, float("nan")], "a": None})
    '{"a":null,"b":[1,null]}'
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    raise UsageError(
        f"expected plain values for JSON, got {type(value).__name__}: convert it first"
    )


def cast_row_count(table: str, columns: Mapping[str, object], known: Mapping[str, Kind]) -> int:
    """Check names and lengths; return the number of rows (single values stand for every row).

    Raises
    ------
    UsageError
        An unknown column (the message names the nearest), or unequal lengths.
    """
    rows = -1
    for name, values in columns.items():
        if name not in known:
            raise UsageError(
                f"expected a column of table {table!r}, got {name!r}{nearest(name, known)} "
                f"(columns: {', '.join(known)})"
            )
        # As most are; a call each would cost more than the cast.
        if type(values) is list or (type(values) is np.ndarray and values.ndim):
            length = len(values)
        else:
            found = _length(values)
            if found is None:
                continue
            length = found
        if length != rows:
            if rows >= 0:
                raise _unequal(table, columns)
            rows = length
    return 1 if rows < 0 else rows


def cast_columns(
    table: str, columns: Mapping[str, object], known: Mapping[str, Kind]
) -> tuple[int, dict[str, Column]]:
    """Cast all columns of an append; return the number of rows and the columns.

    Raises
    ------
    UsageError
        As for :func:`cast_row_count` and :func:`cast_column`.
    """
    rows = cast_row_count(table, columns, known)
    cast: dict[str, Column] = {}
    for name, values in columns.items() if rows else ():
        quick = _cast_plain(values, known[name], rows)
        if quick is None:
            quick = _cast_closely(f"{table}.{name}", values, known[name], rows)
        cast[name] = quick
    return rows, cast


def _unequal(table: str, columns: Mapping[str, object]) -> UsageError:
    lengths = {name: _length(values) for name, values in columns.items()}
    found = ", ".join(f"{name} {length}" for name, length in lengths.items() if length is not None)
    return UsageError(f"expected columns of equal length for {table!r}, got {found}")


def _length(values: object) -> int | None:
    """Number of values, one per row; None: one value for all of them."""
    given = type(values)
    if given is str or given is int or given is float:  # nearly all that is not an array
        return None
    if isinstance(values, list):
        return len(values)
    if isinstance(values, np.ndarray):
        return len(values) if values.ndim else None
    if values is None or isinstance(values, (str, int, float, bytes, np.generic)):
        return None
    if isinstance(values, Sized) and not isinstance(values, Mapping):
        return len(values)
    return None


def cast_column(where: str, values: object, kind: Kind, rows: int) -> Column:
    """Cast one column of ``rows`` values; ``where`` (``table.column``) goes into messages.

    Raises
    ------
    UsageError
        Text among numbers, fractions among whole numbers, whole numbers beyond 64 bits, more than
        one dimension, NUL characters or broken Unicode in text.
    """
    quick = _cast_plain(values, kind, rows)
    return _cast_closely(where, values, kind, rows) if quick is None else quick


def _cast_closely(where: str, values: object, kind: Kind, rows: int) -> Column:
    """Cast whatever may come, value by value where it has to be."""
    items: Items
    many = _length(values) is not None
    if not many:
        items = [values]
    elif isinstance(values, (list, tuple)):
        items = values
    elif isinstance(values, np.ma.MaskedArray):
        items = values.tolist()  # a masked value is an unknown one
    else:
        items = np.asarray(values)
        if items.ndim != 1:
            raise UsageError(f"{where}: expected one dimension, got shape {items.shape}")
    column: Column
    if kind is str:
        column = _texts(where, items, as_json=where.endswith("_json"))
    elif kind is float:
        column = _floats(where, items)
    else:
        column = _ints(where, items)
    return column if many else [column[0]] * rows


def _cast_plain(values: Any, kind: Kind, rows: int) -> Column | None:
    """Cast what nearly every append of a loop is made of, without a detour; None: look closer."""
    given = type(values)
    if given is np.ndarray:
        if values.ndim != 1:
            return None
        if kind is str:
            return _plain_texts(values.tolist()) if values.dtype == object else None
        if kind is int:
            whole: list[int] | None = values.tolist() if values.dtype == _INT64_TYPE else None
            return whole
        if values.dtype != _FLOAT64 or len(values) > _FEW:
            return None
        numbers = values.tolist()
        total = sum(numbers)
        if total == total and 0.0 not in numbers:
            return cast(Column, numbers)  # nothing is unknown, and no zero is a minus zero
        return [None if number != number else number + 0.0 for number in numbers]
    if given is list:
        return _plain_texts(values) if kind is str else None
    if given is not kind:
        return None
    if given is float:
        return [None if values != values else values + 0.0] * rows
    if given is int:
        return [values] * rows if values in _INT64 else None
    return [values] * rows if values.isascii() and "\x00" not in values else None


def _plain_texts(values: list[Any]) -> list[str | None] | None:
    """Copy ASCII texts, some of which may be unknown; None: look closer."""
    if not _TEXTS.issuperset(map(type, values)):
        return None
    together = "".join(filter(None, values))
    return values[:] if together.isascii() and "\x00" not in together else None


def _floats(where: str, items: Items) -> list[float | None]:
    if not (isinstance(items, np.ndarray) and items.dtype == np.float64):
        items = _numbers(where, items, float).astype(np.float64)
    array = items + 0.0  # turns -0.0 into 0.0
    values: list[float | None] = array.tolist()
    if np.isnan(array).any():
        values = [None if value != value else value for value in values]
    return values


def _ints(where: str, items: Items) -> list[int | None]:
    array = _numbers(where, items, int)
    if array.dtype.kind == "M":
        missing = np.isnat(array)
        array = array.astype("datetime64[ns]").view(np.int64)
    elif array.dtype.kind in "fO":
        exact = items if array.dtype.kind == "O" or isinstance(items, (list, tuple)) else array
        return [_int_or_none(where, item) for item in exact]
    else:
        if array.dtype == np.uint64 and int(array.max(initial=0)) not in _INT64:
            raise _wrong(where, int, array.max())
        missing = np.zeros(0, dtype=bool)
    values: list[int | None] = array.astype(np.int64).tolist()
    if missing.any():
        values = [None if gone else value for gone, value in zip(missing, values, strict=True)]
    return values


def _int_or_none(where: str, item: object) -> int | None:
    """Accept floats only as far as they are exact: nanoseconds since 1970 are not."""
    if item is None or item != item:
        return None
    if isinstance(item, (int, np.integer)) and int(item) in _INT64:
        return int(item)
    if isinstance(item, (float, np.floating)):
        number = float(item)
        if number.is_integer() and abs(number) < 2**53:
            return int(number)
    raise UsageError(
        f"{where}: expected whole numbers of 64 bits (None where unknown), got {item!r}: floats "
        "are exact to 2**53 only, pass int64 or datetime64"
    )


def _numbers(where: str, items: Items, kind: Kind) -> NDArray[Any]:
    """One-dimensional array of numbers; of objects where Python's own are wanted exactly."""
    try:
        array = np.asarray(items)
    except ValueError as error:
        raise UsageError(f"{where}: expected one value per row, got nested ones") from error
    if array.ndim != 1:
        raise UsageError(f"{where}: expected one dimension, got shape {array.shape}")
    if array.dtype.kind in "fiub" or (array.dtype.kind == "M" and kind is int):
        return array
    if array.dtype.kind != "O":
        raise _wrong(where, kind, array[0])
    for item in array:
        plain = isinstance(item, (int, float, np.integer, np.floating)) or item is None
        if not plain or (isinstance(item, int) and item not in _INT64):
            raise _wrong(where, kind, item)
    return array if kind is int else array.astype(np.float64)


def _texts(where: str, items: Items, *, as_json: bool) -> list[str | None]:
    listed: list[object] = items.tolist() if isinstance(items, np.ndarray) else list(items)
    if as_json:
        listed = [_json_or_text(item) for item in listed]
    types = set(map(type, listed))
    if types == {str}:
        texts = cast("list[str | None]", listed)
        together = "".join(cast("list[str]", listed))
        if together.isascii() and "\x00" not in together:
            return texts
    elif not types <= {str, type(None)}:
        listed = [_text_or_none(where, item) for item in listed]
    texts = [item for item in listed if item is None or isinstance(item, str)]
    together = "".join([text for text in texts if text])
    if "\x00" in together:
        raise UsageError(f"{where}: expected text without NUL characters, got some")
    try:
        together.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{where}: expected valid Unicode, got {error.object[:40]!r}") from error
    return texts


def _json_or_text(item: object) -> object:
    missing = isinstance(item, float) and item != item
    return item if item is None or missing or isinstance(item, str) else canonical_json(item)


def _text_or_none(where: str, item: object) -> str | None:
    if item is None or (isinstance(item, float) and item != item):
        return None
    if isinstance(item, str):
        return str.__str__(item)
    raise _wrong(where, str, item)


def _wrong(where: str, kind: Kind, item: object) -> UsageError:
    return UsageError(f"{where}: expected {_KIND_WORDS[kind]}, got {item!r}: convert it first")
