"""Reading protobuf's wire format without a schema library, bounded in time and memory.

A serving process has to look into a graph before ONNX Runtime does. Four kinds of fields exist on
the wire; long lists of numbers, which is what a model mostly is, are read by NumPy in one go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Int64Array

__all__ = ["Message", "Place", "Value"]

Place = tuple[int, int]
"""First byte, and the one after the last."""
Value = int | Place | Int64Array

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_MOST_FIELDS = 100_000
_MOST_NUMBERS = 2_000_000
_STRETCH = 2**20
# Lists of an attribute as they are written: a tag before each member.
_INTEGERS, _FLOATS, _TEXTS = 0x40, 0x3D, 0x4A
_FLOAT_LIST = re.compile(rb"(?s:\x3d....)++")
_NODE_MODES = re.compile(
    rb"(?:\x4a(?:\x04LEAF|\x09BRANCH_(?:LT|GT|EQ)|\x0aBRANCH_(?:LEQ|GTE|NEQ)))++"
)


@dataclass(slots=True)
class _Budget:
    """Fields that may still be read: a small file can hold millions of them."""

    left: int = _MOST_FIELDS


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a stretch of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    start, stop : int

    Examples
    --------
    >>> message = Message(bytes.fromhex("0a0248691007"), 0, 6)
    >>> [(number, value) for number, value in message]
    [(1, (2, 4)), (2, 7)]
    >>> message.bytes((2, 4))
    b'Hi'
    """

    data: bytes
    start: int
    stop: int
    budget: _Budget = field(default_factory=_Budget, repr=False)

    def __iter__(self) -> Iterator[tuple[int, int | Place]]:
        """Yield field numbers with a whole number, or with the place of their bytes.

        Raises
        ------
        BadData
            Cut off, malformed, or more fields than any model needs.
        """
        for number, value, _ in self.pieces():
            yield number, value

    def pieces(self) -> Iterator[tuple[int, int | Place, Place]]:
        """Yield as iteration does, and where each field stands, its tag included."""
        place = self.start
        while place < self.stop:
            start = place
            number, value, place = self._field(place)
            yield number, value, (start, place)

    def lists(self) -> Iterator[tuple[int, Value]]:
        """Yield as iteration does, but lists in one piece, under their number's negative.

        Whole numbers as int64 [n]; floats and the modes of a tree's nodes as their place.

        Raises
        ------
        BadData
            As iteration; a list in several pieces, or longer than any model's.
        """
        place, met = self.start, set[int]()
        while place < self.stop:
            tag = self.data[place]
            whole, end = self._list(tag, place)
            if end == place:
                number, value, place = self._field(place)
                yield number, value
                continue
            if tag in met:
                raise BadData("model.onnx: expected each list in one piece, got one in several")
            met.add(tag)
            self._pay()
            yield -(tag >> 3), (place, end) if whole is None else whole
            place = end

    def bytes(self, place: Place) -> bytes:
        """Return the bytes at a place."""
        return self.data[place[0] : place[1]]

    def inside(self, place: Place) -> "Message":
        """Return the message at a place; its fields count towards the same bound."""
        return Message(self.data, place[0], place[1], self.budget)

    def _field(self, place: int) -> tuple[int, int | Place, int]:
        """Field number, value, and where the next field begins."""
        self._pay()
        key, place = self._varint(place)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise BadData("model.onnx: expected a protobuf message, got a field without a number")
        if kind == _VARINT:
            value, place = self._varint(place)
            return number, value, place
        if kind == _BYTES:
            length, place = self._varint(place)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise BadData(f"model.onnx: expected a protobuf message, got wire type {kind}")
        if place + length > self.stop:
            raise BadData("model.onnx: expected a whole message, got one cut off")
        return number, (place, place + length), place + length

    def _list(self, tag: int, place: int) -> tuple[Int64Array | None, int]:
        if tag == _INTEGERS:
            return _integers(self.data, place, self.stop)
        pattern = {_FLOATS: _FLOAT_LIST, _TEXTS: _NODE_MODES}.get(tag)
        found = pattern.match(self.data, place, self.stop) if pattern else None
        return None, found.end() if found else place

    def _pay(self) -> None:
        self.budget.left -= 1
        if self.budget.left < 0:
            raise BadData(f"model.onnx: expected at most {_MOST_FIELDS} fields, got more")

    def _varint(self, place: int) -> tuple[int, int]:
        value = shift = 0
        for byte in self.data[place : min(place + _LONGEST_VARINT, self.stop)]:
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, place
            shift += 7
        raise BadData("model.onnx: expected a whole number, got one cut off")


def _integers(data: bytes, place: int, stop: int) -> tuple[Int64Array, int]:
    """Read ``tag, number, tag, number, …``; return the numbers and where they end."""
    pieces: list[Int64Array] = []
    count = 0
    while place < stop and data[place] == _INTEGERS:
        values, end = _stretch(data, place, min(place + _STRETCH, stop))
        if end == place:
            raise BadData("model.onnx: expected a whole number, got one cut off")
        pieces.append(values)
        place, count = end, count + len(values)
        if count > _MOST_NUMBERS:
            raise BadData(
                f"model.onnx: expected lists of at most {_MOST_NUMBERS}, got a longer one"
            )
    return np.concatenate(pieces), place


def _stretch(data: bytes, place: int, stop: int) -> tuple[Int64Array, int]:
    """Numbers of a list within a stretch of the file.

    Tag and last byte of a number are the only bytes below 0x80, so the two alternate.
    """
    raw = np.frombuffer(data, dtype=np.uint8, count=stop - place, offset=place)
    low = np.flatnonzero(raw < 0x80)
    pairs = len(low) // 2
    if pairs == 0:
        return np.empty(0, dtype=np.int64), place
    tags, ends = low[: 2 * pairs : 2], low[1 : 2 * pairs : 2]
    follows = np.concatenate(([0], ends[:-1] + 1))
    fits = (tags == follows) & (raw[tags] == _INTEGERS) & (ends - tags <= _LONGEST_VARINT)
    count = pairs if fits.all() else int(np.argmin(fits))
    if count == 0:
        return np.empty(0, dtype=np.int64), place
    first, last = tags[:count] + 1, ends[:count]
    values = np.zeros(count, dtype=np.uint64)
    for digit in range(int((last - first).max()) + 1):  # seven bits a byte, lowest first
        here = np.flatnonzero(last - first >= digit)
        bits = (raw[first[here] + digit] & 0x7F).astype(np.uint64)
        values[here] |= bits << np.uint64(7 * digit)
    return values.astype(np.int64), place + int(last[-1]) + 1
