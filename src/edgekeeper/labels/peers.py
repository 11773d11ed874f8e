"""Outcomes against those of the other symbols at the same instant: what all share drops out.

Where one factor moves all symbols, most of an outcome says nothing about the symbol. Who learns
which symbols did better than the others hears less noise, and nothing about the market as a whole.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.labels.record import NEVER, Labels
from edgekeeper.types import LONG, SHORT, Float64Array

__all__ = ["AgainstPeers", "against_peers"]

_TIE = 1e-9  # deviations of a bar


class AgainstPeers(NamedTuple):
    """Outcomes against those of peers.

    Attributes
    ----------
    labels : Labels
        Known ``NEVER`` at instants with fewer than two peers, or where one's outcome is unknown.
    direction : float64 [N]
        1.0 where a symbol did better than the mean of its peers, 0.0 where worse, 0.5 where as well
        (all of them reached the same barrier), NaN where unknown.
    distance : float64 [N]
        From that mean, in units of the symbol's volatility over the two sides; NaN where unknown.
    """

    labels: Labels
    direction: Float64Array
    distance: Float64Array


def against_peers(labels: Labels, bars: Bars, volatility: Float64Array) -> AgainstPeers:
    """Compare outcomes with those of the other symbols of their instant.

    Peers are the symbols that have a bar and a volatility at the same instant. What is compared is
    how much more the long side made than the short one, in units of volatility, with the mean of
    all peers. An outcome against peers can be read when the last of theirs can: known times, and
    so the ends that splits purge by, are the latest of the instant.

    Parameters
    ----------
    labels : Labels
    bars : Bars
        Those the labels were made from.
    volatility : float64 [N]
        Predicted deviation of one bar's return.

    Raises
    ------
    UsageError
        Bars of one symbol, which has no peers.

    Examples
    --------
    >>> from edgekeeper.labels import TripleBarrier
    >>> open_ = np.full(6, 100.0)
    >>> close = np.array([100.0, 100.0, 103.0, 101.0, 98.0, 99.0])
    >>> bars = Bars.from_arrays(symbol=["A", "B"] * 3, event_time=np.repeat([1, 2, 3], 2),
    ...     open=open_, high=np.maximum(open_, close), low=np.minimum(open_, close), close=close)
    >>> labels = TripleBarrier(horizon=1, target=9.0, stop=9.0).label(bars, np.full(6, 0.01))
    >>> labels.long_better.tolist()
    [1.0, 1.0, 0.0, 0.0, nan, nan]
    >>> found = against_peers(labels, bars, np.full(6, 0.01))
    >>> found.direction.tolist()
    [1.0, 0.0, 0.0, 1.0, nan, nan]
    >>> found.distance.round(1).tolist()
    [1.0, 1.0, 0.5, 0.5, nan, nan]
    """
    if len(bars.symbols) < 2:
        raise UsageError(
            'target: "relative" compares symbols with each other, and these bars have one: give '
            'several, or use target = "direction"'
        )
    instants = len(bars.instants)
    instant = np.repeat(np.arange(instants), np.diff(bars.instant_offsets))
    with np.errstate(invalid="ignore", divide="ignore"):
        peer = np.isfinite(volatility) & (volatility > 0.0)
        ahead = (labels.net_return[:, LONG] - labels.net_return[:, SHORT]) / volatility
    count = np.bincount(instant[peer], minlength=instants)
    total = np.bincount(instant[peer], weights=ahead[peer], minlength=instants)
    latest = np.full(instants, np.iinfo(np.int64).min)
    np.maximum.at(latest, instant[peer], labels.end_time[peer])
    latest[count < 2] = NEVER
    with np.errstate(invalid="ignore", divide="ignore"):
        better = ahead - (total / count)[instant]
    known = peer & (latest[instant] < NEVER) & np.isfinite(better)
    when = np.where(known, latest[instant], NEVER)
    winner = np.where(np.abs(better) < _TIE, 0.5, (better > 0.0).astype(np.float64))
    direction = np.where(known, winner, np.nan)
    distance = np.where(known, np.abs(better) / 2.0, np.nan)
    return AgainstPeers(
        replace(labels, known_time=np.stack([when, when], axis=1)), direction, distance
    )
