"""What knowing the truth is worth: the best of a family of policies that pay their costs.

A policy aims at a risk position equal to the hidden state. It leaves its holding alone while the
aim is within a band, and else moves a part of the way (Gârleanu and Pedersen 2013: with costs and
a decaying signal, trade partially towards an aim). Every symbol has the same risk at the same
state. Without costs, holding the state itself would be the best possible. The policy is chosen by
what it can expect, before any return is drawn, so its realised figure is not flattered by choice.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit

from edgekeeper.types import Float64Array
from edgekeeper.worlds.processes import PERIODS_PER_YEAR, ar1, draw_volatility

__all__ = ["COST_PER_SIDE", "Calibration", "calibrate", "hold_weights", "realised_sharpe"]

COST_PER_SIDE = 5e-4

_RATES = (1.0, 0.6, 0.4, 0.25, 0.15, 0.08)
_BANDS = (0.0, 0.2, 0.4, 0.7, 1.1)
_CALIBRATION_SEED = 20_100_104
_CALIBRATION_BARS, _CALIBRATION_SYMBOLS = 2_500, 64


@dataclass(frozen=True, slots=True)
class Calibration:
    """How strong an edge must be, and the policy that gets the most out of it.

    Attributes
    ----------
    strength : float
        Mean return of a session per unit of predictable volatility and of the state.
    rate, band : float
        Part of the way a policy moves, and how far off its aim it may be without moving.
    """

    strength: float
    rate: float
    band: float


@njit(cache=True, nogil=True)
def hold_weights(
    state: Float64Array, volatility: Float64Array, rate: float, band: float
) -> Float64Array:
    """Holdings a policy chooses at each close, in units of capital: float64 [T, S].

    ``volatility`` [T, S] is that of the bar to come, so a weight times it is a risk position.
    """
    weights = np.empty_like(state)
    for s in range(state.shape[1]):
        held = 0.0
        for t in range(state.shape[0]):
            off = state[t, s] - held * volatility[t, s]
            if abs(off) > band:
                held += rate * off / volatility[t, s]
            weights[t, s] = held
    return weights


@cache
def calibrate(net_sharpe: float, persistence: float, symbols: int) -> Calibration:
    """Find the weakest edge that lets some policy expect ``net_sharpe`` a year after costs.

    States of different symbols are independent, so profits are uncorrelated although returns are
    not, and the expected annual Sharpe ratio of a policy holding risk positions ``p`` is::

        sqrt(252 * symbols) * (strength * E[p * state] - cost * E[|change of p / vol|]) / sd(p)

    which is linear in the strength: each policy has its break-even, and the smallest wins. The
    moments come from a fixed panel of states and volatilities, drawn like those of a world.
    """
    rng = np.random.Generator(np.random.PCG64(_CALIBRATION_SEED))
    shape = (_CALIBRATION_BARS, _CALIBRATION_SYMBOLS)
    volatility = draw_volatility(rng, *shape).predictable[1:]
    state = ar1(rng.standard_normal(shape), persistence)
    wanted = net_sharpe / np.sqrt(PERIODS_PER_YEAR * symbols)
    found = []
    for rate in _RATES:
        for band in _BANDS:
            weights = hold_weights(state, volatility, rate, band)
            risk = weights * volatility
            paid = COST_PER_SIDE * np.abs(np.diff(weights, axis=0)).mean()
            strength = (wanted * risk.std() + paid) / (risk * state).mean()
            if strength > 0.0:
                found.append((float(strength), rate, band))
    return Calibration(*min(found))


def realised_sharpe(
    weights: Float64Array, open_: Float64Array, cost_per_side: float = COST_PER_SIDE
) -> float:
    """Annual Sharpe ratio of holding ``weights`` [T, S], traded at the next open, after costs.

    Marked from open to open, one observation a bar, no compounding; a standard error of about
    ``1 / sqrt(years)`` belongs to it. ``open_`` is float64 [T, S].
    """
    returns = open_[2:] / open_[1:-1] - 1.0
    held = weights[: len(returns)]
    change = np.abs(np.diff(held, axis=0, prepend=0.0))
    profit = (held * returns - cost_per_side * change).sum(axis=1)
    deviation = profit.std(ddof=1)
    return float(np.sqrt(PERIODS_PER_YEAR) * profit.mean() / deviation) if deviation > 0 else 0.0
