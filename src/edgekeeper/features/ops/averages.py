"""Weighted averages: exponential (two speeds of one kernel) and linear.

The exponential ones begin with the plain mean of the first ``n`` values, as TA-Lib does.
"""

import math
from typing import Any

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import EIGHT, lead, load, spread, store
from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.features.ops.tiles import (
    follow,
    gather,
    one_after_another,
    scatter,
    side_by_side,
    turn,
)
from edgekeeper.types import Float64Array

__all__ = ["AVERAGES", "FORGOTTEN"]

_A = Float64Array
NAN = math.nan
RING = 4
FEWEST = EIGHT + 1
"""Blocks in a chunk of which eight are whole."""

FORGOTTEN = 1e-8
"""Weight of the start at which an exponential average has forgotten it."""


@njit(cache=True, inline="always")
def _begin(x: float, size: float, count: float, value: float) -> tuple[float, float, float]:
    """One row before the average has begun: count, value, output."""
    if not abs(x) < HUGE:
        return count, value, NAN
    count += 1.0
    value += x
    if count < size:
        return count, value, NAN
    value /= size
    return count, value, value


@njit(cache=True, error_model="numpy")
def _rows(start: int, stop: int, x: _A, out: _A, params: _A, state: _A, place: int) -> None:
    """One row after the other, whatever comes; ``place`` is where params and state stand."""
    size, alpha, keep = params[place], params[place + 1], 1.0 - params[place + 1]
    count, value = state[place], state[place + 1]
    i = start
    while i < stop and count < size:
        count, value, out[i] = _begin(x[i], size, count, value)
        i += 1
    for j in range(i, stop):
        v = x[j]
        if abs(v) < HUGE:
            value = keep * value + alpha * v
            out[j] = value
        else:
            out[j] = NAN
    state[place], state[place + 1] = count, value


