"""How far outcomes stray from what a score says of them, and how much they stray together.

Rows of one bar share the market's move, and labels of neighbouring bars overlap. Counting such
rows as so many independent ones would make chance look like evidence.
"""

from typing import NamedTuple

import numpy as np

from edgekeeper.models.online.rows import INSTANT, LEFT, SCORE, SLOPE, WEIGHT
from edgekeeper.types import Float64Array

__all__ = ["FIELDS", "Errors", "Lesson"]

_BLOCK = 21.0  # bars summed up to see what errors do together
_FIRST_INFLATION = 1.5
_FIRST_BLOCKS = 10.0
_LEAST_TOGETHER = 1e-3
_FURTHEST = 4.0  # deviations; a gap beyond the stop says no more than this


class Lesson(NamedTuple):
    """What rows tell of the slope: sums of score times outcome, and of squared scores."""

    pull: float
    information: float


FIELDS = 12


class Errors:
    """Running sums over all rows so far.

    Attributes
    ----------
    sums : float64 [12]
        Squared errors apart from peers, and their weights; squared errors, and their number;
        products of errors of one bar, and their number; squared differences between slopes of
        neighbouring blocks in units of what is expected of them, and how many; pull and
        information of the open block, and of the one before it.

    Notes
    -----
    Errors of one bar have a part in common, drawn anew each bar: a random effect. Given the rows
    of its bar that came before, a row's own error is what is left over after as much of their mean
    as that part's variance makes likely (Welford's update with ``k`` rows of zero added, ``k`` the
    ratio of both variances). What still moves together over weeks is seen from how much the slopes
    of one block of bars and of the next differ, since neither a slope that is wrong nor one that
    turns makes all of them differ.
    """

    def __init__(self, sums: Float64Array) -> None:
        self.sums = sums
        if not sums.any():
            sums[6], sums[7] = _FIRST_INFLATION * _FIRST_BLOCKS, _FIRST_BLOCKS

    @property
    def deviation(self) -> float:
        """Of outcomes about what the score says, in units of what was predicted."""
        return float((self.sums[2] / self.sums[3]) ** 0.5) if self.sums[3] > 0.0 else 0.0

    @property
    def variance(self) -> float:
        """That sums are to be divided by before they count as evidence."""
        if not self.sums[1] > 0.0:
            return 0.0
        return float(self.sums[0] / self.sums[1] * self.sums[6] / self.sums[7])

    def lesson(self, rows: Float64Array, count: int, slope: float) -> Lesson:
        """Take the last ``count`` of ``rows``, which are in the order in which they came.

        Parameters
        ----------
        rows : float64 [n, COLUMNS]
        slope : float
            What a unit of score was worth up to now, to tell errors by.
        """
        score = rows[:, SCORE]
        came = np.clip(rows[:, LEFT] + rows[:, SLOPE] * score, -_FURTHEST, _FURTHEST)
        pull = information = 0.0
        for at in range(len(rows) - count, len(rows)):
            peers = rows[:at, INSTANT] == rows[at, INSTANT]
            n = int(peers.sum())
            of_score, of_came = float(score[:at][peers].sum()), float(came[:at][peers].sum())
            x, y = float(score[at]), float(came[at])
            error = y - slope * x
            self.sums[2:4] += error * error, 1.0
            if n:
                self.sums[4:6] += error * (of_came - slope * of_score), n
            zeros = self._zeros()
            x, y = x - of_score / (n + zeros), y - of_came / (n + zeros)
            worth = float(rows[at, WEIGHT]) * (n + zeros) / (n + 1.0 + zeros)
            pull += worth * x * y
            information += worth * x * x
            self.sums[:2] += worth * (y - slope * x) ** 2, rows[at, WEIGHT]
        self.sums[8:10] += pull, information
        return Lesson(pull, information)

    def close_block(self, bars: float) -> bool:
        """Take the open block as done if it has lasted ``bars`` enough."""
        if bars < _BLOCK or not self.sums[9] > 0.0:
            return False
        pull, information, pull_before, information_before = self.sums[8:].tolist()
        if information_before > 0.0 and self.sums[0] > 0.0:
            apart = pull / information - pull_before / information_before
            expected = (1.0 / information + 1.0 / information_before) * self.sums[0] / self.sums[1]
            self.sums[6:8] += apart * apart / expected, 1.0
        self.sums[8:] = 0.0, 0.0, pull, information
        return True

    def _zeros(self) -> float:
        """How many rows of zero stand for knowing nothing of the part in common."""
        total = float(self.sums[2] / self.sums[3])
        if not total > 0.0:
            return 1.0 / _LEAST_TOGETHER
        together = float(self.sums[4] / self.sums[5]) / total if self.sums[5] > 0.0 else 0.0
        together = min(max(together, _LEAST_TOGETHER), 1.0 - _LEAST_TOGETHER)
        return (1.0 - together) / together
