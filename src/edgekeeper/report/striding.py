"""A path without end in a store of fixed size: rows at every bar first, later at every second."""

from dataclasses import dataclass, field

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Strided"]

_MOST = 32_768


@dataclass
class Strided:
    """Keeps rows of numbers at equal strides; the stride doubles whenever the store is full.

    What is kept hangs on the rows alone, never on how they were cut into calls.

    Parameters
    ----------
    width : int
        Numbers in a row.
    lowest : tuple of int
        Of these columns a stride keeps its lowest number, of the others its last.
    most : int
        Rows to keep, even: from half of them on to all of them.

    Attributes
    ----------
    stride : int
        Rows that one kept row stands for.
    count : int
        Rows that came.
    last : float64 [width]
        The newest row; NaN before the first.

    Examples
    --------
    >>> path = Strided(1, most=4)
    >>> path.add(np.arange(1, 10), np.arange(1.0, 10.0)[:, None])
    >>> path.stride, path.time_ns.tolist(), float(path.last[0])
    (4, [4, 8], 9.0)
    """

    width: int
    lowest: tuple[int, ...] = ()
    most: int = _MOST
    stride: int = 1
    count: int = 0
    last_ns: int = 0
    last: Float64Array = field(init=False)
    _kept: int = 0
    _waiting: int = 0  # rows of the stride that is not full yet
    _least: Float64Array = field(init=False)
    _time: Int64Array = field(init=False)
    _rows: Float64Array = field(init=False)

    def __post_init__(self) -> None:
        if self.most < 2 or self.most % 2:
            raise UsageError(f"expected an even number of rows to keep, got {self.most}")
        self.last = np.full(self.width, np.nan)
        self._least = np.full(len(self.lowest), np.inf)
        self._time = np.empty(self.most, dtype=np.int64)
        self._rows = np.empty((self.most, self.width))

    @property
    def time_ns(self) -> Int64Array:
        """When each kept stride ended, int64 [kept]."""
        return self._time[: self._kept].copy()

    @property
    def rows(self) -> Float64Array:
        """What each kept stride ended with, float64 [kept, width]."""
        return self._rows[: self._kept].copy()

    def add(self, time_ns: Int64Array, rows: Float64Array) -> None:
        """Take in the rows that came next, ``[n]`` and ``[n, width]``."""
        while len(rows):
            room = (self.most - self._kept) * self.stride - self._waiting
            self._take(time_ns[:room], rows[:room])
            time_ns, rows = time_ns[room:], rows[room:]

    def _take(self, time_ns: Int64Array, rows: Float64Array) -> None:
        ends = np.arange(self.stride - self._waiting - 1, len(rows), self.stride)
        full, new = len(ends), slice(self._kept, self._kept + len(ends))
        if full:
            begins = np.concatenate(([0], ends[:-1] + 1))
            self._time[new], self._rows[new] = time_ns[ends], rows[ends]
            self._rows[new, self.lowest] = np.fmin.reduceat(
                rows[: ends[-1] + 1, self.lowest], begins, axis=0
            )
            self._rows[self._kept, self.lowest] = np.fmin(
                self._rows[self._kept, self.lowest], self._least
            )
            self._least[:] = np.inf
        rest = rows[ends[-1] + 1 :] if full else rows
        if len(rest):
            self._least = np.fmin(self._least, np.fmin.reduce(rest[:, self.lowest], axis=0))
        self._waiting = len(rest) if full else self._waiting + len(rest)
        self._kept += full
        self.count += len(rows)
        self.last_ns, self.last = int(time_ns[-1]), rows[-1].copy()
        if self._kept == self.most:
            self._fold()

    def _fold(self) -> None:
        """Keep every second row."""
        half = self.most // 2
        first = self._rows[0::2, self.lowest].copy()
        self._rows[:half], self._time[:half] = self._rows[1::2].copy(), self._time[1::2].copy()
        self._rows[:half, self.lowest] = np.fmin(self._rows[:half, self.lowest], first)
        self._kept, self.stride = half, 2 * self.stride
