"""Covariance, correlation and beta of two series over a window.

Blocks and joining as in ``moments``. A bar on which either series is missing is left out.
"""

import math
from collections.abc import Callable

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.types import Float64Array

__all__ = ["PAIRS"]

_A = Float64Array
NAN = math.nan
SLOTS = 9
BLOCK = 64
COVARIANCE, CORRELATION, BETA = 0.0, 1.0, 2.0


def rolling_pair(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """Covariance, correlation, or slope of ``x`` on ``y`` over the last ``n`` common bars.

    State: filled, whole; of the head: first x and y, sums of x and y from there, squares of both,
    cross product; five rings; work space.
    """
    size, kind, divisor = int(params[0]), params[1], params[0] - params[2]
    filled, whole, fx, fy = int(state[0]), state[1], state[2], state[3]
    tx, ty, sx, sy, sxy = state[4], state[5], state[6], state[7], state[8]
    mx = fx + tx * (1.0 / filled) if filled else 0.0
    my = fy + ty * (1.0 / filled) if filled else 0.0
    part_of_all = 1.0 / size
    step = size + 1
    r1, r2, r3, r4, r5 = SLOTS, SLOTS + step, SLOTS + 2 * step, SLOTS + 3 * step, SLOTS + 4 * step
    work = SLOTS + 5 * step
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        for i in range(start, stop):
            u, v = x[i], y[i]
            if not (abs(u) < HUGE and abs(v) < HUGE):
                out[i] = NAN
                state[work + i - start] = 0.0
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
                        out[i] = xy
                        state[work + i - start] = xx * yy
            else:
                out[i] = NAN
                state[work + i - start] = 0.0
            if filled == size:
                fx, mx, fy, my = u, u, v, v
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
                filled, whole = 0, 1.0
                tx = ty = sx = sy = sxy = 0.0
        if kind == CORRELATION:
            # Roots and quotients of many rows at once cost less.
            for i in range(start, stop):
                scale = math.sqrt(state[work + i - start])
                out[i] = min(1.0, max(-1.0, out[i] / scale)) if scale > 0.0 else NAN
    state[0], state[1], state[2], state[3] = filled, whole, fx, fy
    state[4], state[5], state[6], state[7], state[8] = tx, ty, sx, sy, sxy


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(params: Params) -> int:
    return SLOTS + 5 * (int(params[0]) + 1) + BLOCK


def _with(kind: float) -> Callable[[Params], Params]:
    def constants(params: Params) -> Params:
        ddof = params[1] if len(params) > 1 else 0.0
        return (params[0], kind, ddof, *reciprocals(params[0]))

    return constants


_DDOF = Param("ddof", 0, 1, whole=True, default=1)
_OPS = (
    Op("cov", rolling_pair, 2, (window(low=2), _DDOF), _rings, _last, None, _with(COVARIANCE),
       meaning="Covariance over the last n bars, divided by n - ddof."),
    Op("corr", rolling_pair, 2, (window(low=2),), _rings, _last, None, _with(CORRELATION),
       meaning="Correlation over the last n bars."),
    Op("beta", rolling_pair, 2, (window(low=2),), _rings, _last, None, _with(BETA),
       meaning="Slope of the first series on the second over the last n bars."),
)  # fmt: skip
PAIRS: dict[str, Op] = {op.name: op for op in _OPS}
