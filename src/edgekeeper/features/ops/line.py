"""The least-squares line through a window: its slope, how well it fits, what it leaves over.

Blocks and joining as in ``moments``; rows are numbered, so their own moments are known.
"""

import math

from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.types import Float64Array

__all__ = ["LINE"]

_A = Float64Array
NAN = math.nan
LINE_RING = 6
SLOPE, R_SQUARE, RESIDUAL = 0.0, 1.0, 2.0


def rolling_line(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Least-squares line through the last ``n`` values: slope, R² or the newest residual.

    State: filled, whole, first value of the head, its sum, squares, and cross product with the row
    number; three rings.
    """
    size, kind = int(params[0]), params[1]
    spread = size * (size * size - 1.0) / 12.0
    filled, whole, first = int(state[0]), state[1], state[2]
    total, squares, cross = state[3], state[4], state[5]
    mean = first + total * (1.0 / filled) if filled else 0.0
    r1, r2, r3 = LINE_RING, LINE_RING + size + 1, LINE_RING + 2 * (size + 1)
    for i in range(n):
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
            rest = size - filled
            gap = mean - state[r1 + filled] if rest else 0.0
            both = cross + state[r3 + filled] + gap * (0.5 * filled * rest)
            if kind == SLOPE:
                out[i] = both / spread
            elif kind == R_SQUARE:
                whole_spread = squares + state[r2 + filled] + gap * gap * (filled * rest / size)
                scale = spread * whole_spread
                out[i] = min(1.0, both * both / scale) if scale > 0.0 else NAN
            else:
                centre = mean - gap * rest / size
                out[i] = v - centre - both / spread * (0.5 * (size - 1.0))
        else:
            out[i] = NAN
        if filled == size:
            first = mean = v
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
            filled, whole, total, squares, cross = 0, 1.0, 0.0, 0.0, 0.0
    state[0], state[1], state[2] = filled, whole, first
    state[3], state[4], state[5] = total, squares, cross


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
       meaning="Slope a bar of the line through the last n values."),
    Op("rsquare", rolling_line, 1, (window(low=3),), _rings, _last, None, _r_square,
       meaning="Share of variance explained by the line through the last n values."),
    Op("resid", rolling_line, 1, (window(low=3),), _rings, _last, None, _residual,
       meaning="Distance of the newest value from the line through the last n values."),
)  # fmt: skip
LINE: dict[str, Op] = {op.name: op for op in _OPS}
