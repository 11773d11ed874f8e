"""What a unit of score is worth: chances of each size, as outcomes come, that it may change.

A filter in the manner of Hamilton (1989) over a grid. Between bars the worth may have changed, to
what the package says or to anything of the usual size; outcomes then tell how likely each is.
"""

import math

import numpy as np

from edgekeeper.types import Float64Array

__all__ = ["SIZES", "Worth"]

SIZES: Float64Array = np.linspace(-2.0, 2.0, 17)
"""Slopes that are told apart, in units of the usual one."""

_CHANGE = 1.0 / 250.0  # chance of a change within a bar: about one in a year of days
_TO_PACKAGE = 0.5  # share of changes that end where the package is
_ANYWHERE = np.exp(-0.25 * SIZES**2) / np.exp(-0.25 * SIZES**2).sum()
_AT_FIRST = math.log(0.1 / 0.9)
_SURE = 50.0


class Worth:
    """Chances of each slope of outcomes on the score.

    Attributes
    ----------
    chances : float64 [17]
        Of each of ``SIZES``.
    size : float
        The usual slope squared: mean square of what packages said; 0 while they said nothing.
    evidence : float
        Log of how much likelier outcomes were than if the score had never been worth anything.
    """

    def __init__(self) -> None:
        self.chances: Float64Array = np.zeros(len(SIZES))
        self.size = 0.0
        self.evidence = 0.0

    @property
    def known(self) -> bool:
        """Whether a package has said anything yet."""
        return self.size > 0.0 and bool(self.chances.any())

    @property
    def mean(self) -> float:
        """The slope to expect."""
        return float(self.chances @ SIZES) * math.sqrt(self.size)

    @property
    def share(self) -> float:
        """Chance that the score was ever worth something: one in ten before any outcome.

        What is missing from a forecast counts only by this much. On noise it stays small, so that
        nothing is corrected where there is nothing to lose.
        """
        log_odds = min(max(_AT_FIRST + self.evidence, -_SURE), _SURE)
        return 1.0 / (1.0 + math.exp(-log_odds))

    def expect(self, said: float, bars: float) -> None:
        """Let ``bars`` go by, under a package that says the slope is ``said``."""
        if not self.size > 0.0:
            return
        at = self._at(said)
        if not self.chances.any():
            self.chances = at
        changed = 1.0 - (1.0 - _CHANGE) ** bars
        self.chances = (1.0 - changed) * self.chances + changed * _after_a_change(at)

    def see(self, pull: float, information: float) -> None:
        """Take outcomes: sums of score times outcome and of squared scores, in error variances."""
        slopes = SIZES * math.sqrt(self.size)
        with np.errstate(divide="ignore"):
            log_joint = np.log(self.chances) + slopes * pull - 0.5 * slopes**2 * information
        largest = float(log_joint.max())
        joint = np.exp(log_joint - largest)
        total = float(joint.sum())
        self.evidence += math.log(total) + largest
        self.chances = joint / total

    def hand_over(self, kept: float, said: float) -> None:
        """Go on with a package whose scores share ``kept``, 0 to 1, with those of the one before.

        What they do not share is worth what the package says; where that is all, nothing is known.
        """
        if not self.known:
            return
        if kept > 0.0:
            self.chances = kept * self.chances + (1.0 - kept) * self._at(said)
        else:
            self.chances = np.zeros(len(SIZES))

    def _at(self, slope: float) -> Float64Array:
        """All chance at one slope: at its two neighbours on the grid, so that the mean is it."""
        at = min(max(slope / math.sqrt(self.size), float(SIZES[0])), float(SIZES[-1]))
        upper = min(max(int(np.searchsorted(SIZES, at)), 1), len(SIZES) - 1)
        share = (at - SIZES[upper - 1]) / (SIZES[upper] - SIZES[upper - 1])
        chances = np.zeros(len(SIZES))
        chances[upper - 1], chances[upper] = 1.0 - share, share
        return chances


def _after_a_change(at: Float64Array) -> Float64Array:
    return np.asarray(_TO_PACKAGE * at + (1.0 - _TO_PACKAGE) * _ANYWHERE)
