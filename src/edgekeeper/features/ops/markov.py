"""A hidden Markov model as a regime label: two or three states behind a trend and a volatility.

States emit both series as independent normals and follow one another by fixed chances (Hamilton
1989). The model is fitted anew whenever a key changes, on the last ``n`` rows before the change and
on nothing else, as the ops of ``refits`` are; in between, parameters stay and the chances of the
states are *filtered*: each is given the rows up to it, never smoothed by what came after.

States are named by a rule. *Volatile* is the one with the highest mean volatility; of the others,
*trending* is the one with the highest mean trend, if that is above the volatile one's or there are
three states; what is left is *ranging*.
"""

import math

import numpy as np
from numba import njit

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["MARKOV"]

_A = Float64Array
NAN = math.nan
RANGING, TRENDING, VOLATILE, LABEL = 0.0, 1.0, 2.0, 3.0

# State: count, slot, key, keys seen, fitted; scales; name of each state; its chance, mean and
# deviation; chances of transition; the two rings.
COUNT, SLOT, KEY, KEYS, FITTED, SCALE, NAME, CHANCE = 0, 1, 2, 3, 4, 5, 9, 12
MEAN, SPREAD, MOVE, RING = 15, 21, 27, 36

_ROUNDS = 40
_STAYS = 0.95
_LEAST_SPREAD = 0.1
_PRIOR = 1.0
"""Transitions seen before any data, for each pair of states: no chance is ever zero."""


@njit(cache=True)
def _emit(x: float, y: float, states: int, s: _A, out: _A) -> None:
    """Fill ``out`` with likelihoods of standardised values, the largest of them 1."""
    best = -math.inf
    for k in range(states):
        u = (x - s[MEAN + 2 * k]) / s[SPREAD + 2 * k]
        v = (y - s[MEAN + 2 * k + 1]) / s[SPREAD + 2 * k + 1]
        out[k] = -0.5 * (u * u + v * v) - math.log(s[SPREAD + 2 * k] * s[SPREAD + 2 * k + 1])
        best = max(best, out[k])
    for k in range(states):
        out[k] = math.exp(out[k] - best)


@njit(cache=True)
def _forward(likelihood: _A, states: int, s: _A, work: _A) -> None:
    """Carry the chances in ``s`` over one row."""
    total = 0.0
    for k in range(states):
        come = 0.0
        for j in range(states):
            come += s[CHANCE + j] * s[MOVE + 3 * j + k]
        work[k] = come * likelihood[k]
        total += work[k]
    for k in range(states):
        # Likelihoods that are all too small to tell leave the states equally likely.
        s[CHANCE + k] = work[k] / total if total > 1e-280 else 1.0 / states


@njit(cache=True)
def _begin(states: int, s: _A) -> None:
    """First guess: one state of calm, one of trend if there are three, one of volatility."""
    for k in range(states):
        last = k == states - 1
        s[MEAN + 2 * k] = 0.0 if last else (0.8 if k == 1 else -0.5)
        s[MEAN + 2 * k + 1] = 1.0 if last else -0.5
        s[SPREAD + 2 * k] = s[SPREAD + 2 * k + 1] = 0.8
        s[CHANCE + k] = 1.0 / states
        for j in range(states):
            s[MOVE + 3 * k + j] = _STAYS if j == k else (1.0 - _STAYS) / (states - 1)


@njit(cache=True)
def _standardised(s: _A, first: int, slot: int, size: int, scale: int, out: _A) -> bool:
    """Copy a ring, oldest first, less its mean and over its deviation; False if it is still."""
    mean, square = 0.0, 0.0
    for age in range(size):
        out[age] = s[first + (slot + age) % size]
        mean += out[age] / size
    for age in range(size):
        square += (out[age] - mean) ** 2 / size
    spread = math.sqrt(square)
    if not spread > 1e-9 * max(abs(mean), 1e-300):
        return False
    s[SCALE + scale], s[SCALE + scale + 1] = mean, spread
    for age in range(size):
        out[age] = (out[age] - mean) / spread
    return True


