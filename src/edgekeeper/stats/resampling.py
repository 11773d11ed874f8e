"""Resample whole blocks of time once, for every figure at once: then differences are paired."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Interval", "TimeBlocks", "interval_of"]

_MOST_BLOCKS = 200
_LEAST_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the ends of its interval; NaN where it is not known."""

    value: float
    low: float = math.nan
    high: float = math.nan


def interval_of(value: float, resampled: Float64Array, level: float = 0.95) -> Interval:
    """Return a figure with the middle ``level`` of its resamples; none where half are undefined.

    Examples
    --------
    >>> interval_of(1.0, np.linspace(0.0, 8.0, 101), 0.75)
    Interval(value=1.0, low=1.0, high=7.0)
    """
    known = resampled[np.isfinite(resampled)]
    if not math.isfinite(value) or 2 * len(known) < len(resampled) or len(known) < 2:
        return Interval(value)
    low, high = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(value, float(low), float(high))


@dataclass(frozen=True)
class TimeBlocks:
    """Consecutive blocks of periods, and how often each is drawn in each resample.

    What depends on sums alone (means, ratios, Sharpe ratios, hit rates) is resampled by weighting
    the blocks' sums. Two figures from one object saw the same draws, so their difference has an
    interval of its own.

    Parameters
    ----------
    periods : int
        Length of the record, such as its number of instants.
    block : int
        Periods that hang together, such as two label horizons; longer where it would make more
        than 200 blocks.

    Source: Carlstein (1986), "The use of subseries values for estimating the variance".

    Examples
    --------
    >>> blocks = TimeBlocks(1_000, block=10)
    >>> sums = blocks.sums(np.arange(1_000), np.ones((1_000, 1)))
    >>> blocks.count, float(sums.min()), float(sums.max())
    (100, 1000.0, 1000.0)
    """

    periods: int
    block: int
    repetitions: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.periods < 1 or self.block < 1:
            raise UsageError(
                f"expected a record and blocks of at least one period, got {self.periods!r} and "
                f"{self.block!r}"
            )
        if not 100 <= self.repetitions <= 100_000:
            raise UsageError(f"expected 100 to 100000 repetitions, got {self.repetitions!r}")

    @property
    def length(self) -> int:
        """Periods in a block."""
        return max(self.block, math.ceil(self.periods / _MOST_BLOCKS))

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return math.ceil(self.periods / self.length)

    @cached_property
    def draws(self) -> Float64Array:
        """How often each block is drawn, ``[repetitions, count]``."""
        rng = np.random.default_rng(self.seed)
        share = np.full(self.count, 1.0 / self.count)
        return rng.multinomial(self.count, share, size=self.repetitions).astype(np.float64)

    def of(self, position: Int64Array) -> Int64Array:
        """Block of each observation, from the period it is of."""
        return np.asarray(position, dtype=np.int64) // self.length

    def by_block(self, position: Int64Array, values: Float64Array) -> Float64Array:
        """Sums of ``values [n, k]`` in each block, ``[count, k]``."""
        block = self.of(position)
        return np.stack(
            [
                np.bincount(block, weights=column, minlength=self.count)
                for column in values.T
            ],
            axis=1,
        )  # fmt: skip

    def sums(self, position: Int64Array, values: Float64Array) -> Float64Array:
        """Resampled sums of ``values [n, k]``, ``[repetitions, k]``.

        NaN where fewer than ten blocks have an observation: they could not say how much such sums
        vary.
        """
        if not self.enough(position):
            return np.full((self.repetitions, values.shape[1]), math.nan)
        return self.draws @ self.by_block(position, values)

    def enough(self, position: Int64Array) -> bool:
        """Whether observations lie in enough blocks for an interval."""
        return len(np.unique(self.of(position))) >= _LEAST_BLOCKS
