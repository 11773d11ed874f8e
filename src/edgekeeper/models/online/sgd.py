"""``SGD``: a regressor and a classifier, one slope each, moved by mini-batches of recent rows.

The package says what a score is worth; these two learn what is missing from that.
"""

import math

import numpy as np
from numba import njit

from edgekeeper.models.online.belief import Belief
from edgekeeper.models.online.contract import Outcome, View
from edgekeeper.models.online.memory import Memory, packed, unpacked
from edgekeeper.models.online.rows import COLUMNS, WEIGHT, lessons
from edgekeeper.models.online.shift import shifted
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["SGD"]

_MARK = b"sgd"
_BATCH = 8
_RATE = 0.2
_RIDGE = 0.02


class SGD:
    """Stochastic gradient descent on the newest rows.

    After each ``_BATCH`` new rows both slopes move one step down the gradient of their loss over
    the memory: squared error of the difference between the sides, and logistic loss of both sides'
    success. Of what they come to, as much counts as :class:`~models.online.belief.Belief` allows.

    Parameters
    ----------
    buffer : int
        Newest rows that are learned from: what is older is forgotten.

    Examples
    --------
    >>> SGD(buffer=1_000).slopes.tolist()
    [0.0, 0.0]
    """

    def __init__(self, buffer: int = 1_000) -> None:
        self.memory = Memory(buffer, COLUMNS)
        self.slopes: Float64Array = np.zeros(2)
        self.belief = Belief()

    def learn(self, view: View, outcome: Outcome) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        for row in lessons(view, outcome)[1]:
            self.memory.add(row)
            if self.memory.seen % _BATCH == 0:
                rows = self.memory.held
                _descend(rows, self.slopes)
                self.belief.update(rows, self.memory.newest(_BATCH), float(self.slopes[0]))

    def correct(self, view: View) -> Forecasts:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        reward, log_odds = self.belief.share * self.slopes
        score = np.where(view.usable, view.score, 0.0)
        return shifted(view.forecasts, view.unit, reward * score, log_odds * score)

    def follow(self, agreement: float) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        kept = max(agreement, 0.0)
        self.slopes *= kept
        self.memory.rows[:, WEIGHT] *= kept * kept

    def state(self) -> bytes:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        further = [*self.slopes, self.belief.size, self.belief.share]
        return packed(_MARK, self.memory, np.array(further))

    def restore(self, state: bytes) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        *slopes, self.belief.size, self.belief.share = unpacked(_MARK, self.memory, 4, state)
        self.slopes = np.array(slopes)


@njit(cache=True, nogil=True)
def _descend(rows: Float64Array, slopes: Float64Array) -> None:
    """Move both slopes one step, in place."""
    total = spread = pull = push = 0.0
    for k in range(rows.shape[0]):
        score, weight = rows[k, 1], rows[k, 3]
        total += weight
        spread += weight * score * score
        pull += weight * score * (rows[k, 2] - slopes[0] * score)
        by = 0.5 * slopes[1] * score
        long = 1.0 / (1.0 + math.exp(-(rows[k, 5] + by)))
        short = 1.0 / (1.0 + math.exp(-(rows[k, 6] - by)))
        push += weight * 0.5 * score * ((rows[k, 7] - long) - (rows[k, 8] - short))
    if total <= 0.0:
        return
    steep = spread / total + _RIDGE
    slopes[0] += _RATE * (pull / total - _RIDGE * slopes[0]) / steep
    # The logistic loss is an eighth as steep: a quarter at most, and each side has half the shift.
    slopes[1] += _RATE * (push / total - 0.125 * _RIDGE * slopes[1]) / (0.125 * steep)
