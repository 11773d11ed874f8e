"""Room on disk for what a run has to be able to read again, but hardly ever does.

Each array lies in a file of its own that has no name: it is gone with the process, however that
ends. The kernel keeps what is used in memory, and may let go of the rest whenever memory is short;
a process that asks for it sees its own share of it shrink at once.
"""

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import IN_MEMORY, Room, Rooms
from edgekeeper.errors import StorageError

__all__ = ["ScratchRooms", "rooms_in"]

_STEP = 1 << 18
"""Bytes by which a file grows: what is lost at its end, and what is mapped anew each time."""


class ScratchRooms:
    """Rooms on the disk of a folder, for :class:`~edgekeeper.bars.GrowingArray`.

    Parameters
    ----------
    folder : Path
        Where there is space for about 120 bytes a bar; a folder in memory (``tmpfs``) saves none.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from edgekeeper.bars import GrowingArray
    >>> rooms = ScratchRooms(Path(tempfile.gettempdir()))
    >>> prices = GrowingArray(np.array([1.0, 2.0]), rooms)
    >>> prices.extend(np.array([3.0]))
    >>> prices.view.tolist(), rooms.bytes
    ([1.0, 2.0, 3.0], 262144)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rooms: weakref.WeakSet[_Scratch] = weakref.WeakSet()

    def room_for(self, like: NDArray[Any]) -> Room:
        """Make room for values like these.

        Raises
        ------
        StorageError
            No file can be made in the folder.
        """
        room = _Scratch(self._folder, like)
        self._rooms.add(room)
        return room

    @property
    def bytes(self) -> int:
        """Space taken on the disk."""
        return sum(room.bytes for room in self._rooms)

    def rest(self) -> None:
        """Let go of memory: what is read again is read from the disk, or from its cache."""
        for room in self._rooms:
            room.rest()


def rooms_in(folder: Path) -> Rooms:
    """Rooms on the disk of a folder; in memory where a system cannot set space aside for them."""
    return ScratchRooms(folder) if hasattr(os, "posix_fallocate") else IN_MEMORY


class _Scratch:
    """Room for one array, in a file without a name."""

    def __init__(self, folder: Path, like: NDArray[Any]) -> None:
        self._folder, self._shape, self._dtype = folder, like.shape[1:], like.dtype
        self._row = max(int(np.prod(self._shape)) * like.dtype.itemsize, 1)
        self._map: mmap.mmap | None = None
        self._array: NDArray[Any] = np.empty((0, *self._shape), self._dtype)
        self.bytes = 0
        try:
            self._file, name = tempfile.mkstemp(dir=folder, prefix=".scratch-")
            Path(name).unlink()
        except OSError as error:
            raise self._trouble(error) from error
        weakref.finalize(self, os.close, self._file)

    def of(self, size: int) -> NDArray[Any]:
        """Return the array, longer if need be; what was handed out before shows the same file."""
        if size > len(self._array):
            wanted = -(-size * self._row // _STEP) * _STEP
            try:
                # Taken now, since a full disk would end the process at a write to mapped memory.
                os.posix_fallocate(self._file, 0, wanted)
                self._map = mmap.mmap(self._file, wanted)
            except OSError as error:
                raise self._trouble(error) from error
            self.bytes, rows = wanted, wanted // self._row
            numbers = rows * (self._row // self._dtype.itemsize)
            flat = np.frombuffer(self._map, self._dtype, numbers)
            self._array = flat.reshape((rows, *self._shape))
        return self._array

    def rest(self) -> None:
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def _trouble(self, error: OSError) -> StorageError:
        return StorageError(
            f"{self._folder}: no room for the bars of a run ({error.strerror}): make space there, "
            "and start again; what is on record is lived again"
        )
