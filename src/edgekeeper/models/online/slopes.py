"""``Slopes``: what correctors share. What a score is worth beyond the forecast, and a belief."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from edgekeeper.models.online.belief import Belief
from edgekeeper.models.online.contract import Outcome, View
from edgekeeper.models.online.memory import Memory, packed, unpacked
from edgekeeper.models.online.rows import COLUMNS, WEIGHT, lessons
from edgekeeper.models.online.shift import shifted
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["BATCH", "Slopes"]

BATCH = 8
"""New rows after which the slopes move."""


class Slopes(ABC):
    """Two slopes over the package's score: of expected returns, and of log-odds.

    Kinds differ in how the slopes move. Of what they come to, as much counts as
    :class:`~edgekeeper.models.online.belief.Belief` allows.

    Parameters
    ----------
    buffer : int
        Newest rows that are remembered: what is older is forgotten.
    """

    mark: ClassVar[bytes]

    def __init__(self, buffer: int = 1_000) -> None:
        self.memory = Memory(buffer, COLUMNS)
        self.slopes: Float64Array = np.zeros(2)
        self.belief = Belief()

    @abstractmethod
    def move(self, new: Float64Array) -> None:
        """Move the slopes after ``BATCH`` new rows, which are remembered already."""

    def learn(self, view: View, outcome: Outcome) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        for row in lessons(view, outcome)[1]:
            self.remember(row)

    def remember(self, row: Float64Array) -> None:
        """Take one row."""
        self.memory.add(row)
        if self.memory.seen % BATCH == 0:
            new = self.memory.newest(BATCH)
            self.move(new)
            self.belief.update(self.memory.held[:, :COLUMNS], new, float(self.slopes[0]))

    def correct(self, view: View) -> Forecasts:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        return self.shift(view, view.score)

    def shift(self, view: View, score: Float64Array) -> Forecasts:
        """Shift forecasts by as much of the slopes as counts, times a score ``[n]``."""
        reward, log_odds = self.belief.share * self.slopes
        score = np.where(view.usable, score, 0.0)
        return shifted(view.forecasts, view.unit, reward * score, log_odds * score)

    def follow(self, agreement: float) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        kept = max(agreement, 0.0)
        self.slopes *= kept
        self.memory.rows[:, WEIGHT] *= kept * kept

    def state(self) -> bytes:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        further = [*self.slopes, self.belief.size, self.belief.share]
        return packed(self.mark, self.memory, np.array(further))

    def restore(self, state: bytes) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        *slopes, self.belief.size, self.belief.share = unpacked(self.mark, self.memory, 4, state)
        self.slopes = np.array(slopes)
