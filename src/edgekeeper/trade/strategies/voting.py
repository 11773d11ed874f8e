"""Several strategies at once: their votes, weighted by what kind of market it is."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Regime, VoterConfig
from edgekeeper.trade.strategies.expressions import Expression
from edgekeeper.types import Float64Array, Int8Array

__all__ = ["REGIMES", "WeightedVote"]

REGIMES: tuple[Regime, ...] = ("ranging", "trending", "volatile")
"""What the numbers 0, 1 and 2 of a regime expression stand for."""


class WeightedVote:
    """The sign of the mean vote, where it is beyond a threshold.

    The mean of votes +1, -1 and 0 is weighted; a voter's weight is multiplied by its factor for
    the regime that is known at the bar's close, or by 1 where it has none, or where no regime is
    known. Where all weights are zero, nothing is signalled.

    Parameters
    ----------
    voters : sequence of VoterConfig
    threshold : float
        From 0 to 1: the mean has to be larger than this, or smaller than its negative.
    regime : str
        Expression that is 0 (ranging), 1 (trending) or 2 (volatile).

    Raises
    ------
    UsageError
        A regime expression that cannot be read.
    """

    def __init__(self, voters: Sequence[VoterConfig], threshold: float, regime: str) -> None:
        self._threshold = threshold
        self._weights = {
            voter.called: voter.weight
            * np.array([*(voter.regimes.get(name, 1.0) for name in REGIMES), 1.0])
            for voter in voters
        }
        asks = any(voter.regimes for voter in voters)
        self._regime = Expression("rules.regime", regime) if asks else None

    def extend(self, part: Bars, votes: Mapping[str, Int8Array]) -> Int8Array:
        """Return +1, -1 or 0 for each row of the next instants, given their votes."""
        label = np.full(len(part), len(REGIMES))
        if self._regime is not None:
            value = self._regime.extend(part)
            for number in range(len(REGIMES)):
                label[value == number] = number
        total: Float64Array = np.zeros(len(part))
        weights: Float64Array = np.zeros(len(part))
        for name, vote in votes.items():
            weight = self._weights[name][label]
            total += weight * vote
            weights += weight
        beyond = np.abs(total) > self._threshold * weights
        return np.where(beyond, np.sign(total), 0.0).astype(np.int8)
