"""Smallest and largest value over a window, and how long ago: blocks as in ``sums``.

Van Herk (1992); Gil & Werman (1993).
"""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["EXTREMES"]

_A = Float64Array
NAN = math.nan
INF = math.inf
EXTREME_RING, PLACE_RING = 3, 4
FEWEST = 4
"""Blocks in a chunk from which on it pays to take whole blocks at a time."""


def rolling_extreme(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Smallest (``params[1]`` = 1) or largest (-1) of the last ``n`` values."""
    size, sign = int(params[0]), params[1]
    state[EXTREME_RING + size] = INF
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _extreme_rows(0, first, x, out, size, sign, state)
        blocks = (n - first) // size
        _extreme_blocks(x, out, first, blocks, size, sign, state)
        first += blocks * size
    _extreme_rows(first, n, x, out, size, sign, state)


@njit(cache=True, inline="always")
def _extreme_rows(start: int, stop: int, x: _A, out: _A, size: int, sign: float, state: _A) -> None:
    """One row after the other, whatever comes."""
    filled, whole = int(state[0]), state[1]
    head = state[2] if filled else INF
    for i in range(start, stop):
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


@njit(cache=True, inline="always")
def _extreme_blocks(
    x: _A, out: _A, first: int, blocks: int, size: int, sign: float, state: _A
) -> None:
    """Whole blocks without gaps, two at a time; the same comparisons as row by row."""
    twos = blocks - blocks % 2
    for k in range(0, twos, 2):
        s = first + k * size
        t = s + size
        a = b = INF
        for j in range(size):
            a = min(a, x[s + j] * sign)
            b = min(b, x[t + j] * sign)
            out[s + j], out[t + j] = a, b
    if twos < blocks:
        s = first + twos * size
        a = INF
        for j in range(size):
            a = min(a, x[s + j] * sign)
            out[s + j] = a
    for j in range(size):
        out[first + j] = min(out[first + j], state[EXTREME_RING + 1 + j]) * sign
    # The tails of the last block are for rows to come.
    for k in range(blocks - 1):
        s = first + k * size
        t = s + size
        a = INF
        for j in range(size - 1, 0, -1):
            a = min(a, x[s + j] * sign)
            out[t + j - 1] = min(out[t + j - 1], a) * sign
        out[t + size - 1] = min(out[t + size - 1], INF) * sign
    s = first + (blocks - 1) * size
    a = INF
    for j in range(size - 1, -1, -1):
        a = min(a, x[s + j] * sign)
        state[EXTREME_RING + j] = a


def rolling_place(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Bars since the smallest (``params[1]`` = 1) or largest (-1) value.

    Of equals the latest, or the oldest if ``params[2]``.
    """
    if params[2] == 0.0:
        _places(n, x, out, int(params[0]), params[1], True, state)
    else:
        _places(n, x, out, int(params[0]), params[1], False, state)


@njit(cache=True, inline="always")
def _places(n: int, x: _A, out: _A, size: int, sign: float, latest: bool, state: _A) -> None:
    """No branch on what the data are, since none could be foreseen."""
    filled, whole = int(state[0]), state[1] != 0.0
    head = state[2] if filled else INF
    place = state[3]
    place_ring = PLACE_RING + size + 1
    state[PLACE_RING + size] = INF
    for i in range(n):
        v = x[i] * sign
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        place = float(filled) if (v <= head if latest else v < head) else place
        head = min(head, v)
        state[PLACE_RING + filled] = v
        filled += 1
        tail, spot = state[PLACE_RING + filled], state[place_ring + filled] - size
        ago = filled - 1.0 - (place if (head <= tail if latest else head < tail) else spot)
        out[i] = ago if whole | (filled == size) else NAN
        if filled == size:
            tail, spot = INF, float(size)
            for j in range(size - 1, -1, -1):
                v = state[PLACE_RING + j]
                spot = float(j) if (v < tail if latest else v <= tail) else spot
                tail = min(tail, v)
                state[PLACE_RING + j], state[place_ring + j] = tail, spot
            filled, whole, head, place = 0, True, INF, 0.0
    state[0], state[1], state[2], state[3] = filled, 1.0 if whole else 0.0, head, place


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
