"""Columns in time order, several rows an instant where there are several symbols."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["DriftTable"]


@dataclass(frozen=True)
class DriftTable:
    """Columns in time order.

    Attributes
    ----------
    names : tuple of str
    values : float64 [n, k]
        NaN is missing.
    instant : int64 [n]
        Rising; rows of one instant (its symbols) share it. Nanoseconds UTC where times are known,
        else row numbers.
    """

    names: tuple[str, ...]
    values: Float64Array
    instant: Int64Array

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.instant), len(self.names)):
            raise BadData(
                f"expected values [{len(self.instant)}, {len(self.names)}], got {self.values.shape}"
            )
        if (np.diff(self.instant) < 0).any():
            raise BadData("expected rows in time order, got a step back: sort them by time")

    @cached_property
    def instants(self) -> Int64Array:
        """Each instant once."""
        return np.unique(self.instant)

    def by_instant(self) -> Float64Array:
        """Mean of each instant's known values, ``[instants, k]``."""
        _, place = np.unique(self.instant, return_inverse=True)
        known = ~np.isnan(self.values)
        filled = np.where(known, self.values, 0.0)
        sums = np.zeros((len(self.instants), len(self.names)))
        counts = np.zeros_like(sums)
        np.add.at(sums, place, filled)
        np.add.at(counts, place, known)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @classmethod
    def of(
        cls, names: Sequence[str], values: Float64Array, instant: Int64Array | None = None
    ) -> Self:
        """Return a table; row numbers stand in where times are not known."""
        instants = np.arange(len(values), dtype=np.int64) if instant is None else instant
        return cls(tuple(names), np.asarray(values, dtype=np.float64), instants)

    def only(self, names: Sequence[str]) -> Self:
        """Return some of the columns."""
        picked = [self.names.index(name) for name in names]
        return type(self)(tuple(names), self.values[:, picked], self.instant)

    def windows(self, most: int, least: int) -> list[int]:
        """First rows of up to ``most`` stretches of at least ``least`` instants, and the end."""
        count = max(1, min(most, len(self.instants) // least))
        starts = [self.instants[len(self.instants) * k // count] for k in range(count)]
        return [*np.searchsorted(self.instant, starts).tolist(), len(self.instant)]

    def between(self, first: int, end: int) -> Self:
        """Return the rows with ``first <= instant < end``."""
        low, high = np.searchsorted(self.instant, [first, end])
        return type(self)(self.names, self.values[low:high], self.instant[low:high])
