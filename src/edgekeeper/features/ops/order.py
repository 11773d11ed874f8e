"""Order statistics over a window: rank, median and quantile, from values kept sorted.

A new value is put in its place by halving; the oldest is taken out. Moving the values between is
one pass over at most ``n`` numbers.
"""

import math
from collections.abc import Callable

from numba import njit

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["ORDER"]

_A = Float64Array
NAN = math.nan
RING = 2
RANK, QUANTILE = 0.0, 1.0


@njit(cache=True, inline="always")
def _place(state: _A, start: int, count: int, v: float, after: bool) -> int:
    """How many of the sorted values are below ``v`` (or not above it, if ``after``)."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        w = state[start + middle]
        if w < v or (after and w == v):
            low = middle + 1
        else:
            high = middle
    return low


def rolling_order(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Rank of the newest value in (0, 1], ties averaged; or a quantile, interpolated.

    State: count, slot of the oldest; ring of values in time order; the same values sorted.
    """
    size, kind, share = int(params[0]), params[1], params[2]
    count, slot = int(state[0]), int(state[1])
    start = RING + size
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        v += 0.0  # minus zero becomes zero: equal values must be the same bits
        if count == size:
            gone = _place(state, start, count, state[RING + slot], False)
            for j in range(start + gone, start + count - 1):
                state[j] = state[j + 1]
            count -= 1
        here = _place(state, start, count, v, False)
        for j in range(start + count, start + here, -1):
            state[j] = state[j - 1]
        state[start + here] = v
        count += 1
        state[RING + slot] = v
        slot = slot + 1 if slot + 1 < size else 0
        if count < size:
            out[i] = NAN
        elif kind == RANK:
            upto = _place(state, start, count, v, True)
            out[i] = 0.5 * (here + 1 + upto) / size
        else:
            spot = share * (size - 1)
            low = math.floor(spot)
            high = min(low + 1, size - 1)
            a, b = state[start + low], state[start + high]
            out[i] = a + (b - a) * (spot - low)
    state[0], state[1] = count, slot


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(params: Params) -> int:
    return RING + 2 * int(params[0])


def _with(kind: float, share: float) -> Callable[[Params], Params]:
    return lambda params: (params[0], kind, params[1] if len(params) > 1 else share)


_N = window(low=2)
_SHARE = Param("q", 0.0, 1.0, whole=False)
_OPS = (
    Op("rank", rolling_order, 1, (_N,), _rings, _last, None, _with(RANK, 0.0),
       meaning="Rank of the newest among the last n values, in (0, 1]; ties averaged."),
    Op("median", rolling_order, 1, (_N,), _rings, _last, None, _with(QUANTILE, 0.5),
       meaning="Middle of the last n values."),
    Op("quantile", rolling_order, 1, (_N, _SHARE), _rings, _last, None, _with(QUANTILE, 0.0),
       meaning="Value below which a share q of the last n values lies, interpolated."),
)  # fmt: skip
ORDER: dict[str, Op] = {op.name: op for op in _OPS}
