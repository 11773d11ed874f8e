"""How much of a slope to believe: as much as edges of this line's size make likely.

A line that has found something can lose it, or see it turn round: its slope may change by about
its own size. A line that has found nothing has nothing that could change, so that chance has no
say: on noise a corrector stays where it was.
"""

import numpy as np

from edgekeeper.models.online.rows import INSTANT, LEFT, SCORE, SLOPE, WEIGHT
from edgekeeper.types import Float64Array

__all__ = ["Belief"]

_CHANGE = 2.0
_MEMORY = 1_000.0
_FEWEST = 100


class Belief:
    """The share of an estimated slope that counts.

    Attributes
    ----------
    size : float
        Mean square of the slopes that the line has believed in, over its last thousand rows or so.
    share : float
        From 0 to 1: ``v / (v + e^2)``, the posterior mean's weight of an estimate with error ``e``
        under a normal prior around no correction, whose variance ``v`` is twice ``size``.

    Notes
    -----
    A slope that turns round changes by twice its size, which a prior of this width finds neither
    likely nor strange.
    """

    def __init__(self) -> None:
        self.size = 0.0
        self.share = 0.0

    def update(self, rows: Float64Array, new: Float64Array, slope: float) -> None:
        """Take note of new rows.

        Parameters
        ----------
        rows : float64 [n, COLUMNS]
            All that are remembered.
        new : float64 [m, COLUMNS]
            Those among them that came since the last call.
        slope : float
            Of what was left over on the score, over ``rows``.
        """
        said = new[:, SLOPE]
        believed = max(
            float(np.square(said).mean()), (float(said.mean()) + self.share * slope) ** 2
        )
        self.size += (1.0 - (1.0 - 1.0 / _MEMORY) ** len(new)) * (believed - self.size)
        variance = _CHANGE * self.size
        if len(rows) < _FEWEST or not variance > 0.0:
            self.share = 0.0
        else:
            self.share = variance / (variance + _squared_error(rows, slope))


def _squared_error(rows: Float64Array, slope: float) -> float:
    """Squared standard error of a slope through the origin.

    Robust to rows of one instant that err together, and widened by the number of bars for which
    labels overlap.
    """
    score, weight = rows[:, SCORE], rows[:, WEIGHT]
    information = float(weight @ np.square(score))
    if not information > 0.0:
        return float("inf")
    pull = weight * score * (rows[:, LEFT] - slope * score)
    _, instant = np.unique(rows[:, INSTANT], return_inverse=True)
    together = np.bincount(instant, weights=pull)
    overlap = max(float(weight.sum() / np.square(weight).sum()), 1.0)
    return float(together @ together) * overlap / information**2
