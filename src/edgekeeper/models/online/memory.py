"""A ring of the newest rows that correctors learn from, as plain numbers."""

import struct

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array

__all__ = ["Memory", "packed", "unpacked", "width_of"]

_HEADER = struct.Struct("<8sqqq")


class Memory:
    """The newest ``capacity`` rows of ``width`` numbers.

    Attributes
    ----------
    rows : float64 [capacity, width]
        Row ``k`` of all that ever came lies at ``k % capacity``.
    seen : int
        Rows that ever came.
    """

    def __init__(self, capacity: int, width: int) -> None:
        self.rows: Float64Array = np.zeros((capacity, width))
        self.seen = 0

    def __len__(self) -> int:
        return min(self.seen, len(self.rows))

    def add(self, row: Float64Array) -> None:
        """Take one row in place of the oldest."""
        self.rows[self.seen % len(self.rows)] = row
        self.seen += 1

    def newest(self, count: int) -> Float64Array:
        """Return the last ``count`` rows that came, oldest first."""
        places = np.arange(self.seen - count, self.seen) % len(self.rows)
        return np.asarray(self.rows[places])

    @property
    def held(self) -> Float64Array:
        """The rows there are, in no order that matters: a view."""
        return self.rows[: len(self)]

    @property
    def in_order(self) -> Float64Array:
        """The rows there are, oldest first."""
        if self.seen <= len(self.rows):
            return self.held
        return np.roll(self.rows, -(self.seen % len(self.rows)), axis=0)


def packed(mark: bytes, memory: Memory, further: Float64Array) -> bytes:
    """Return a memory and further numbers as bytes, the same on every machine."""
    header = _HEADER.pack(mark, memory.seen, *memory.rows.shape)
    numbers = np.concatenate([further, memory.held.ravel()])
    return header + numbers.astype("<f8").tobytes()


def unpacked(mark: bytes, memory: Memory, further: int, state: bytes) -> Float64Array:
    """Fill a memory from what :func:`packed` made; return the ``further`` numbers.

    Raises
    ------
    BadData
        Another kind's state, one of another size, or one cut short.
    """
    expected = (mark.ljust(8, b"\0"), *memory.rows.shape)
    if len(state) < _HEADER.size:
        raise BadData(f"expected the state of a corrector, got {len(state)} bytes: learn it anew")
    found, seen, *shape = _HEADER.unpack_from(state)
    if (found, *shape) != expected or seen < 0:
        raise BadData(
            f"expected the state of a {mark.decode()} corrector of {memory.rows.shape} numbers, "
            "got another's: learn it anew"
        )
    held = min(seen, len(memory.rows))
    if len(state) != _HEADER.size + 8 * (further + held * memory.rows.shape[1]):
        raise BadData("expected a whole state of a corrector, got one cut short: learn it anew")
    numbers = np.frombuffer(state, "<f8", offset=_HEADER.size)
    if not np.isfinite(numbers).all():
        raise BadData("expected a state of finite numbers, got others: learn it anew")
    memory.seen = seen
    memory.rows[:] = 0.0
    memory.rows[:held] = np.reshape(numbers[further:], (held, memory.rows.shape[1]))
    return np.array(numbers[:further])


def width_of(state: bytes) -> int:
    """Return how many numbers a row has in what :func:`packed` made.

    Raises
    ------
    BadData
        It is too short for that, or no width.
    """
    width = _HEADER.unpack_from(state)[3] if len(state) >= _HEADER.size else -1
    if not 0 < width < 2**20:
        raise BadData("expected a state of a corrector, got something else: learn it anew")
    return int(width)
