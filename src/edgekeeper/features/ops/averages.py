"""Weighted averages: exponential (two speeds of one kernel) and linear.

The exponential ones begin with the plain mean of the first ``n`` values, as TA-Lib does.
"""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.types import Float64Array

__all__ = ["AVERAGES", "FORGOTTEN"]

_A = Float64Array
NAN = math.nan
RING = 4

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


def exponential_average(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """``(1 - alpha) * v + alpha * x``. State: count, value."""
    size, alpha, keep = params[0], params[1], 1.0 - params[1]
    count, value = state[0], state[1]
    i = 0
    while i < n and count < size:
        count, value, out[i] = _begin(x[i], size, count, value)
        i += 1
    for j in range(i, n):
        v = x[j]
        if abs(v) < HUGE:
            value = keep * value + alpha * v
            out[j] = value
        else:
            out[j] = NAN
    state[0], state[1] = count, value


def four_exponential_averages(
    n: int, w: _A, x: _A, y: _A, z: _A, a: _A, b: _A, c: _A, d: _A, params: _A, state: _A
) -> None:
    """Run four exponential averages side by side: ``w`` to ``a``, ``x`` to ``b``, and so on.

    Each row of one waits for the row before; four fill the processor while it waits. The same
    operations in the same order as one at a time, so the same bits.
    """
    i = 0
    while i < n and (
        state[0] < params[0] or state[2] < params[2] or state[4] < params[4] or state[6] < params[6]
    ):
        _one_row(i, w, a, 0, params, state)
        _one_row(i, x, b, 2, params, state)
        _one_row(i, y, c, 4, params, state)
        _one_row(i, z, d, 6, params, state)
        i += 1
    if complete(w, i, n) and complete(x, i, n) and complete(y, i, n) and complete(z, i, n):
        _four_complete(i, n, w, x, y, z, a, b, c, d, params, state)
        return
    for j in range(i, n):
        _one_row(j, w, a, 0, params, state)
        _one_row(j, x, b, 2, params, state)
        _one_row(j, y, c, 4, params, state)
        _one_row(j, z, d, 6, params, state)


@njit(cache=True, inline="always")
def _four_complete(
    first: int,
    n: int,
    w: _A,
    x: _A,
    y: _A,
    z: _A,
    a: _A,
    b: _A,
    c: _A,
    d: _A,
    params: _A,
    state: _A,
) -> None:
    """Rows of four averages that have begun, nothing missing: no branch, no memory in between."""
    f, g, h, k = params[1], params[3], params[5], params[7]
    keep_f, keep_g, keep_h, keep_k = 1.0 - f, 1.0 - g, 1.0 - h, 1.0 - k
    p, q, r, s = state[1], state[3], state[5], state[7]
    for j in range(first, n):
        p = keep_f * p + f * w[j]
        q = keep_g * q + g * x[j]
        r = keep_h * r + h * y[j]
        s = keep_k * s + k * z[j]
        a[j], b[j], c[j], d[j] = p, q, r, s
    state[1], state[3], state[5], state[7] = p, q, r, s


@njit(cache=True, inline="always")
def _one_row(i: int, x: _A, out: _A, lane: int, params: _A, state: _A) -> None:
    size, alpha = params[lane], params[lane + 1]
    count, value = state[lane], state[lane + 1]
    if count < size:
        state[lane], state[lane + 1], out[i] = _begin(x[i], size, count, value)
    elif abs(x[i]) < HUGE:
        state[lane + 1] = (1.0 - alpha) * value + alpha * x[i]
        out[i] = state[lane + 1]
    else:
        out[i] = NAN


def linear_average(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Average with weights 1 .. n, the newest heaviest.

    Blocks as in ``sums``. State: filled, whole, head sum, head sum weighted from 1; two rings:
    tail sums, and tail sums weighted from 1 at the tail's first value.
    """
    size = int(params[0])
    filled, whole, head, weighted = int(state[0]), state[1], state[2], state[3]
    second = RING + size + 1
    scale = 0.5 * size * (size + 1.0)
    for i in range(n):
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
            tail, tail_weighted = 0.0, 0.0
            for j in range(size - 1, -1, -1):
                tail += state[RING + j]
                tail_weighted += tail
                state[second + j] = tail_weighted
            filled, whole, head, weighted = 0, 1.0, 0.0, 0.0
    state[0], state[1], state[2], state[3] = filled, whole, head, weighted


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
_FOUR = four_exponential_averages
_OPS = (
    Op("ema", exponential_average, 1, _N, _pair, _last, _ema_memory, _ema, four=_FOUR,
       meaning="Exponential average, weight 2 / (n + 1) on the newest."),
    Op("wilder", exponential_average, 1, _N, _pair, _last, _wilder_memory, _wilder, four=_FOUR,
       meaning="Wilder's average, weight 1 / n on the newest."),
    Op("wma", linear_average, 1, _N, _rings, _last,
       meaning="Average with weights 1 .. n, the newest heaviest."),
)  # fmt: skip
AVERAGES: dict[str, Op] = {op.name: op for op in _OPS}
