"""``GrowingMatrix``: features of a history that grows, computed once for each row.

The newest rows stay in memory, all of them or as many as are asked for. Older ones are computed
again where somebody wants them, from the first bar on, which gives the same to the last bit.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.features.compute import Real, compute
from edgekeeper.features.feature_set import FeatureSet
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["GrowingMatrix", "GrownRows"]

_SPARE = 4
"""Room is made for a fourth more: rows are moved four times, and little lies empty."""

_AT_ONCE = 16_384  # rows, where most of what is computed is not kept


class GrowingMatrix:
    """Features of bars to which later instants are appended.

    Rows are those of :meth:`FeatureSet.matrix` over the whole history, to the last bit.

    Parameters
    ----------
    features : FeatureSet
    dtype : float32 or float64
    keep : int, optional
        Newest rows that stay in memory at least; None: all.
    """

    def __init__(
        self, features: FeatureSet, dtype: type[Real] = np.float32, keep: int | None = None
    ) -> None:
        self.features = features
        self._dtype = dtype
        self._states: list[Float64Array] = []
        self._newest = _Newest(np.empty((0, features.plan.features), dtype), keep)
        self._whole = keep is None

    def __len__(self) -> int:
        """Rows seen so far."""
        return self._newest.stop

    def extend(self, part: Bars) -> NDArray[Any]:
        """Return features of the next instants alone, ``[n, F]``, and keep them.

        Raises
        ------
        UsageError
            The bars lack a column.
        """
        if not self._states:
            self._states = self._fresh(part)
        values = compute(self.features.plan, part, self._dtype, states=self._states)
        self._newest.extend(values)
        return values

    def of(self, bars: Bars) -> "GrownRows":
        """Return features of all rows, to be picked from.

        Parameters
        ----------
        bars : Bars
            Those of the last call, or these with more at the end.

        Raises
        ------
        UsageError
            The bars lack a column.
        BadData
            Fewer bars than the last time.
        """
        seen = len(self)
        if len(bars) < seen:
            raise BadData(f"expected at least the {seen} bars seen before, got {len(bars)}")
        if len(bars) > seen:
            for first, stop in self._parts(bars, seen, len(bars)):
                self.extend(bars.rows(first, stop))
        return GrownRows(self, bars)

    def rows(self, bars: Bars, rows: slice | Int64Array) -> NDArray[Any]:
        """Return some rows, ``[n, F]``; see :class:`GrownRows`."""
        if isinstance(rows, slice):
            first, stop, step = rows.indices(len(bars))
            if step == 1 and (first >= self._newest.first or first >= stop):
                return self._newest.between(first, max(first, stop))
            rows = np.arange(first, stop, step)
        values = np.empty((len(rows), self.features.plan.features), self._dtype)
        old = rows < self._newest.first
        values[~old] = self._newest.at(rows[~old])
        if old.any():
            values[old] = self._again(bars, rows[old])
        return values

    def _again(self, bars: Bars, rows: Int64Array) -> NDArray[Any]:
        """Compute rows that are no longer kept, from the first bar on."""
        values = np.empty((len(rows), self.features.plan.features), self._dtype)
        states = self._fresh(bars)
        end = int(np.searchsorted(bars.instant_offsets, rows.max(), side="right"))
        for first, stop in _cuts(bars, 0, int(bars.instant_offsets[end])):
            part = compute(self.features.plan, bars.rows(first, stop), self._dtype, states=states)
            inside = (rows >= first) & (rows < stop)
            values[inside] = part[rows[inside] - first]
        return values

    def _fresh(self, bars: Bars) -> list[Float64Array]:
        sizes = self.features.plan.state_sizes
        return [np.zeros((len(bars.symbols), size)) for size in sizes]

    def _parts(self, bars: Bars, first: int, stop: int) -> Iterator[tuple[int, int]]:
        return iter([(first, stop)]) if self._whole else _cuts(bars, first, stop)


class GrownRows:
    """Rows of a matrix that grows, in the canonical order of the bars it was asked for.

    Indexed by a slice or by numbers of rows, as an array ``[N, F]`` would be.
    """

    def __init__(self, matrix: GrowingMatrix, bars: Bars) -> None:
        self._matrix, self._bars = matrix, bars

    def __len__(self) -> int:
        return len(self._bars)

    def __getitem__(self, rows: slice | Int64Array) -> NDArray[Any]:
        return self._matrix.rows(self._bars, rows)


class _Newest:
    """The newest rows of an array that grows; rows are numbered from its beginning."""

    def __init__(self, none: NDArray[Any], keep: int | None) -> None:
        self._room, self._keep = none, keep
        self.first = self.stop = 0  # of the rows that are here

    def extend(self, values: NDArray[Any]) -> None:
        """Append rows; what was handed out before stays as it is."""
        stop = self.stop + len(values)
        if not self.stop and (self._keep is None or len(values) <= self._keep):
            self._room, self.stop = values, stop
            return
        if self._keep is not None and len(values) >= self._keep:
            self.first, self.stop = stop - self._keep, stop
            self._room = values[len(values) - self._keep :].copy()
            return
        if stop - self.first > len(self._room):
            self._make_room(stop)
        self._room[self.stop - self.first : stop - self.first] = values
        self.stop = stop

    def _make_room(self, stop: int) -> None:
        """Make some for a part as much again, and leave behind what need not be kept."""
        first = self.first if self._keep is None else max(self.first, stop - self._keep)
        size = stop - first
        room = np.empty((size + size // _SPARE, *self._room.shape[1:]), self._room.dtype)
        room[: self.stop - first] = self._room[first - self.first : self.stop - self.first]
        self._room, self.first = room, first

    def between(self, first: int, stop: int) -> NDArray[Any]:
        view = self._room[first - self.first : stop - self.first]
        view.flags.writeable = False
        return view

    def at(self, rows: Int64Array) -> NDArray[Any]:
        return self._room[rows - self.first]


def _cuts(bars: Bars, first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole instants between two rows."""
    offsets = bars.instant_offsets
    while first < stop:
        after = int(np.searchsorted(offsets, first + _AT_ONCE, side="left"))
        end = min(int(offsets[min(after, len(offsets) - 1)]), stop)
        yield first, end
        first = end
