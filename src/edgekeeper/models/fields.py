"""Typed reading of a parsed record: each field is there, of its type, and none is left over."""

import math
from types import TracebackType
from typing import Self

import numpy as np

from edgekeeper.errors import BadData, nearest
from edgekeeper.models.canonical import Json
from edgekeeper.types import Float64Array

__all__ = ["Fields"]


class Fields:
    """Reads the fields of one JSON object; leaving the ``with`` block refuses unread ones.

    Parameters
    ----------
    value : Json
        Should be an object.
    where : str
        Its place, for messages.

    Examples
    --------
    >>> with Fields({"rows": 3, "hash": "ab"}, "data") as data:
    ...     data.integer("rows"), data.text("hash")
    (3, 'ab')
    """

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise BadData(f"{where}: expected a JSON object, got {type(value).__name__}")
        self._left = dict(value)
        self._known = list(value)
        self._where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self._left:
            raise BadData(
                f"{self._where}: got unknown fields {sorted(self._left)}: "
                "written by another version of Edgekeeper?"
            )

    def value(self, name: str) -> Json:
        """Return a field of any type."""
        if name not in self._left:
            raise BadData(
                f"{self._where}: expected a field {name!r}, got {self._known}"
                f"{nearest(name, self._known)}"
            )
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Return a text field."""
        value = self.value(name)
        if not isinstance(value, str):
            raise self._wrong(name, "text", value)
        return value

    def integer(self, name: str) -> int:
        """Return a whole-number field; a bool is none."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, "a whole number", value)
        return value

    def number(self, name: str) -> float:
        """Return a finite number; null reads as NaN."""
        return self._number(name, self.value(name))

    def numbers(self, name: str, length: int | None = None) -> Float64Array:
        """Return a list of numbers, null read as NaN: float64 ``[length]``."""
        values = self.items(name)
        if length is not None and len(values) != length:
            raise self._wrong(name, f"{length} numbers", values)
        return np.array([self._number(name, item) for item in values], dtype=np.float64)

    def flag(self, name: str) -> bool:
        """Return a field that is there only where it is true."""
        if name not in self._left:
            return False
        if self.value(name) is not True:
            raise BadData(f"{self._where}.{name}: expected true, or no such field")
        return True

    def items(self, name: str) -> list[Json]:
        """Return a list field."""
        value = self.value(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        return value

    def mapping(self, name: str) -> dict[str, Json]:
        """Return a nested object as it is."""
        value = self.value(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return value

    def record(self, name: str) -> "Fields":
        """Return a nested object for reading field by field."""
        return Fields(self.value(name), f"{self._where}.{name}")

    def _number(self, name: str, value: Json) -> float:
        if value is None:
            return math.nan
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "numbers", value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self._wrong(name, "finite numbers", value)
        return number

    def _wrong(self, name: str, expected: str, value: Json) -> BadData:
        got = repr(value)
        got = got if len(got) <= 60 else got[:57] + "..."
        return BadData(f"{self._where}.{name}: expected {expected}, got {got}")
