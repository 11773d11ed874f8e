"""``SGD``: a regressor and a classifier, one slope each, moved by mini-batches of recent rows.

The package says what a score is worth; these two learn what is missing from that.
"""

import math
from typing import ClassVar

from numba import njit

from edgekeeper.models.online.slopes import Slopes
from edgekeeper.types import Float64Array

__all__ = ["SGD", "descend"]

_RATE = 0.2
_RIDGE = 0.02


class SGD(Slopes):
    """Stochastic gradient descent on the newest rows.

    After each few new rows both slopes move one step down the gradient of their loss over the
    memory: squared error of the difference between the sides, and logistic loss of both sides'
    success.

    Examples
    --------
    >>> SGD(buffer=1_000).slopes.tolist()
    [0.0, 0.0]
    """

    mark: ClassVar[bytes] = b"sgd"

    def move(self, new: Float64Array) -> None:
        """See :class:`~edgekeeper.models.online.slopes.Slopes`."""
        descend(self.memory.held, self.slopes)


@njit(cache=True, nogil=True)
def descend(rows: Float64Array, slopes: Float64Array) -> None:
    """Move both slopes one step over remembered rows, in place."""
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
