"""Sums over a window; no subtraction, so nothing cancels.

A kernel works in blocks as long as the window. When a block is complete it is turned, in place,
into the running result from its end backwards; a later window is then the tail of the last block
joined with the head of the current one. Nothing is ever taken away again, so nothing cancels or
drifts, and the cost does not depend on the window (van Herk 1992 and Gil & Werman 1993 do so for
extremes).

State: rows in the current block, whether a block is complete, result of the head, and rings with
one slot a row and a neutral one at the end.
"""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import EIGHT, lead, load, spread, store
from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.features.ops.tiles import follow, one_after_another, side_by_side
from edgekeeper.types import Float64Array

__all__ = ["FEWEST", "SUMS", "SUM_RING", "sums"]

_A = Float64Array
NAN = math.nan
SUM_RING = 3
FEWEST = 4
"""Blocks in a chunk from which on it pays to take whole blocks at a time."""


def rolling_sum(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Sum of the last ``n`` values. State: filled, whole, head sum; a ring."""
    sums(n, x, work, out, int(params[0]), state)


@njit(cache=True, error_model="numpy")
def sums(n: int, x: _A, work: _A, out: _A, size: int, state: _A) -> None:
    """Sums of windows of ``size`` rows; work space of two numbers a row."""
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _sum_rows(0, first, x, out, size, state)
        blocks = (n - first) // size
        if blocks >= EIGHT:
            for k in range(0, blocks, EIGHT):
                # The last eight cover some blocks again rather than rows that are none.
                here = first + min(k, blocks - EIGHT) * size
                _eight_sums(n, here, k == 0, x, work, out, size, state)
        else:
            _sum_blocks(x, out, first, blocks, size, state)
        first += blocks * size
        _turn_sums(x, first - size, size, state)
    _sum_rows(first, n, x, out, size, state)


@njit(cache=True, inline="always")
def _turn_sums(x: _A, first: int, size: int, state: _A) -> None:
    """Leave sums of the tails of a block for rows to come."""
    a = 0.0
    for j in range(size - 1, -1, -1):
        a += x[first + j]
        state[SUM_RING + j] = a
    state[0] = state[2] = 0.0


@njit(cache=True, error_model="numpy")
def _eight_sums(
    n: int, here: int, alone: bool, x: _A, work: _A, out: _A, size: int, state: _A
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state."""
    side_by_side(x, here, size, work, 0)
    head = tail = before = spread(0.0)
    for j in range(size):
        head += load(work, EIGHT * j)
        store(work, n + EIGHT * j, head)
    block = here if alone else here - size
    for j in range(size, 0, -1):
        place = EIGHT * (j - 1)
        if j < size:
            tail += follow(x[block + j], load(work, place + EIGHT))
            before = lead(state[SUM_RING + j], tail) if alone else tail
        store(work, n + place, load(work, n + place) + before)
    one_after_another(work, n, out, here, size)


@njit(cache=True, error_model="numpy")
def _sum_rows(start: int, stop: int, x: _A, out: _A, size: int, state: _A) -> None:
    """One row after the other, whatever comes."""
    filled, whole, head = int(state[0]), state[1], state[2]
    for i in range(start, stop):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        head += v
        state[SUM_RING + filled] = v
        filled += 1
        out[i] = head + state[SUM_RING + filled] if whole or filled == size else NAN
        if filled == size:
            tail = 0.0
            for j in range(SUM_RING + size - 1, SUM_RING - 1, -1):
                tail += state[j]
                state[j] = tail
            filled, whole, head = 0, 1.0, 0.0
    state[0], state[1], state[2] = filled, whole, head


@njit(cache=True, error_model="numpy")
def _sum_blocks(x: _A, out: _A, first: int, blocks: int, size: int, state: _A) -> None:
    """Whole blocks without gaps, four at a time, so that no sum waits for the one before.

    The same additions in the same order as :func:`_sum_rows`: heads are left in ``out``, then each
    block's tails are added to the heads of the next.
    """
    fours = blocks - blocks % 4
    for k in range(0, fours, 4):
        s = first + k * size
        t, u, v = s + size, s + 2 * size, s + 3 * size
        a = b = c = d = 0.0
        for j in range(size):
            a += x[s + j]
            b += x[t + j]
            c += x[u + j]
            d += x[v + j]
            out[s + j], out[t + j], out[u + j], out[v + j] = a, b, c, d
    for k in range(fours, blocks):
        s = first + k * size
        a = 0.0
        for j in range(size):
            a += x[s + j]
            out[s + j] = a
    for j in range(size - 1):
        out[first + j] += state[SUM_RING + 1 + j]
    fours = (blocks - 1) - (blocks - 1) % 4
    for k in range(0, fours, 4):
        s = first + k * size
        t, u, v = s + size, s + 2 * size, s + 3 * size
        a = b = c = d = 0.0
        for j in range(size - 1, 0, -1):
            a += x[s + j]
            b += x[t + j]
            c += x[u + j]
            d += x[v + j]
            out[t + j - 1] += a
            out[u + j - 1] += b
            out[v + j - 1] += c
            out[v + size + j - 1] += d
    for k in range(fours, blocks - 1):
        s = first + k * size
        a = 0.0
        for j in range(size - 1, 0, -1):
            a += x[s + j]
            out[s + size + j - 1] += a


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _ring(params: Params) -> int:
    return SUM_RING + int(params[0]) + 1


_N: tuple[Param, ...] = (window(),)
_OPS = (
    Op("sum", rolling_sum, 1, _N, _ring, _last, scratch=2, meaning="Sum of the last n values."),
)  # fmt: skip
SUMS: dict[str, Op] = {op.name: op for op in _OPS}
