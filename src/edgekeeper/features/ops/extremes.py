"""Smallest and largest value over a window, and how long ago: blocks as in ``sums``.

Van Herk (1992); Gil & Werman (1993).
"""

import math

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["EXTREMES"]

_A = Float64Array
NAN = math.nan
INF = math.inf
EXTREME_RING, PLACE_RING = 3, 4


def rolling_extreme(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Smallest (``params[1]`` = 1) or largest (-1) of the last ``n`` values."""
    size, sign = int(params[0]), params[1]
    filled, whole = int(state[0]), state[1]
    head = state[2] if filled else INF
    state[EXTREME_RING + size] = INF
    for i in range(n):
        v = x[i] * sign
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        head = min(head, v)
        state[EXTREME_RING + filled] = v
        filled += 1
        if whole or filled == size:
            out[i] = min(head, state[EXTREME_RING + filled]) * sign
        else:
            out[i] = NAN
        if filled == size:
            tail = INF
            for j in range(EXTREME_RING + size - 1, EXTREME_RING - 1, -1):
                tail = min(tail, state[j])
                state[j] = tail
            filled, whole, head = 0, 1.0, INF
    state[0], state[1], state[2] = filled, whole, head


def rolling_place(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Bars since the smallest (``params[1]`` = 1) or largest (-1) value.

    Of equals the latest, or the oldest if ``params[2]``.
    """
    size, sign, oldest = int(params[0]), params[1], params[2]
    filled, whole = int(state[0]), state[1]
    head = state[2] if filled else INF
    place = int(state[3])
    place_ring = PLACE_RING + size + 1
    state[PLACE_RING + size] = INF
    for i in range(n):
        v = x[i] * sign
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        if v < head or (v == head and not oldest):
            head, place = v, filled
        state[PLACE_RING + filled] = v
        filled += 1
        if not whole and filled < size:
            out[i] = NAN
        elif head < state[PLACE_RING + filled] or (
            head == state[PLACE_RING + filled] and not oldest
        ):
            out[i] = filled - 1 - place
        else:
            out[i] = filled - 1 + size - state[place_ring + filled]
        if filled == size:
            tail, spot = INF, size
            for j in range(size - 1, -1, -1):
                if state[PLACE_RING + j] < tail or (state[PLACE_RING + j] == tail and oldest):
                    tail, spot = state[PLACE_RING + j], j
                state[PLACE_RING + j] = tail
                state[place_ring + j] = spot
            filled, whole, head, place = 0, 1.0, INF, 0
    state[0], state[1], state[2], state[3] = filled, whole, head, place


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _ring(params: Params) -> int:
    return int(params[0]) + 4


def _two_rings(params: Params) -> int:
    return 2 * int(params[0]) + 6


def _smallest(params: Params) -> Params:
    return (params[0], 1.0, *params[1:])


def _largest(params: Params) -> Params:
    return (params[0], -1.0, *params[1:])


_N: tuple[Param, ...] = (window(),)
_PLACE: tuple[Param, ...] = (window(), Param("oldest", 0, 1, default=0))
_OPS = (
    Op("min", rolling_extreme, 1, _N, _ring, _last, None, _smallest,
       meaning="Smallest of the last n values."),
    Op("max", rolling_extreme, 1, _N, _ring, _last, None, _largest,
       meaning="Largest of the last n values."),
    Op("argmin", rolling_place, 1, _PLACE, _two_rings, _last, None, _smallest,
       meaning="Bars since the smallest of n values; the latest of equals, or the oldest."),
    Op("argmax", rolling_place, 1, _PLACE, _two_rings, _last, None, _largest,
       meaning="Bars since the largest of n values; the latest of equals, or the oldest."),
)  # fmt: skip
EXTREMES: dict[str, Op] = {op.name: op for op in _OPS}
