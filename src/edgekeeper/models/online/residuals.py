"""How far outcomes stray from what a score says of them, and how much they stray together.

Rows of one bar share the market's move, and labels of neighbouring bars overlap. Counting such
rows as so many independent ones would make chance look like evidence.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgekeeper.models.online.rows import INSTANT, LEFT, SCORE, SLOPE, WEIGHT
from edgekeeper.types import Float64Array

__all__ = ["Lesson", "Residuals"]

_BLOCK = 21.0  # bars whose slope is compared with that of as many before them
_LEAST_TOGETHER = 1e-3
_FURTHEST = 4.0  # deviations; a gap beyond the stop says no more than this


class Lesson(NamedTuple):
    """What rows tell of the slope: sums of score times outcome, and of squared scores."""

    pull: float
    information: float


@dataclass(slots=True)
class Residuals:
    """Running sums over all rows so far.

    Attributes
    ----------
    own, weight : float
        Squared residuals apart from what the bar has in common, and the weights of their rows.
    squared, rows : float
        Squared residuals, and how many.
    together, pairs : float
        Products of residuals of one bar, and how many.
    apart, blocks : float
        Squared differences between slopes of neighbouring blocks of bars, in units of what
        independent rows would make them, and how many. Begins with ten blocks at one and a half.
    pull, information, pull_before, information_before : float
        Of the block that is open, and of the one before it.
    began : float
        Bar at which the open block did; -1 before the first.

    Notes
    -----
    Residuals of one bar have a part in common, drawn anew each bar: a random effect. Given the rows
    of its bar that came before, a row's own residual is what is left over after as much of their
    mean as that part's variance makes likely (Welford's update with ``k`` rows of zero added, ``k``
    the ratio of both variances). What still moves together over weeks is seen from how much the
    slopes of one block and of the next differ, since neither a slope that is wrong nor one that
    turns makes all of them differ.
    """

    own: float = 0.0
    weight: float = 0.0
    squared: float = 0.0
    rows: float = 0.0
    together: float = 0.0
    pairs: float = 0.0
    apart: float = 15.0
    blocks: float = 10.0
    pull: float = 0.0
    information: float = 0.0
    pull_before: float = 0.0
    information_before: float = 0.0
    began: float = -1.0

    @property
    def deviation(self) -> float:
        """Of outcomes about what the score says, in units of what was predicted."""
        return float((self.squared / self.rows) ** 0.5) if self.rows > 0.0 else 0.0

    @property
    def variance(self) -> float:
        """What a lesson is to be divided by before it counts as evidence."""
        return self._own_variance * self.apart / self.blocks

    @property
    def _own_variance(self) -> float:
        return self.own / self.weight if self.weight > 0.0 else 0.0

    def lesson(self, rows: Float64Array, count: int, slope: float) -> Lesson:
        """Take the last ``count`` of ``rows``, which are in the order in which they came.

        Parameters
        ----------
        rows : float64 [n, COLUMNS]
        slope : float
            What a unit of score was worth up to now, to tell residuals by.
        """
        score = rows[:, SCORE]
        came = np.clip(rows[:, LEFT] + rows[:, SLOPE] * score, -_FURTHEST, _FURTHEST)
        pull = information = 0.0
        for at in range(len(rows) - count, len(rows)):
            peers = rows[:at, INSTANT] == rows[at, INSTANT]
            n = int(peers.sum())
            of_score, of_came = float(score[:at][peers].sum()), float(came[:at][peers].sum())
            x, y, weight = float(score[at]), float(came[at]), float(rows[at, WEIGHT])
            residual = y - slope * x
            self.squared += residual * residual
            self.rows += 1.0
            self.together += residual * (of_came - slope * of_score)
            self.pairs += n
            zeros = self._zeros()
            x, y = x - of_score / (n + zeros), y - of_came / (n + zeros)
            worth = weight * (n + zeros) / (n + 1.0 + zeros)
            pull += worth * x * y
            information += worth * x * x
            self.own += worth * (y - slope * x) ** 2
            self.weight += weight
        self.pull += pull
        self.information += information
        return Lesson(pull, information)

    def go_on(self, bar: float) -> None:
        """Close the open block, if it has lasted long enough by ``bar``."""
        if self.began < 0.0:
            self.began = bar
        if bar - self.began < _BLOCK or not self.information > 0.0:
            return
        if self.information_before > 0.0 and self.own > 0.0:
            apart = self.pull / self.information - self.pull_before / self.information_before
            expected = self._own_variance * (1.0 / self.information + 1.0 / self.information_before)
            self.apart += apart * apart / expected
            self.blocks += 1.0
        self.pull_before, self.information_before = self.pull, self.information
        self.pull = self.information = 0.0
        self.began = bar

    def _zeros(self) -> float:
        """How many rows of zero stand for knowing nothing of the part in common."""
        if not self.squared > 0.0:
            return 1.0 / _LEAST_TOGETHER
        share = self.together / self.pairs / (self.squared / self.rows) if self.pairs else 0.0
        share = min(max(share, _LEAST_TOGETHER), 1.0 - _LEAST_TOGETHER)
        return (1.0 - share) / share