def exponential_average(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``(1 - alpha) * v + alpha * x``. State: count, value."""
    _rows(0, n, x, out, params, state, 0)


def eight_exponential_averages(
    n: int,
    x1: _A,
    x2: _A,
    x3: _A,
    x4: _A,
    x5: _A,
    x6: _A,
    x7: _A,
    x8: _A,
    out1: _A,
    out2: _A,
    out3: _A,
    out4: _A,
    out5: _A,
    out6: _A,
    out7: _A,
    out8: _A,
    params: _A,
    state: _A,
) -> None:
    """Run eight exponential averages side by side, ``x1`` to ``out1`` and so on.

    Each row of one waits for the row before; eight wait no longer than one. The same operations in
    the same order as one at a time, so the same bits.
    """
    xs = (x1, x2, x3, x4, x5, x6, x7, x8)
    outs = (out1, out2, out3, out4, out5, out6, out7, out8)
    first = 0
    begun = n >= EIGHT
    for lane in range(EIGHT):
        begun = begun and state[2 * lane] >= params[2 * lane] and complete(xs[lane], 0, n)
    if begun:
        first = n - n % EIGHT
        alpha, value = gather(params, 1, 2), gather(state, 1, 2)
        for i in range(0, first, EIGHT):
            value = _eight_rows(i, xs, outs, alpha, value)
        scatter(state, 1, 2, value)
    for lane in range(EIGHT):
        _rows(first, n, xs[lane], outs[lane], params, state, 2 * lane)


@njit(cache=True, inline="always")
def _eight_rows(i: int, xs: Any, outs: Any, alpha: Any, value: Any) -> Any:
    """Eight rows of eight averages that have begun; nothing is missing."""
    a, b, c, d, e, f, g, h = turn(
        load(xs[0], i), load(xs[1], i), load(xs[2], i), load(xs[3], i),
        load(xs[4], i), load(xs[5], i), load(xs[6], i), load(xs[7], i),
    )  # fmt: skip
    keep = 1.0 - alpha
    a = keep * value + alpha * a
    b = keep * a + alpha * b
    c = keep * b + alpha * c
    d = keep * c + alpha * d
    e = keep * d + alpha * e
    f = keep * e + alpha * f
    g = keep * f + alpha * g
    h = keep * g + alpha * h
    lines = turn(a, b, c, d, e, f, g, h)
    for lane in range(EIGHT):
        store(outs[lane], i, lines[lane])
    return h


def linear_average(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Average with weights 1 .. n, the newest heaviest.

    Blocks as in ``sums``. State: filled, whole, head sum, head sum weighted from 1; two rings:
    tail sums, and tail sums weighted from 1 at the tail's first value.
    """
    size = int(params[0])
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _linear_rows(0, first, x, out, params, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            here = first + min(k, blocks - EIGHT) * size
            _eight_linear(n, here, k == 0, x, work, out, params, state)
        first += blocks * size
        for j in range(size):
            state[RING + j] = x[first - size + j]
        _turn_linear(size, state)
        state[0] = state[2] = state[3] = 0.0
    _linear_rows(first, n, x, out, params, state)


@njit(cache=True, error_model="numpy")
def _linear_rows(start: int, stop: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """One row after the other, whatever comes."""
    size = int(params[0])
    filled, whole, head, weighted = int(state[0]), state[1], state[2], state[3]
    second = RING + size + 1
    scale = 0.5 * size * (size + 1.0)
    for i in range(start, stop):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        state[RING + filled] = v
        filled += 1
        head += v
        weighted += v * filled
        if whole or filled == size:
            out[i] = (state[second + filled] + (size - filled) * head + weighted) / scale
        else:
            out[i] = NAN
        if filled == size:
            _turn_linear(size, state)
            filled, whole, head, weighted = 0, 1.0, 0.0, 0.0
    state[0], state[1], state[2], state[3] = filled, whole, head, weighted


@njit(cache=True, inline="always")
def _turn_linear(size: int, state: _A) -> None:
    """Turn the values of a block into weighted sums of its tails."""
    tail, tail_weighted = 0.0, 0.0
    for j in range(size - 1, -1, -1):
        tail += state[RING + j]
        tail_weighted += tail
        state[RING + size + 1 + j] = tail_weighted


@njit(cache=True, error_model="numpy")
def _eight_linear(
    n: int, here: int, alone: bool, x: _A, work: _A, out: _A, params: _A, state: _A
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state."""
    size = int(params[0])
    scale = spread(0.5 * size * (size + 1.0))
    side_by_side(x, here, size, work, 0)
    head = weighted = tail = tail_weighted = before = spread(0.0)
    for j in range(size):
        v = load(work, EIGHT * j)
        head += v
        weighted += v * (j + 1)
        store(work, n + EIGHT * j, (size - j - 1) * head)
        store(work, 2 * n + EIGHT * j, weighted)
    block = here if alone else here - size
    for j in range(size, 0, -1):
        place = EIGHT * (j - 1)
        if j < size:
            tail += follow(x[block + j], load(work, place + EIGHT))
            tail_weighted += tail
            before = tail_weighted
            if alone:
                before = lead(state[RING + size + 1 + j], before)
        weighted = load(work, 2 * n + place)
        store(work, n + place, (before + load(work, n + place) + weighted) / scale)
    one_after_another(work, n, out, here, size)


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _pair(params: Params) -> int:
    return 2


def _rings(params: Params) -> int:
    return 2 * int(params[0]) + 6


def _ema(params: Params) -> Params:
    return (params[0], 2.0 / (params[0] + 1.0))


def _wilder(params: Params) -> Params:
    return (params[0], 1.0 / params[0])


def _forget(size: float, alpha: float) -> int:
    decay = 0 if alpha >= 1.0 else math.ceil(math.log(FORGOTTEN) / math.log1p(-alpha))
    return int(size) - 1 + decay


def _ema_memory(params: Params) -> int:
    return _forget(*_ema(params))


def _wilder_memory(params: Params) -> int:
    return _forget(*_wilder(params))


_N = (window(),)
_EIGHT = eight_exponential_averages
_OPS = (
    Op("ema", exponential_average, 1, _N, _pair, _last, _ema_memory, _ema, eight=_EIGHT,
       meaning="Exponential average, weight 2 / (n + 1) on the newest."),
    Op("wilder", exponential_average, 1, _N, _pair, _last, _wilder_memory, _wilder, eight=_EIGHT,
       meaning="Wilder's average, weight 1 / n on the newest."),
    Op("wma", linear_average, 1, _N, _rings, _last, scratch=3,
       meaning="Average with weights 1 .. n, the newest heaviest."),
)  # fmt: skip
AVERAGES: dict[str, Op] = {op.name: op for op in _OPS}
