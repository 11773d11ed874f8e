"""``Bayes``: a filter that asks at each bar whether the score is still worth what it was.

Averages over recent rows notice a turn once most of them lie behind it. A filter that expects a
change now and then weighs every outcome at once: two months of losses make another worth likelier
than bad luck, and a line that never had an edge is left alone, see :class:`Worth.share`.
"""

from dataclasses import astuple, fields
from typing import ClassVar

import numpy as np

from edgekeeper.models.online.contract import Outcome, View
from edgekeeper.models.online.memory import Memory, packed, unpacked
from edgekeeper.models.online.residuals import Residuals
from edgekeeper.models.online.rows import COLUMNS, INSTANT, SLOPE, lessons
from edgekeeper.models.online.shift import shifted
from edgekeeper.models.online.slopes import BATCH
from edgekeeper.models.online.worth import SIZES, Worth
from edgekeeper.types import LONG, SHORT, Float64Array, Forecasts

__all__ = ["Bayes"]

_FEWEST = 100
_USUAL = 5  # buffers over which the usual slope is averaged
_ODDS = 3.6
"""Log-odds between the sides for a deviation between them: twice 1.6 to 2, as a normal outcome has
it, and one that ends at either of two ends."""

_NUMBERS = len(SIZES) + 2 + len(fields(Residuals)) + 3


class Bayes:
    """Corrects by the difference between the slope to expect and the one the package says.

    Parameters
    ----------
    buffer : int
        Newest rows among which those of the same bar are looked for.

    Examples
    --------
    >>> round(Bayes(buffer=1_000).worth.share, 6)
    0.1
    """

    mark: ClassVar[bytes] = b"bayes"

    def __init__(self, buffer: int = 1_000) -> None:
        self.memory = Memory(buffer, COLUMNS)
        self.worth = Worth()
        self.residuals = Residuals()
        self._said = 0.0
        self._latest = -1.0  # bar
        self._slope = 0.0

    def learn(self, view: View, outcome: Outcome) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        for row in lessons(view, outcome)[1]:
            self.memory.add(row)
            if self.memory.seen % BATCH == 0:
                self._learn(self.memory.in_order)

    def _learn(self, rows: Float64Array) -> None:
        """Learn from the last ``BATCH`` of these rows."""
        new = rows[-BATCH:]
        said, seen = new[:, SLOPE], self.memory.seen
        self._said = float(said.mean())
        pace = max(1.0 - (1.0 - 1.0 / (_USUAL * len(self.memory.rows))) ** BATCH, BATCH / seen)
        self.worth.size += pace * (float(np.square(said).mean()) - self.worth.size)
        latest = max(float(new[:, INSTANT].max()), self._latest)
        bars = latest - self._latest if self._latest >= 0.0 else 0.0
        self._latest = latest
        lesson = self.residuals.lesson(rows, BATCH, self._slope if self.worth.known else self._said)
        self.residuals.go_on(latest)
        self.worth.expect(self._said, bars)
        variance = self.residuals.variance
        if seen > _FEWEST and variance > 0.0 and self.worth.known:
            self.worth.see(lesson.pull / variance, lesson.information / variance)
        self._slope = self.worth.mean

    def correct(self, view: View) -> Forecasts:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        if not self.worth.known or not self.residuals.deviation > 0.0:
            return view.forecasts
        reward = view.forecasts.expected_return
        with np.errstate(divide="ignore", invalid="ignore"):
            said = 0.5 * (reward[:, LONG] - reward[:, SHORT]) / view.unit
        missing = np.where(view.usable, self.worth.mean * view.score - said, 0.0)
        missing *= self.worth.share
        return shifted(
            view.forecasts, view.unit, missing, _ODDS / self.residuals.deviation * missing
        )

    def follow(self, agreement: float) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        self.worth.hand_over(max(agreement, 0.0), self._said)

    def state(self) -> bytes:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        further = np.concatenate([
            self.worth.chances,
            [self.worth.size, self.worth.evidence],
            astuple(self.residuals),
            [self._said, self._latest, self._slope],
        ])  # fmt: skip
        return packed(self.mark, self.memory, further)

    def restore(self, state: bytes) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        found = unpacked(self.mark, self.memory, _NUMBERS, state)
        chances, rest = np.split(found, [len(SIZES)])
        self.worth.chances = chances
        self.worth.size, self.worth.evidence = rest[:2].tolist()
        self.residuals = Residuals(*rest[2:-3].tolist())
        self._said, self._latest, self._slope = rest[-3:].tolist()