@njit(cache=True)
def _improve(x: _A, y: _A, states: int, s: _A, seen: _A, ahead: _A, share: _A) -> None:
    """One round of Baum & Welch (Rabiner 1989, eq. 40, with his scaling).

    ``seen`` holds likelihoods, ``ahead`` filtered chances, both ``[n, 3]``; ``share [3, 8]`` sums
    of weights, of both series and their squares, of transitions.
    """
    size = len(x)
    work, later = np.zeros(3), np.ones(3)
    for k in range(states):
        s[CHANCE + k] = 1.0 / states
    for t in range(size):
        _emit(x[t], y[t], states, s, seen[t])
        _forward(seen[t], states, s, work)
        for k in range(states):
            ahead[t, k] = s[CHANCE + k]
    share[:, :] = 0.0
    for t in range(size - 1, -1, -1):
        total = 0.0
        for k in range(states):
            work[k] = ahead[t, k] * later[k]
            total += work[k]
        for k in range(states):
            p = work[k] / total if total > 0.0 else 1.0 / states
            share[k, 0] += p
            share[k, 1] += p * x[t]
            share[k, 2] += p * y[t]
            share[k, 3] += p * x[t] * x[t]
            share[k, 4] += p * y[t] * y[t]
        if t:
            _step_back(ahead[t - 1], seen[t], states, s, later, share)
    for k in range(states):
        _update(k, states, s, share)


@njit(cache=True)
def _step_back(before: _A, likelihood: _A, states: int, s: _A, later: _A, share: _A) -> None:
    """Count transitions into a row, and carry the likelihood of what follows one row back."""
    total = 0.0
    for j in range(states):
        for k in range(states):
            total += before[j] * s[MOVE + 3 * j + k] * likelihood[k] * later[k]
    back, largest = np.zeros(3), 0.0
    for j in range(states):
        for k in range(states):
            step = s[MOVE + 3 * j + k] * likelihood[k] * later[k]
            back[j] += step
            if total > 0.0:
                share[j, 5 + k] += before[j] * step / total
        largest = max(largest, back[j])
    for j in range(states):
        later[j] = back[j] / largest if largest > 0.0 else 1.0


@njit(cache=True)
def _update(k: int, states: int, s: _A, share: _A) -> None:
    weight = max(share[k, 0], 1.0)
    for d in range(2):
        mean = share[k, 1 + d] / weight
        variance = share[k, 3 + d] / weight - mean * mean
        s[MEAN + 2 * k + d] = mean
        s[SPREAD + 2 * k + d] = max(math.sqrt(max(variance, 0.0)), _LEAST_SPREAD)
    total = 0.0
    for j in range(states):
        total += share[k, 5 + j] + _PRIOR
    for j in range(states):
        s[MOVE + 3 * k + j] = (share[k, 5 + j] + _PRIOR) / total


@njit(cache=True)
def _name(states: int, s: _A) -> None:
    """Say which state is which by the means; see the top of the file."""
    loud = 0
    for k in range(1, states):
        loud = k if s[MEAN + 2 * k + 1] > s[MEAN + 2 * loud + 1] else loud
    trend = -1
    for k in range(states):
        if k != loud and (trend < 0 or s[MEAN + 2 * k] > s[MEAN + 2 * trend]):
            trend = k
    if states == 2 and not s[MEAN + 2 * trend] > s[MEAN + 2 * loud]:
        trend = -1
    for k in range(states):
        s[NAME + k] = 2.0 if k == loud else (1.0 if k == trend else 0.0)


@njit(cache=True)
def _follow(x: float, y: float, states: int, s: _A, likelihood: _A, work: _A) -> None:
    """Carry the chances over a row of standardised values.

    Volatility above the volatile state's mean counts as that mean: it is surely volatile, whatever
    a wider state's tail says.
    """
    most = s[MEAN + 1]
    for k in range(1, states):
        most = max(most, s[MEAN + 2 * k + 1])
    _emit(min(max(x, -50.0), 50.0), min(max(y, -50.0), most), states, s, likelihood)
    _forward(likelihood, states, s, work)


