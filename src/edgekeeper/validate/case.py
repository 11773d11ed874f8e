"""What is to be judged: forecasts over bars, and what became of the trades they speak of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.labels import Labels
from edgekeeper.types import BoolArray, Float64Array, Forecasts, Int8Array, Int64Array

__all__ = ["Case", "ObjectArray"]

ObjectArray = NDArray[np.object_]


@dataclass(frozen=True)
class Case:
    """Forecasts of one forecaster over bars, judged from an instant on.

    Attributes
    ----------
    name : str
    bars : Bars
    volatility : float64 [N]
    labels : Labels [N]
        Outcomes net of costs, by the very brackets that orders carry.
    forecasts : Forecasts [N]
        What the virtual book trades; rows before ``first_ns`` are not read.
    probability : float64 [N, 2]
        What is scored; NaN where nothing was forecast of a side.
    rules : int8 [N]
        Signals of the rules, the baseline.
    first_ns : int
        First instant judged.
    tags : mapping of name to object [N, 2]
        Further conditions that came with the forecasts, such as their source.
    notes : sequence of str
        What a reader has to know of how this case came about.
    """

    name: str
    bars: Bars
    volatility: Float64Array
    labels: Labels
    forecasts: Forecasts
    probability: Float64Array
    rules: Int8Array
    first_ns: int
    tags: Mapping[str, ObjectArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def first(self) -> int:
        """Position of the first judged instant."""
        return int(np.searchsorted(self.bars.instants, self.first_ns))

    @property
    def periods(self) -> int:
        """How many instants are judged."""
        return len(self.bars.instants) - self.first

    @property
    def window(self) -> tuple[int, int]:
        """First and last judged instant."""
        return int(self.bars.instants[self.first]), int(self.bars.instants[-1])

    @cached_property
    def rows(self) -> Int64Array:
        """Rows from the first judged instant on."""
        begin = int(self.bars.instant_offsets[self.first])
        return np.arange(begin, len(self.bars), dtype=np.int64)

    @cached_property
    def instant(self) -> Int64Array:
        """Instant of each row, counted from the first judged one, ``[N]``."""
        return np.searchsorted(self.bars.instants, self.bars.event_time) - self.first

    @cached_property
    def scored(self) -> BoolArray:
        """Sides with a forecast and a known outcome, among those judged: bool [N, 2]."""
        known = np.isfinite(self.probability) & np.isfinite(self.labels.net_return)
        return known & (self.instant >= 0)[:, None]

    @cached_property
    def success(self) -> BoolArray:
        """Whether a trade of each side ended with a net profit: bool [N, 2]."""
        return self.labels.net_return > 0.0
