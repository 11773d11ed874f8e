"""Bars that come while they are used: a history that grows at its end, and nowhere else."""

from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars.record import COLUMNS, Bars
from edgekeeper.errors import BadData

__all__ = ["IN_MEMORY", "GrowingArray", "GrowingBars", "Room", "Rooms", "joined"]

_Kind = TypeVar("_Kind", bound=np.generic)
_COLUMNS = ("symbol", "event_time", "known_time", *COLUMNS, "adjustment")


class Room(Protocol):
    """Where the values of one growing array lie."""

    def of(self, size: int) -> NDArray[Any]:
        """Return an array to write to, of at least ``size`` rows, that holds what was written."""
        ...


class Rooms(Protocol):
    """Where growing arrays lie."""

    def room_for(self, like: NDArray[Any]) -> Room:
        """Make room for values like these: of their type, and of the shape of their rows."""
        ...

    def rest(self) -> None:
        """Hold no more in memory than has to be."""
        ...


class InMemory:
    """Growing arrays lie in memory."""

    def room_for(self, like: NDArray[Any]) -> Room:
        """Make room in memory."""
        return _Memory(like)

    def rest(self) -> None:
        """Hold everything, since it is nowhere else."""


IN_MEMORY = InMemory()


class _Memory:
    """Room in memory, doubled where it does not suffice, so that an append costs what it adds."""

    def __init__(self, like: NDArray[Any]) -> None:
        self._array: NDArray[Any] = np.empty((0, *like.shape[1:]), like.dtype)

    def of(self, size: int) -> NDArray[Any]:
        before = self._array
        if size > len(before):
            self._array = np.empty((max(size, 2 * len(before)), *before.shape[1:]), before.dtype)
            self._array[: len(before)] = before
        return self._array


class GrowingArray(Generic[_Kind]):
    """An array that is appended to.

    Parameters
    ----------
    values : array [N, ...]
        Taken as they are; copied only once more values come.
    rooms : Rooms
        Where they lie from then on.

    Examples
    --------
    >>> import numpy as np
    >>> prices = GrowingArray(np.array([1.0, 2.0]))
    >>> prices.extend(np.array([3.0]))
    >>> prices.view.tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, values: NDArray[_Kind], rooms: Rooms = IN_MEMORY) -> None:
        self.view = _closed(values)  # the caller's: never written to
        self._size = len(values)
        self._rooms = rooms
        self._room: Room | None = None

    def __len__(self) -> int:
        return self._size

    def replace_last(self, values: NDArray[_Kind]) -> None:
        """Put ``values`` in the place of the last ones; views handed out before may change too."""
        self._size -= len(values)
        self.extend(values)

    def extend(self, values: NDArray[_Kind]) -> None:
        """Append ``values``; views handed out before stay as they are."""
        size = self._size + len(values)
        if self._room is None:
            self._room = self._rooms.room_for(self.view)
            self._room.of(size)[: self._size] = self.view[: self._size]
        array = self._room.of(size)
        array[self._size : size] = values
        self._size = size
        self.view = _closed(array[:size])


def _closed(values: NDArray[_Kind]) -> NDArray[_Kind]:
    """Read-only view."""
    view = values.view()
    view.flags.writeable = False
    return view


class GrowingBars:
    """Bars of a fixed set of symbols, to which later instants are appended.

    Parameters
    ----------
    bars : Bars
    rooms : Rooms
        Where columns lie once more has come.

    Attributes
    ----------
    bars : Bars
        Everything so far. One handed out before an append stays as it was.
    """

    def __init__(self, bars: Bars, rooms: Rooms = IN_MEMORY) -> None:
        self.bars = bars
        self._columns = {name: GrowingArray(getattr(bars, name), rooms) for name in _COLUMNS}
        self._context = {name: GrowingArray(one, rooms) for name, one in bars.context.items()}
        self._instants = GrowingArray(bars.instants, rooms)
        self._offsets = GrowingArray(bars.instant_offsets, rooms)

    def append(self, bars: Bars) -> None:
        """Take bars of later instants.

        Raises
        ------
        BadData
            Other symbols or context columns, or an instant that is not later than the last.
        """
        if bars.symbols != self.bars.symbols:
            raise BadData(f"expected bars of {self.bars.symbols}, got bars of {bars.symbols}")
        if set(bars.context) != set(self._context):
            raise BadData(
                f"expected context {sorted(self._context)}, got {sorted(bars.context)}: it cannot "
                "change while a history grows"
            )
        if bars.event_time[0] <= self.bars.event_time[-1]:
            raise BadData(
                f"expected bars later than {_stamp(self.bars.event_time[-1])}, got one of "
                f"{_stamp(bars.event_time[0])}: a history grows at its end"
            )
        rows = len(self.bars)
        for name, column in self._columns.items():
            column.extend(getattr(bars, name))
        for name, column in self._context.items():
            column.extend(bars.context[name])
        self._instants.extend(bars.instants)
        self._offsets.extend(bars.instant_offsets[1:] + rows)
        grown = Bars(
            symbols=bars.symbols,
            context={name: column.view for name, column in self._context.items()},
            **{name: column.view for name, column in self._columns.items()},
        )
        # What Bars would find out from all rows anew.
        grown.__dict__.update(instants=self._instants.view, instant_offsets=self._offsets.view)
        self.bars = grown


def joined(bars: Bars, later: Bars | None) -> Bars:
    """Bars, and those of ``later`` that came after them.

    Raises
    ------
    BadData
        Symbols that the first ones do not have, or other context columns.
    """
    if later is None:
        return bars
    newer = int(np.searchsorted(later.event_time, bars.event_time[-1], side="right"))
    if newer == len(later):
        return bars
    grown = GrowingBars(bars)
    grown.append(later.rows(newer, len(later)).among(bars.symbols))
    return grown.bars


def _stamp(time_ns: np.int64) -> str:
    return f"{np.datetime64(int(time_ns), 'ns').astype('datetime64[s]')}Z"
