"""Models that are fitted inside a feature: GARCH(1,1) and a mixture of two normals.

Both are fitted anew whenever a key changes (``month_number``, ``quarter_number``), on the last
``n`` values before the change and on nothing else; in between, parameters stay. So they are known
on dates fixed by the text, see only the past, are the same in research and live, and do not depend
on where a history began once ``n`` values and one change have passed.
"""

import math

from numba import njit

from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.types import Float64Array

__all__ = ["REFITS"]

_A = Float64Array
NAN = math.nan
RING = 10
_LEAST = 1e-300


@njit(cache=True)
def _filter(state: _A, slot: int, size: int, level: float, alpha: float, beta: float) -> float:
    """Run the variance through the window, oldest first; leave it in ``state[5]``.

    Returns the mean negative log-likelihood but for constants.
    """
    rest, variance, loss = level * (1.0 - alpha - beta), level, 0.0
    for age in range(size):
        j = slot + age if slot + age < size else slot + age - size
        square = state[RING + j]
        loss += math.log(variance) + square / variance
        variance = rest + alpha * square + beta * variance
    state[5] = variance
    return loss / size


@njit(cache=True)
def _fit_garch(state: _A, slot: int, size: int) -> None:
    """Fit by quasi maximum likelihood with variance targeting (Engle & Mezrich 1996).

    A compass search over alpha and persistence; steps halve when no neighbour is better.
    """
    level = 0.0
    for j in range(size):
        level += state[RING + j] / size
    state[2], state[3], state[4], state[5] = level, 0.05, 0.9, level
    if not level > _LEAST:
        return
    alpha, kept, step = 0.05, 0.95, 0.04
    best = _filter(state, slot, size, level, alpha, kept - alpha)
    while step > 1e-3:
        better = False
        for way in range(4):
            a = alpha + (step if way == 0 else (-step if way == 1 else 0.0))
            k = kept + (0.5 * step if way == 2 else (-0.5 * step if way == 3 else 0.0))
            if not (0.0 <= a <= 0.5 and a <= k <= 0.999):
                continue
            loss = _filter(state, slot, size, level, a, k - a)
            if loss < best:
                best, alpha, kept, better = loss, a, k, True
        if not better:
            step *= 0.5
    state[3], state[4] = alpha, kept - alpha
    _filter(state, slot, size, level, alpha, kept - alpha)


def garch_volatility(n: int, x: _A, key: _A, out: _A, params: _A, state: _A) -> None:
    """Forecast for the next row. State: count (to n), slot, level, alpha, beta, variance, key,
    keys seen (to two), fitted; ring of squares.
    """
    size = int(params[0])
    count, slot, now = int(state[0]), int(state[1]), state[6]
    for i in range(n):
        v = x[i]
        if not (abs(v) < HUGE and abs(key[i]) < HUGE):
            out[i] = NAN
            continue
        if state[7] == 0.0 or key[i] != now:
            if state[7] > 0.0 and count == size:
                _fit_garch(state, slot, size)
                state[8] = 1.0
            state[7] = 1.0
            now = key[i]
        state[RING + slot] = v * v
        slot = slot + 1 if slot + 1 < size else 0
        count = min(count + 1, size)
        if state[8]:
            rest = state[2] * (1.0 - state[3] - state[4])
            state[5] = rest + state[3] * v * v + state[4] * state[5]
            out[i] = math.sqrt(state[5])
        else:
            out[i] = NAN
    state[0], state[1], state[6] = count, slot, now


@njit(cache=True, inline="always")
def _odds(v: float, state: _A) -> float:
    """Log odds of the upper normal: ``state[2:6]`` means and deviations, ``state[9]`` its share."""
    low, high = (v - state[2]) / state[4], (v - state[3]) / state[5]
    share = state[9]
    return math.log(share / (1.0 - share) * state[4] / state[5]) + 0.5 * (low * low - high * high)


@njit(cache=True)
def _fit_mixture(state: _A, slot: int, size: int) -> None:
    """Expectation maximisation from halves at the mean, 50 rounds (Dempster et al. 1977)."""
    mean, spread = 0.0, 0.0
    for j in range(size):
        mean += state[RING + j] / size
    for j in range(size):
        spread += (state[RING + j] - mean) ** 2 / size
    spread = math.sqrt(spread)
    state[8] = 1.0 if spread > 1e-9 * max(abs(mean), _LEAST) else 0.0
    if not state[8]:
        return
    least = 0.05 * spread
    state[2], state[3], state[9] = mean - 0.7 * spread, mean + 0.7 * spread, 0.5
    state[4] = state[5] = 0.7 * spread
    for _ in range(50):
        weight = low = high = low2 = high2 = 0.0
        for age in range(size):
            j = slot + age if slot + age < size else slot + age - size
            v = state[RING + j]
            p = 1.0 / (1.0 + math.exp(-max(min(_odds(v, state), 50.0), -50.0)))
            u = v - mean
            weight += p
            high += p * u
            high2 += p * u * u
            low += (1.0 - p) * u
            low2 += (1.0 - p) * u * u
        weight = min(max(weight, 0.02 * size), 0.98 * size)
        high, low = high / weight, low / (size - weight)
        state[2], state[3], state[9] = mean + low, mean + high, weight / size
        state[4] = max(math.sqrt(max(low2 / (size - weight) - low * low, 0.0)), least)
        state[5] = max(math.sqrt(max(high2 / weight - high * high, 0.0)), least)


def upper_share(n: int, x: _A, key: _A, out: _A, params: _A, state: _A) -> None:
    """Chance that the newest value is of the upper normal. State: count, slot, the fit, key; ring.

    Beyond the means a value is surely of its own side, whatever the tails say.
    """
    size = int(params[0])
    count, slot, now = int(state[0]), int(state[1]), state[6]
    for i in range(n):
        v = x[i]
        if not (abs(v) < HUGE and abs(key[i]) < HUGE):
            out[i] = NAN
            continue
        if state[7] == 0.0 or key[i] != now:
            if state[7] > 0.0 and count == size:
                _fit_mixture(state, slot, size)
            state[7] = 1.0
            now = key[i]
        state[RING + slot] = v
        slot = slot + 1 if slot + 1 < size else 0
        count = min(count + 1, size)
        if not state[8]:
            out[i] = NAN
            continue
        inside = min(max(v, min(state[2], state[3])), max(state[2], state[3]))
        odds = _odds(inside, state)
        if state[2] > state[3]:
            odds = -odds
        out[i] = 1.0 / (1.0 + math.exp(-max(min(odds, 50.0), -50.0)))
    state[0], state[1], state[6] = count, slot, now


def _slots(params: Params) -> int:
    return RING + int(params[0])


def _whole(params: Params) -> int:
    return int(params[0])


_N = (window(low=50),)
_OPS = (
    Op("garch_fit", garch_volatility, 2, _N, _slots, _whole, None, keyed=True,
       meaning="Volatility of the next value by GARCH(1,1), fitted on the n values before each "
       "change of the key."),
    Op("mixture", upper_share, 2, _N, _slots, _whole, None, keyed=True,
       meaning="Chance that a value is of the upper of two normals, fitted on the n values before "
       "each change of the key."),
)  # fmt: skip
REFITS: dict[str, Op] = {op.name: op for op in _OPS}
