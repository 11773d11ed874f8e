"""The least-squares line through a window: its slope, how well it fits, what it leaves over.

Blocks and joining as in ``moments``; rows are numbered, so their own moments are known.
"""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import (
    EIGHT,
    gather,
    gather_after,
    lead,
    least,
    load,
    scatter,
    spread,
    store,
    where_less,
)
from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.types import Float64Array

__all__ = ["LINE"]

_A = Float64Array
NAN = math.nan
LINE_RING = 6
FEWEST = EIGHT + 1
"""Blocks in a chunk of which eight are whole."""
SLOPE, R_SQUARE, RESIDUAL = 0.0, 1.0, 2.0


def rolling_line(
    n: int, x: _A, means: _A, sums: _A, products: _A, out: _A, params: _A, state: _A
) -> None:
    """Least-squares line through the last ``n`` values: slope, R² or the newest residual.

    Scratch: means, squares and cross products of heads. State: filled, whole, first value of the
    head, its sum, squares, and cross product with the row number; three rings.
    """
    size = int(params[0])
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _rows(0, first, x, out, params, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            alone = k == 0
            here = first + min(k, blocks - EIGHT) * size
            _eight_heads(here, x, means, sums, products, params)
            _eight_lines(here, alone, x, means, sums, products, out, params, state)
        first += blocks * size
        for j in range(size):
            state[LINE_RING + j] = x[first - size + j]
        _turn_block(params, state)
        state[0] = state[3] = state[4] = state[5] = 0.0
        state[2] = x[first - 1]
    _rows(first, n, x, out, params, state)


@njit(cache=True, inline="always")
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


@njit(cache=True, inline="always")
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


@njit(cache=True, inline="always")
def _eight_heads(here: int, x: _A, means: _A, sums: _A, products: _A, params: _A) -> None:
    """Heads of eight blocks side by side, from row ``here`` on."""
    size = int(params[0])
    first = mean = gather(x, here, size)
    total = squares = cross = spread(0.0)
    for j in range(size):
        v = gather(x, here + j, size)
        part = reciprocal(j + 1, params, 2)
        apart = v - mean
        squares += apart * apart * (j * part)
        cross += 0.5 * j * apart
        total += v - first
        mean = first + total * part
        store(means, EIGHT * j, mean)
        store(sums, EIGHT * j, squares)
        store(products, EIGHT * j, cross)


@njit(cache=True, inline="always")
def _eight_lines(
    here: int,
    alone: bool,
    x: _A,
    means: _A,
    sums: _A,
    products: _A,
    out: _A,
    params: _A,
    state: _A,
) -> None:
    """Join heads of eight blocks with tails of those before; the first one's are in the state."""
    size, kind = int(params[0]), params[1]
    r1, r2, r3 = LINE_RING, LINE_RING + size + 1, LINE_RING + 2 * (size + 1)
    before = here if alone else here - size
    first = mean = gather_after(x, before + size - 1, here + size - 1, size)
    total = squares = cross = spread(0.0)
    zero, one, missing = spread(0.0), spread(1.0), spread(NAN)
    rows = spread(size * (size * size - 1.0) / 12.0)
    for j in range(size, 0, -1):
        middle, twice, tail = zero, zero, zero
        if j < size:
            v = gather_after(x, before + j, here + j, size)
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
        place = EIGHT * (j - 1)
        centre = load(means, place)
        gap = centre - middle if j < size else zero
        both = load(products, place) + tail + gap * (0.5 * j * (size - j))
        if kind == SLOPE:
            scatter(out, here + j - 1, size, both / rows)
        elif kind == R_SQUARE:
            whole = load(sums, place) + twice + gap * gap * (j * (size - j) / size)
            scale = rows * whole
            share = where_less(zero, scale, least(one, both * both / scale), missing)
            scatter(out, here + j - 1, size, share)
        else:
            middle = centre - gap * (size - j) / size
            v = gather(x, here + j - 1, size)
            scatter(out, here + j - 1, size, v - middle - both / rows * (0.5 * (size - 1.0)))


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
       meaning="Slope a bar of the line through the last n values.", scratch=3),
    Op("rsquare", rolling_line, 1, (window(low=3),), _rings, _last, None, _r_square,
       meaning="Share of variance explained by the line through the last n values.", scratch=3),
    Op("resid", rolling_line, 1, (window(low=3),), _rings, _last, None, _residual,
       meaning="Distance of the newest value from the line through the last n values.", scratch=3),
)  # fmt: skip
LINE: dict[str, Op] = {op.name: op for op in _OPS}