@njit(cache=True)
def _fit(states: int, size: int, s: _A) -> None:
    """Fit on the rings and leave the filtered chances of their newest row."""
    slot = int(s[SLOT])
    x, y = np.empty(size), np.empty(size)
    moves = _standardised(s, RING, slot, size, 0, x)
    moves = _standardised(s, RING + size, slot, size, 2, y) and moves
    s[FITTED] = 1.0 if moves else 0.0
    if not moves:
        return
    _begin(states, s)
    seen, ahead, share = np.empty((size, 3)), np.empty((size, 3)), np.empty((3, 8))
    for _ in range(_ROUNDS):
        _improve(x, y, states, s, seen, ahead, share)
    _name(states, s)
    work = np.zeros(3)
    for k in range(states):
        s[CHANCE + k] = 1.0 / states
    for t in range(size):
        _follow(x[t], y[t], states, s, seen[t], work)


@njit(cache=True)
def _answer(kind: float, states: int, s: _A) -> float:
    """Chance of one name, or the name of the likeliest."""
    best, chance = 0, 0.0
    for k in range(states):
        best = k if s[CHANCE + k] > s[CHANCE + best] else best
        chance += s[CHANCE + k] if s[NAME + k] == kind else 0.0
    return s[NAME + best] if kind == LABEL else chance


@njit(cache=True)
def _row(x: float, y: float, key: float, kind: float, states: int, size: int, s: _A) -> float:
    if s[KEYS] == 0.0 or key != s[KEY]:
        if s[KEYS] > 0.0 and int(s[COUNT]) == size:
            _fit(states, size, s)
        s[KEYS], s[KEY] = 1.0, key
    slot = int(s[SLOT])
    s[RING + slot], s[RING + size + slot] = x, y
    s[SLOT] = slot + 1 if slot + 1 < size else 0
    s[COUNT] = min(s[COUNT] + 1.0, float(size))
    if not s[FITTED]:
        return NAN
    u, v = (x - s[SCALE]) / s[SCALE + 1], (y - s[SCALE + 2]) / s[SCALE + 3]
    _follow(u, v, states, s, np.zeros(3), np.zeros(3))
    return _answer(kind, states, s)


def markov(n: int, x: _A, y: _A, key: _A, out: _A, params: _A, state: _A) -> None:
    """Chance of a name, or the likeliest name (``params[2]``), given the rows so far."""
    size, states, kind = int(params[0]), int(params[1]), params[2]
    for i in range(n):
        if abs(x[i]) < HUGE and abs(y[i]) < HUGE and abs(key[i]) < HUGE:
            out[i] = _row(x[i], y[i], key[i], kind, states, size, state)
        else:
            out[i] = NAN


def _slots(params: Params) -> int:
    return RING + 2 * int(params[0])


def _whole(params: Params) -> int:
    return int(params[0])


def _op(name: str, kind: float, meaning: str) -> Op:
    def constants(params: Params) -> Params:
        return (*params, kind)

    numbers = (window(low=50), Param("states", 2, 3, default=3.0))
    said = f"{meaning} of a hidden Markov model of trend and volatility, fitted on the n rows "
    return Op(name, markov, 3, numbers, _slots, _whole, None, constants, keyed=True,
              meaning=said + "before each change of the key.")  # fmt: skip


_OPS = (
    _op("markov_ranging", RANGING, "Filtered chance of the ranging state"),
    _op("markov_trending", TRENDING, "Filtered chance of the trending state"),
    _op("markov_volatile", VOLATILE, "Filtered chance of the volatile state"),
    _op("markov_label", LABEL, "Likeliest state (0 ranging, 1 trending, 2 volatile)"),
)
MARKOV: dict[str, Op] = {op.name: op for op in _OPS}
