"""Traded volume: log-normal, busier when the price moves, and where told, telling."""

import numpy as np

from edgekeeper.types import Float64Array
from edgekeeper.worlds.processes import ar1

__all__ = ["LARGEST_MOVE", "NOISE_SD", "PER_MOVE", "SLOW_PERSISTENCE", "SLOW_SD", "draw_volume"]

SLOW_PERSISTENCE = 0.995
SLOW_SD = 0.25
NOISE_SD = 0.20
PER_MOVE = 0.20
LARGEST_MOVE = 5.0
"""A larger move, in units of the usual one, makes no bar busier."""


def draw_volume(
    rng: np.random.Generator, move: Float64Array, carried: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Whole units traded in each bar, float64 [T, S], and the level of their log, float64 [S].

    Parameters
    ----------
    rng : numpy.random.Generator
    move : float64 [T, S]
        Size of each session's return in units of the usual one.
    carried : float64 [T, S]
        Added to the log of the volume; 0 where volume tells nothing.
    """
    level = np.log(rng.uniform(2e5, 5e6, move.shape[1]))
    slow = SLOW_SD * ar1(rng.standard_normal(move.shape), SLOW_PERSISTENCE)
    noise = NOISE_SD * rng.standard_normal(move.shape)
    busy = PER_MOVE * np.minimum(move, LARGEST_MOVE)
    volume: Float64Array = np.rint(np.exp(level + slow + busy + noise + carried))
    return volume, level
