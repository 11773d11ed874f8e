"""The least-squares line through a window: its slope, how well it fits, what it leaves over.

Blocks and joining as in ``moments``; rows are numbered, so their own moments are known.
"""

import math
from typing import Any

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import EIGHT, lead, least, load, spread, store, where_less
from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.features.ops.tiles import follow, one_after_another, side_by_side
from edgekeeper.types import Float64Array

__all__ = ["LINE"]

_A = Float64Array
NAN = math.nan
LINE_RING = 6
FEWEST = EIGHT + 1
"""Blocks in a chunk of which eight are whole."""
SLOPE, R_SQUARE, RESIDUAL = 0.0, 1.0, 2.0


def rolling_line(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Least-squares line through the last ``n`` values: slope, R² or the newest residual.

    State: filled, whole, first value of the head, its sum, squares, and cross product with the row
    number; three rings.
    """
    size = int(params[0])
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _rows(0, first, x, out, params, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            here = first + min(k, blocks - EIGHT) * size
            _eight_lines(n, here, k == 0, x, work, out, params, state)
        first += blocks * size
        for j in range(size):
            state[LINE_RING + j] = x[first - size + j]
        _turn_block(params, state)
        state[0] = state[3] = state[4] = state[5] = 0.0
        state[2] = x[first - 1]
    _rows(first, n, x, out, params, state)


@njit(cache=True, error_model="numpy")
def _rows(start: int, stop: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """One row after the other, whatever comes."""
    size, kind = int(params[0]), params[1]
    filled, whole, first = int(state[0]), state[1], state[2]
    total, squares, cross = state[3], state[4], state[5]
    mean = first + total * (1.0 / filled) if filled else 0.0
    r1, r2, r3 = LINE_RING, LINE_RING + size + 1, LINE_RING + 2 * (size + 1)
    for i in range(start, stop):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        state[r1 + filled] = v
        if filled == 0:
            first = mean = v
        apart = v - mean
        part = reciprocal(filled + 1, params, 2)
        squares += apart * apart * (filled * part)
        cross += 0.5 * filled * apart
        filled += 1
        total += v - first
        mean = first + total * part
        if whole or filled == size:
            gap = mean - state[r1 + filled] if filled < size else 0.0
            both = cross + state[r3 + filled] + gap * (0.5 * filled * (size - filled))
            both_squares = squares + state[r2 + filled]
            out[i] = _answer(size, kind, filled, v, mean, gap, both, both_squares)
        else:
            out[i] = NAN
        if filled == size:
            _turn_block(params, state)
            first = v
            filled, whole, total, squares, cross = 0, 1.0, 0.0, 0.0, 0.0
    state[0], state[1], state[2] = filled, whole, first
    state[3], state[4], state[5] = total, squares, cross


@njit(cache=True, inline="always")
def _answer(
    size: int,
    kind: float,
    filled: int,
    v: float,
    mean: float,
    gap: float,
    both: float,
    squares: float,
) -> float:
    """What is asked, from the cross product of a window and squares of its two parts."""
    spread_of_rows = size * (size * size - 1.0) / 12.0
    rest = size - filled
    if kind == SLOPE:
        return both / spread_of_rows
    if kind == R_SQUARE:
        whole_spread = squares + gap * gap * (filled * rest / size)
        scale = spread_of_rows * whole_spread
        return min(1.0, both * both / scale) if scale > 0.0 else NAN
    centre = mean - gap * rest / size
    return v - centre - both / spread_of_rows * (0.5 * (size - 1.0))


@njit(cache=True, error_model="numpy")
def _turn_block(params: _A, state: _A) -> None:
    """Turn the values of a block into means, squares and cross products of its tails."""
    size = int(params[0])
    r1, r2, r3 = LINE_RING, LINE_RING + size + 1, LINE_RING + 2 * (size + 1)
    first = mean = state[r1 + size - 1]
    total = squares = cross = 0.0
    for j in range(size - 1, -1, -1):
        v = state[r1 + j]
        part = reciprocal(size - j, params, 2)
        apart = v - mean
        squares += apart * apart * ((size - j - 1) * part)
        cross -= 0.5 * (size - j - 1) * apart
        total += v - first
        mean = first + total * part
        state[r1 + j], state[r2 + j], state[r3 + j] = mean, squares, cross


@njit(cache=True, error_model="numpy")
def _eight_heads(n: int, size: int, work: _A, params: _A) -> None:
    """Heads of eight blocks side by side: behind their values, means, squares, cross products."""
    first = mean = load(work, 0)
    total = squares = cross = spread(0.0)
    for j in range(size):
        place = EIGHT * j
        v = load(work, place)
        part = reciprocal(j + 1, params, 2)
        apart = v - mean
        squares += apart * apart * (j * part)
        cross += 0.5 * j * apart
        total += v - first
        mean = first + total * part
        store(work, n + place, mean)
        store(work, 2 * n + place, squares)
        store(work, 3 * n + place, cross)


@njit(cache=True, error_model="numpy")
def _eight_lines(
    n: int, here: int, alone: bool, x: _A, work: _A, out: _A, params: _A, state: _A
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state."""
    size = int(params[0])
    r1, r2, r3 = LINE_RING, LINE_RING + size + 1, LINE_RING + 2 * (size + 1)
    side_by_side(x, here, size, work, 0)
    _eight_heads(n, size, work, params)
    before = here if alone else here - size
    first = mean = follow(x[before + size - 1], load(work, EIGHT * (size - 1)))
    total = squares = cross = gap = twice = tail = spread(0.0)
    for j in range(size, 0, -1):
        place = EIGHT * (j - 1)
        centre = load(work, n + place)
        if j < size:
            v = follow(x[before + j], load(work, place + EIGHT))
            part = reciprocal(size - j, params, 2)
            apart = v - mean
            squares += apart * apart * ((size - j - 1) * part)
            cross -= 0.5 * (size - j - 1) * apart
            total += v - first
            mean = first + total * part
            middle, twice, tail = mean, squares, cross
            if alone:
                middle = lead(state[r1 + j], mean)
                twice = lead(state[r2 + j], squares)
                tail = lead(state[r3 + j], cross)
            gap = centre - middle
        both = load(work, 3 * n + place) + tail + gap * (0.5 * j * (size - j))
        twice = load(work, 2 * n + place) + twice
        v = load(work, place)
        store(work, n + place, _eight_answers(size, params[1], j, v, centre, gap, both, twice))
    one_after_another(work, n, out, here, size)


@njit(cache=True, inline="always")
def _eight_answers(
    size: int, kind: float, filled: int, v: Any, mean: Any, gap: Any, both: Any, squares: Any
) -> Any:
    """As :func:`_answer`, eight at once."""
    rows, rest = spread(size * (size * size - 1.0) / 12.0), size - filled
    if kind == SLOPE:
        return both / rows
    if kind == R_SQUARE:
        scale = rows * (squares + gap * gap * (filled * rest / size))
        share = least(spread(1.0), both * both / scale)
        return where_less(spread(0.0), scale, share, spread(NAN))
    centre = mean - gap * rest / size
    return v - centre - both / rows * (0.5 * (size - 1.0))


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(params: Params) -> int:
    return LINE_RING + 3 * (int(params[0]) + 1)


def _slope(params: Params) -> Params:
    return (params[0], SLOPE, *reciprocals(params[0]))


def _r_square(params: Params) -> Params:
    return (params[0], R_SQUARE, *reciprocals(params[0]))


def _residual(params: Params) -> Params:
    return (params[0], RESIDUAL, *reciprocals(params[0]))


_OPS = (
    Op("slope", rolling_line, 1, (window(low=2),), _rings, _last, None, _slope,
       meaning="Slope a bar of the line through the last n values.", scratch=4),
    Op("rsquare", rolling_line, 1, (window(low=3),), _rings, _last, None, _r_square,
       meaning="Share of variance explained by the line through the last n values.", scratch=4),
    Op("resid", rolling_line, 1, (window(low=3),), _rings, _last, None, _residual,
       meaning="Distance of the newest value from the line through the last n values.", scratch=4),
)  # fmt: skip
LINE: dict[str, Op] = {op.name: op for op in _OPS}
