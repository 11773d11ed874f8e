"""Covariance, correlation and beta of two series over a window.

Blocks and joining as in ``moments``. A bar on which either series is missing is left out.
"""

import math
from collections.abc import Callable
from typing import Any

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import (
    EIGHT,
    lead,
    least,
    load,
    most,
    roots,
    spread,
    store,
    where_less,
)
from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.features.ops.tiles import follow, one_after_another, side_by_side
from edgekeeper.types import Float64Array

__all__ = ["PAIRS"]

_A = Float64Array
NAN = math.nan
SLOTS = 9
FEWEST = EIGHT + 1
"""Blocks in a chunk of which eight are whole."""

COVARIANCE, CORRELATION, BETA = 0.0, 1.0, 2.0


def rolling_pair(n: int, x: _A, y: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Covariance, correlation, or slope of ``x`` on ``y`` over the last ``n`` common bars.

    State: filled, whole; of the head: first x and y, sums of x and y from there, squares of both,
    cross product; five rings.
    """
    size = int(params[0])
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n) and complete(y, 0, n):
        first = (size - int(state[0])) % size
        _rows(0, first, x, y, out, params, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            here = first + min(k, blocks - EIGHT) * size
            _eight_pairs(n, here, k == 0, x, y, work, out, params, state)
        first += blocks * size
        for j in range(size):
            state[SLOTS + j] = x[first - size + j]
            state[SLOTS + size + 1 + j] = y[first - size + j]
        _turn_block(params, state)
        state[2], state[3] = x[first - 1], y[first - 1]
        for k in range(4, SLOTS):
            state[k] = 0.0
        state[0] = 0.0
    _rows(first, n, x, y, out, params, state)


@njit(cache=True, error_model="numpy")
def _rows(start: int, stop: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """One row after the other, whatever comes."""
    size, kind, divisor = int(params[0]), params[1], params[0] - params[2]
    filled, whole, fx, fy = int(state[0]), state[1], state[2], state[3]
    tx, ty, sx, sy, sxy = state[4], state[5], state[6], state[7], state[8]
    mx = fx + tx * (1.0 / filled) if filled else 0.0
    my = fy + ty * (1.0 / filled) if filled else 0.0
    part_of_all = 1.0 / size
    step = size + 1
    r1, r2, r3, r4, r5 = SLOTS, SLOTS + step, SLOTS + 2 * step, SLOTS + 3 * step, SLOTS + 4 * step
    for i in range(start, stop):
        u, v = x[i], y[i]
        if not (abs(u) < HUGE and abs(v) < HUGE):
            out[i] = NAN
            continue
        state[r1 + filled], state[r2 + filled] = u, v
        if filled == 0:
            fx, mx, fy, my = u, u, v, v
        part = reciprocal(filled + 1, params, 3)
        du, dv, share = u - mx, v - my, filled * part
        sx += du * du * share
        sy += dv * dv * share
        sxy += du * dv * share
        filled += 1
        tx += u - fx
        ty += v - fy
        mx = fx + tx * part
        my = fy + ty * part
        if whole or filled == size:
            rest = size - filled
            gu = mx - state[r1 + filled] if rest else 0.0
            gv = my - state[r2 + filled] if rest else 0.0
            share = filled * rest * part_of_all
            xy = sxy + state[r5 + filled] + gu * gv * share
            if kind == COVARIANCE:
                out[i] = xy / divisor
            else:
                yy = sy + state[r4 + filled] + gv * gv * share
                if kind == BETA:
                    out[i] = xy / yy if yy > 0.0 else NAN
                else:
                    xx = sx + state[r3 + filled] + gu * gu * share
                    scale = math.sqrt(xx * yy)
                    out[i] = min(1.0, max(-1.0, xy / scale)) if scale > 0.0 else NAN
        else:
            out[i] = NAN
        if filled == size:
            _turn_block(params, state)
            fx, fy = u, v
            filled, whole = 0, 1.0
            tx = ty = sx = sy = sxy = 0.0
    state[0], state[1], state[2], state[3] = filled, whole, fx, fy
    state[4], state[5], state[6], state[7], state[8] = tx, ty, sx, sy, sxy


@njit(cache=True, error_model="numpy")
def _turn_block(params: _A, state: _A) -> None:
    """Turn the values of a block into means, squares and cross products of its tails."""
    size = int(params[0])
    step = size + 1
    r1, r2, r3, r4, r5 = SLOTS, SLOTS + step, SLOTS + 2 * step, SLOTS + 3 * step, SLOTS + 4 * step
    fx = mx = state[r1 + size - 1]
    fy = my = state[r2 + size - 1]
    tx = ty = sx = sy = sxy = 0.0
    for j in range(size - 1, -1, -1):
        part = reciprocal(size - j, params, 3)
        u, v = state[r1 + j], state[r2 + j]
        du, dv, share = u - mx, v - my, (size - j - 1) * part
        sx += du * du * share
        sy += dv * dv * share
        sxy += du * dv * share
        tx += u - fx
        ty += v - fy
        mx = fx + tx * part
        my = fy + ty * part
        state[r1 + j], state[r2 + j] = mx, my
        state[r3 + j], state[r4 + j], state[r5 + j] = sx, sy, sxy


@njit(cache=True, error_model="numpy")
def _eight_heads(n: int, size: int, work: _A, params: _A) -> None:
    """Heads of eight blocks: behind x and y, their means, squares and cross products."""
    fx = mx = load(work, 0)
    fy = my = load(work, n)
    tx = ty = sx = sy = sxy = spread(0.0)
    for j in range(size):
        place = EIGHT * j
        part = reciprocal(j + 1, params, 3)
        u, v = load(work, place), load(work, n + place)
        du, dv, share = u - mx, v - my, j * part
        sx += du * du * share
        sy += dv * dv * share
        sxy += du * dv * share
        tx += u - fx
        ty += v - fy
        mx = fx + tx * part
        my = fy + ty * part
        store(work, 2 * n + place, mx)
        store(work, 3 * n + place, my)
        store(work, 4 * n + place, sx)
        store(work, 5 * n + place, sy)
        store(work, 6 * n + place, sxy)


@njit(cache=True, error_model="numpy")
def _eight_pairs(
    n: int, here: int, alone: bool, x: _A, y: _A, work: _A, out: _A, params: _A, state: _A
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state."""
    size, part_of_all = int(params[0]), 1.0 / params[0]
    step = size + 1
    r1, r2, r3, r4, r5 = SLOTS, SLOTS + step, SLOTS + 2 * step, SLOTS + 3 * step, SLOTS + 4 * step
    side_by_side(x, here, size, work, 0)
    side_by_side(y, here, size, work, n)
    _eight_heads(n, size, work, params)
    before, last = here if alone else here - size, EIGHT * (size - 1)
    fx = mx = follow(x[before + size - 1], load(work, last))
    fy = my = follow(y[before + size - 1], load(work, n + last))
    tx = ty = sx = sy = sxy = gu = gv = xx = yy = xy = spread(0.0)
    for j in range(size, 0, -1):
        place = EIGHT * (j - 1)
        if j < size:
            part = reciprocal(size - j, params, 3)
            u = follow(x[before + j], load(work, place + EIGHT))
            v = follow(y[before + j], load(work, n + place + EIGHT))
            du, dv, share = u - mx, v - my, (size - j - 1) * part
            sx += du * du * share
            sy += dv * dv * share
            sxy += du * dv * share
            tx += u - fx
            ty += v - fy
            mx = fx + tx * part
            my = fy + ty * part
            mu, mv, xx, yy, xy = mx, my, sx, sy, sxy
            if alone:
                mu, mv = lead(state[r1 + j], mx), lead(state[r2 + j], my)
                xx, yy = lead(state[r3 + j], sx), lead(state[r4 + j], sy)
                xy = lead(state[r5 + j], sxy)
            gu, gv = load(work, 2 * n + place) - mu, load(work, 3 * n + place) - mv
        weight = j * (size - j) * part_of_all
        xx = load(work, 4 * n + place) + xx + gu * gu * weight
        yy = load(work, 5 * n + place) + yy + gv * gv * weight
        xy = load(work, 6 * n + place) + xy + gu * gv * weight
        store(work, 2 * n + place, _eight_answers(params, xx, yy, xy))
    one_after_another(work, 2 * n, out, here, size)


@njit(cache=True, inline="always")
def _eight_answers(params: _A, xx: Any, yy: Any, xy: Any) -> Any:
    """What is asked, from squares and cross product of windows."""
    kind, zero, missing = params[1], spread(0.0), spread(NAN)
    if kind == COVARIANCE:
        return xy / (params[0] - params[2])
    if kind == BETA:
        return where_less(zero, yy, xy / yy, missing)
    scale = roots(xx * yy)
    return where_less(zero, scale, least(spread(1.0), most(spread(-1.0), xy / scale)), missing)


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(params: Params) -> int:
    return SLOTS + 5 * (int(params[0]) + 1)


def _with(kind: float) -> Callable[[Params], Params]:
    def constants(params: Params) -> Params:
        ddof = params[1] if len(params) > 1 else 0.0
        return (params[0], kind, ddof, *reciprocals(params[0]))

    return constants


_DDOF = Param("ddof", 0, 1, whole=True, default=1)
_OPS = (
    Op("cov", rolling_pair, 2, (window(low=2), _DDOF), _rings, _last, None, _with(COVARIANCE),
       meaning="Covariance over the last n bars, divided by n - ddof.", scratch=7),
    Op("corr", rolling_pair, 2, (window(low=2),), _rings, _last, None, _with(CORRELATION),
       meaning="Correlation over the last n bars.", scratch=7),
    Op("beta", rolling_pair, 2, (window(low=2),), _rings, _last, None, _with(BETA),
       meaning="Slope of the first series on the second over the last n bars.", scratch=7),
)  # fmt: skip
PAIRS: dict[str, Op] = {op.name: op for op in _OPS}
