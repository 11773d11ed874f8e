"""Labels for models that learn several things at once: direction, magnitude, timing."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.labels.record import Labels
from edgekeeper.types import LONG, SHORT, Float64Array

__all__ = ["TaskLabels", "task_labels"]


@dataclass(frozen=True, slots=True)
class TaskLabels:
    """Three targets a bar, NaN wherever the outcome of either side is unknown.

    Attributes
    ----------
    direction : float64 [N]
        1.0 where the long side made more net, 0.0 where the short side did.
    magnitude : float64 [N]
        Net return of the better side, as a fraction; negative where both lost.
    timing : float64 [N]
        Bars until the better side's exit over the longest time allowed, in (0, 1].
    """

    direction: Float64Array
    magnitude: Float64Array
    timing: Float64Array


def task_labels(labels: Labels, horizon: int) -> TaskLabels:
    """Derive the three targets from barrier labels of both sides.

    A tie between the sides counts as short, as in :attr:`~edgekeeper.labels.Labels.long_better`.

    Parameters
    ----------
    labels : Labels
    horizon : int
        Bars a trade is held at most: the barrier's horizon, or the longest of per-signal ones.

    Examples
    --------
    >>> from edgekeeper.bars import Bars
    >>> from edgekeeper.labels import TripleBarrier
    >>> price = np.array([100.0, 100.0, 103.0])
    >>> bars = Bars.from_arrays(symbol=["A"] * 3, event_time=np.arange(3), open=price,
    ...     high=price, low=price, close=price)
    >>> found = task_labels(TripleBarrier(horizon=2).label(bars, np.full(3, 0.01)), horizon=2)
    >>> found.direction.tolist(), found.timing.tolist()
    ([1.0, 0.0, nan], [1.0, 0.5, nan])
    """
    direction = labels.long_better
    long = direction == 1.0
    known = ~np.isnan(direction)
    magnitude = np.where(long, labels.net_return[:, LONG], labels.net_return[:, SHORT])
    held = np.where(long, labels.bars_held[:, LONG], labels.bars_held[:, SHORT])
    return TaskLabels(
        direction=direction,
        magnitude=np.where(known, magnitude, np.nan),
        timing=np.where(known, held / horizon, np.nan),
    )
