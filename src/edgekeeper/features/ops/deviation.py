"""Mean absolute distance from the mean over a window; the cost grows with the window."""

import math

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import EIGHT, load, size_of, spread, store
from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.features.ops.sums import FEWEST, SUM_RING, sums
from edgekeeper.types import Float64Array

__all__ = ["DEVIATION"]

_A = Float64Array
NAN = math.nan
ROWS = 4 * EIGHT


def rolling_deviation(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Mean absolute distance of the last ``n`` values from their mean.

    Distances are added from the oldest on. State: as of a sum; then a ring of values.
    """
    size = int(params[0])
    if not (state[1] and n >= FEWEST * size and complete(x, 0, n)):
        _rows(n, x, out, size, state)
        return
    values, base, filled = SUM_RING + size + 1, 2 * n, int(state[0])
    for j in range(size - filled):
        work[base + j] = state[values + filled + j]
    for j in range(filled):
        work[base + size - filled + j] = state[values + j]
    for i in range(n):
        work[base + size + i] = x[i]
    sums(n, x, work, out, size, state)
    for i in range(n):
        out[i] /= size
    _distances(n, work, base + 1, out, size)
    filled = int(state[0])
    for j in range(filled):
        state[values + j] = x[n - filled + j]
    for j in range(filled, size):
        state[values + j] = x[n - filled - size + j]


@njit(cache=True, error_model="numpy")
def _rows(n: int, x: _A, out: _A, size: int, state: _A) -> None:
    """One row after the other, whatever comes."""
    filled, whole, head = int(state[0]), state[1], state[2]
    values = SUM_RING + size + 1
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        head += v
        state[values + filled] = v
        filled += 1
        if not whole and filled < size:
            out[i] = NAN
        else:
            mean = (head + state[SUM_RING + filled]) / size
            far = 0.0
            for j in range(values + filled, values + size):
                far += abs(state[j] - mean)
            for j in range(values, values + filled):
                far += abs(state[j] - mean)
            out[i] = far / size
        if filled == size:
            tail = 0.0
            for j in range(size - 1, -1, -1):
                tail += state[values + j]
                state[SUM_RING + j] = tail
            filled, whole, head = 0, 1.0, 0.0
    for j in range(filled):
        state[SUM_RING + j] = state[values + j]
    state[0], state[1], state[2] = filled, whole, head


@njit(cache=True, error_model="numpy")
def _distances(n: int, x: _A, first: int, out: _A, size: int) -> None:
    """Turn means of windows, the first from ``x[first]`` on, into mean distances, rows at once."""
    whole = spread(float(size))
    start = 0
    while start + ROWS <= n:
        a, b = load(out, start), load(out, start + EIGHT)
        c, d = load(out, start + 2 * EIGHT), load(out, start + 3 * EIGHT)
        far_a = far_b = far_c = far_d = spread(0.0)
        for k in range(first + start, first + start + size):
            far_a += size_of(load(x, k) - a)
            far_b += size_of(load(x, k + EIGHT) - b)
            far_c += size_of(load(x, k + 2 * EIGHT) - c)
            far_d += size_of(load(x, k + 3 * EIGHT) - d)
        store(out, start, far_a / whole)
        store(out, start + EIGHT, far_b / whole)
        store(out, start + 2 * EIGHT, far_c / whole)
        store(out, start + 3 * EIGHT, far_d / whole)
        start += ROWS
    for i in range(start, n):
        far = 0.0
        for k in range(first + i, first + i + size):
            far += abs(x[k] - out[i])
        out[i] = far / size


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(params: Params) -> int:
    return SUM_RING + 2 * int(params[0]) + 1


DEVIATION: dict[str, Op] = {
    "mad": Op(
        "mad",
        rolling_deviation,
        1,
        (window(),),
        _rings,
        _last,
        meaning="Mean absolute distance of the last n values from their mean.",
        scratch=4,
    )
}
