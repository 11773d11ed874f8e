"""Smallest and largest value over a window, and how long ago: blocks as in ``sums``.

Van Herk (1992); Gil & Werman (1993).
"""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import (
    EIGHT,
    lead,
    least,
    load,
    spread,
    store,
    where_least,
    where_less,
)
from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.features.ops.tiles import follow, one_after_another, side_by_side
from edgekeeper.types import Float64Array

__all__ = ["EXTREMES"]

_A = Float64Array
NAN = math.nan
INF = math.inf
EXTREME_RING, PLACE_RING = 3, 4
FEWEST = 2
"""Blocks in a chunk from which on it pays to take whole blocks at a time."""


def rolling_extreme(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Smallest (``params[1]`` = 1) or largest (-1) of the last ``n`` values.

    A chunk without gaps is done many rows at once; comparing rounds nothing, so any order will do.
    """
    size, sign = int(params[0]), params[1]
    state[EXTREME_RING + size] = INF
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _extreme_rows(0, first, x, out, size, sign, state)
        last = first + (n - first) // size * size
        head = INF
        for i in range(first, first + size - 1):
            head = min(head, x[i] * sign + 0.0)
            out[i] = min(head, state[EXTREME_RING + i - first + 1]) * sign + 0.0
        _doubled(first, last, x, work, out, size, sign)
        for j in range(size):
            state[EXTREME_RING + j] = x[last - size + j] * sign + 0.0
        _turn_extremes(size, state)
        state[0] = 0.0
        first = last
    _extreme_rows(first, n, x, out, size, sign, state)


@njit(cache=True, error_model="numpy")
def _doubled(first: int, last: int, x: _A, work: _A, out: _A, size: int, sign: float) -> None:
    """Windows that lie within rows ``first`` to ``last``: of 1, 2, 4 and so on, then two of these.

    In place, from the end: what a row needs of rows before is not yet overwritten.
    """
    for i in range(first, last):
        work[i] = x[i] * sign + 0.0
    wide = 1
    while 2 * wide <= size:
        i = last
        while i - EIGHT >= first + 2 * wide - 1:
            i -= EIGHT
            store(work, i, least(load(work, i), load(work, i - wide)))
        for k in range(i - 1, first + 2 * wide - 2, -1):
            work[k] = min(work[k], work[k - wide])
        wide *= 2
    for i in range(first + size - 1, last):
        out[i] = min(work[i], work[i - size + wide]) * sign + 0.0


@njit(cache=True, inline="always")
def _turn_extremes(size: int, state: _A) -> None:
    """Turn the values of a block into extremes of its tails."""
    tail = INF
    for j in range(EXTREME_RING + size - 1, EXTREME_RING - 1, -1):
        tail = min(tail, state[j])
        state[j] = tail


@njit(cache=True, inline="always")
def _extreme_rows(start: int, stop: int, x: _A, out: _A, size: int, sign: float, state: _A) -> None:
    """One row after the other, whatever comes."""
    filled, whole = int(state[0]), state[1]
    head = state[2] if filled else INF
    for i in range(start, stop):
        v = x[i] * sign + 0.0  # minus zero becomes zero: equal values must be the same bits
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        head = min(head, v)
        state[EXTREME_RING + filled] = v
        filled += 1
        if whole or filled == size:
            out[i] = min(head, state[EXTREME_RING + filled]) * sign + 0.0
        else:
            out[i] = NAN
        if filled == size:
            _turn_extremes(size, state)
            filled, whole, head = 0, 1.0, INF
    state[0], state[1], state[2] = filled, whole, head


def rolling_place(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Bars since the smallest (``params[1]`` = 1) or largest (-1) value.

    Of equals the latest, or the oldest if ``params[2]``.
    """
    if params[2] == 0.0:
        _places(n, x, work, out, int(params[0]), params[1], True, state)
    else:
        _places(n, x, work, out, int(params[0]), params[1], False, state)


@njit(cache=True, inline="always")
def _places(
    n: int, x: _A, work: _A, out: _A, size: int, sign: float, latest: bool, state: _A
) -> None:
    state[PLACE_RING + size] = INF
    first = 0
    if state[1] and n >= (EIGHT + 1) * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _place_rows(0, first, x, out, size, sign, latest, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            here = first + min(k, blocks - EIGHT) * size
            _eight_places(n, here, k == 0, x, work, out, size, sign, latest, state)
        first += blocks * size
        for j in range(size):
            state[PLACE_RING + j] = x[first - size + j] * sign
        _turn_places(size, latest, state)
        state[0], state[2], state[3] = 0.0, INF, 0.0
    _place_rows(first, n, x, out, size, sign, latest, state)


@njit(cache=True, error_model="numpy")
def _place_rows(
    start: int, stop: int, x: _A, out: _A, size: int, sign: float, latest: bool, state: _A
) -> None:
    """One row after the other; no branch on what the data are, since none could be foreseen."""
    filled, whole = int(state[0]), state[1] != 0.0
    head = state[2] if filled else INF
    place = state[3]
    place_ring = PLACE_RING + size + 1
    for i in range(start, stop):
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
            _turn_places(size, latest, state)
            filled, whole, head, place = 0, True, INF, 0.0
    state[0], state[1], state[2], state[3] = filled, 1.0 if whole else 0.0, head, place


@njit(cache=True, error_model="numpy")
def _turn_places(size: int, latest: bool, state: _A) -> None:
    """Turn the values of a block into extremes of its tails and their places."""
    tail, spot = INF, float(size)
    for j in range(size - 1, -1, -1):
        v = state[PLACE_RING + j]
        spot = float(j) if (v < tail if latest else v <= tail) else spot
        tail = min(tail, v)
        state[PLACE_RING + j], state[PLACE_RING + size + 1 + j] = tail, spot


@njit(cache=True, error_model="numpy")
def _eight_places(
    n: int,
    here: int,
    alone: bool,
    x: _A,
    work: _A,
    out: _A,
    size: int,
    sign: float,
    latest: bool,
    state: _A,
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state."""
    side_by_side(x, here, size, work, 0)
    head = tail = spread(INF)
    place = spread(0.0)
    for j in range(size):
        v = load(work, EIGHT * j) * sign
        now = spread(float(j))
        place = where_least(v, head, now, place) if latest else where_less(v, head, now, place)
        head = least(head, v)
        store(work, n + EIGHT * j, head)
        store(work, 2 * n + EIGHT * j, place)
    spot = before = tail
    block = here if alone else here - size
    for j in range(size, 0, -1):
        row = EIGHT * (j - 1)
        if j < size:
            v = follow(x[block + j], load(work, row + EIGHT)) * sign
            now = spread(float(j))
            spot = where_less(v, tail, now, spot) if latest else where_least(v, tail, now, spot)
            tail = least(tail, v)
            before, there = tail, spot
            if alone:
                before = lead(state[PLACE_RING + j], tail)
                there = lead(state[PLACE_RING + size + 1 + j], spot)
            head, place = load(work, n + row), load(work, 2 * n + row)
            there = there - float(size)
            if latest:
                place = where_least(head, before, place, there)
            else:
                place = where_less(head, before, place, there)
        store(work, n + row, (j - 1.0) - place)
    one_after_another(work, n, out, here, size)


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
       scratch=1, meaning="Smallest of the last n values."),
    Op("max", rolling_extreme, 1, _N, _ring, _last, None, _largest,
       scratch=1, meaning="Largest of the last n values."),
    Op("argmin", rolling_place, 1, _PLACE, _two_rings, _last, None, _smallest,
       meaning="Bars since the smallest of n values; the latest of equals, or the oldest.",
       scratch=3),
    Op("argmax", rolling_place, 1, _PLACE, _two_rings, _last, None, _largest,
       meaning="Bars since the largest of n values; the latest of equals, or the oldest.",
       scratch=3),
)  # fmt: skip
EXTREMES: dict[str, Op] = {op.name: op for op in _OPS}
