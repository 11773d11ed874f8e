"""Traded volume: log-normal, busier when the price moves, and where told, telling."""

import numpy as np

from edgekeeper.types import Float64Array
from edgekeeper.worlds.processes import ar1

__all__ = ["draw_volume"]

_SLOW_PERSISTENCE = 0.995
_SLOW_SD = 0.25
_NOISE_SD = 0.20
_PER_MOVE = 0.20


def draw_volume(
    rng: np.random.Generator, move: Float64Array, carried: Float64Array
) -> Float64Array:
    """Whole units traded in each bar, float64 [T, S].

    Parameters
    ----------
    rng : numpy.random.Generator
    move : float64 [T, S]
        Size of each session's return in units of the usual one.
    carried : float64 [T, S]
        Added to the log of the volume; 0 where volume tells nothing.
    """
    level = np.log(rng.uniform(2e5, 5e6, move.shape[1]))
    slow = _SLOW_SD * ar1(rng.standard_normal(move.shape), _SLOW_PERSISTENCE)
    noise = _NOISE_SD * rng.standard_normal(move.shape)
    busy = _PER_MOVE * np.minimum(move, 5.0)
    volume: Float64Array = np.rint(np.exp(level + slow + busy + noise + carried))
    return volume
