"""Variance, skewness and kurtosis over a window.

Blocks as in ``sums``: the tail of the last block and the head of the current one are each
described by count, mean and central moments, and joined by the update of Chan, Golub & LeVeque
(1979); Pébay (2008, SAND2008-6212) gives the third and fourth. Every term is added, none cancels,
and a constant series has a variance of exactly zero.
"""

import math
from collections.abc import Callable

from numba import njit

from edgekeeper.features.ops.gaps import complete
from edgekeeper.features.ops.lanes import EIGHT, lead, load, spread, store
from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.features.ops.reciprocals import reciprocal, reciprocals
from edgekeeper.features.ops.tiles import follow, one_after_another, side_by_side
from edgekeeper.types import Float64Array

__all__ = ["MOMENTS"]

_A = Float64Array
NAN = math.nan
VARIANCE_RING, SHAPE_RING = 5, 6
FEWEST = EIGHT + 1
"""Blocks in a chunk of which eight are whole."""


def rolling_variance(n: int, x: _A, work: _A, out: _A, params: _A, state: _A) -> None:
    """Variance of the last ``n`` values.

    State: filled, whole, first value of the head, its sum and squares; two rings.
    """
    size = int(params[0])
    first = 0
    if state[1] and n >= FEWEST * size and complete(x, 0, n):
        first = (size - int(state[0])) % size
        _variance_rows(0, first, x, out, params, state)
        blocks = (n - first) // size
        for k in range(0, blocks, EIGHT):
            # The last eight cover some blocks again rather than rows that are none.
            here = first + min(k, blocks - EIGHT) * size
            _eight_variances(n, here, k == 0, x, work, out, params, state)
        first += blocks * size
        for j in range(size):
            state[VARIANCE_RING + j] = x[first - size + j]
        _turn_variance(params, state)
        state[0] = state[3] = state[4] = 0.0
        state[2] = x[first - 1]
    _variance_rows(first, n, x, out, params, state)


@njit(cache=True, error_model="numpy")
def _variance_rows(start: int, stop: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """One row after the other, whatever comes."""
    size, scale, part_of_all = int(params[0]), 1.0 / (params[0] - params[1]), 1.0 / params[0]
    filled, whole = int(state[0]), state[1]
    first, total, squares = state[2], state[3], state[4]
    mean = first + total * (1.0 / filled) if filled else 0.0
    second = VARIANCE_RING + size + 1
    for i in range(start, stop):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        state[VARIANCE_RING + filled] = v
        if filled == 0:
            first = mean = v
        apart = v - mean
        part = reciprocal(filled + 1, params, 2)
        squares += apart * apart * (filled * part)
        filled += 1
        total += v - first
        mean = first + total * part
        if whole or filled == size:
            gap = state[VARIANCE_RING + filled] - mean if filled < size else 0.0
            joined = squares + state[second + filled]
            out[i] = (joined + gap * gap * (filled * (size - filled) * part_of_all)) * scale
        else:
            out[i] = NAN
        if filled == size:
            _turn_variance(params, state)
            first = v
            filled, whole, total, squares = 0, 1.0, 0.0, 0.0
    state[0], state[1], state[2], state[3], state[4] = filled, whole, first, total, squares


@njit(cache=True, error_model="numpy")
def _turn_variance(params: _A, state: _A) -> None:
    """Turn the values of a block into means and squares of its tails."""
    size = int(params[0])
    first = mean = state[VARIANCE_RING + size - 1]
    total = squares = 0.0
    for j in range(size - 1, -1, -1):
        v = state[VARIANCE_RING + j]
        part = reciprocal(size - j, params, 2)
        apart = v - mean
        squares += apart * apart * ((size - j - 1) * part)
        total += v - first
        mean = first + total * part
        state[VARIANCE_RING + j] = mean
        state[VARIANCE_RING + size + 1 + j] = squares


@njit(cache=True, error_model="numpy")
def _eight_variances(
    n: int, here: int, alone: bool, x: _A, work: _A, out: _A, params: _A, state: _A
) -> None:
    """Eight blocks from row ``here`` on side by side; what was before ``alone`` is in the state.

    Work space: values, means and squares of heads.
    """
    size, scale, part_of_all = int(params[0]), 1.0 / (params[0] - params[1]), 1.0 / params[0]
    side_by_side(x, here, size, work, 0)
    first = mean = load(work, 0)
    zero = total = squares = spread(0.0)
    for j in range(size):
        v = load(work, EIGHT * j)
        part = reciprocal(j + 1, params, 2)
        apart = v - mean
        squares += apart * apart * (j * part)
        total += v - first
        mean = first + total * part
        store(work, n + EIGHT * j, mean)
        store(work, 2 * n + EIGHT * j, squares)
    before = here if alone else here - size
    first = mean = follow(x[before + size - 1], load(work, EIGHT * (size - 1)))
    total = squares = gap = more = zero
    for j in range(size, 0, -1):
        place = EIGHT * (j - 1)
        if j < size:
            v = follow(x[before + j], load(work, place + EIGHT))
            part = reciprocal(size - j, params, 2)
            apart = v - mean
            squares += apart * apart * ((size - j - 1) * part)
            total += v - first
            mean = first + total * part
            tail, more = mean, squares
            if alone:
                tail = lead(state[VARIANCE_RING + j], mean)
                more = lead(state[VARIANCE_RING + size + 1 + j], squares)
            gap = tail - load(work, n + place)
        joined = load(work, 2 * n + place) + more
        joined += gap * gap * (j * (size - j) * part_of_all)
        store(work, n + place, joined * scale)
    one_after_another(work, n, out, here, size)


@njit(cache=True, inline="always")
def _joined(
    na: float,
    mean_a: float,
    m2a: float,
    m3a: float,
    m4a: float,
    nb: float,
    mean_b: float,
    m2b: float,
    m3b: float,
    m4b: float,
) -> tuple[float, float, float, float]:
    """Mean and central moment sums of two groups together, Pébay (2008) eq. 2.1."""
    n = na + nb
    gap = mean_b - mean_a
    if na == 0.0 or nb == 0.0:
        gap = 0.0
    mean = mean_a + gap * nb / n if na > 0.0 else mean_b
    g = gap / n
    product = na * nb
    m2 = m2a + m2b + gap * g * product
    m3 = m3a + m3b + gap * g * g * product * (na - nb) + 3.0 * g * (na * m2b - nb * m2a)
    m4 = (
        m4a
        + m4b
        + gap * g * g * g * product * (na * na - product + nb * nb)
        + 6.0 * g * g * (na * na * m2b + nb * nb * m2a)
        + 4.0 * g * (na * m3b - nb * m3a)
    )
    return mean, m2, m3, m4


@njit(cache=True, inline="always")
def _shape(size: int, order: float, m2: float, m3: float, m4: float) -> float:
    if not m2 > 0.0:
        return NAN
    if order == 3.0:
        return m3 / size / math.pow(m2 / size, 1.5)
    return m4 * size / (m2 * m2) - 3.0


def rolling_shape(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Skewness (``params[1]`` = 3) or excess kurtosis (4), population moments.

    State: filled, whole, head mean, M2, M3, M4; then four rings of the same for tails.
    """
    size, order = int(params[0]), params[1]
    filled, whole, mean = int(state[0]), state[1], state[2]
    m2, m3, m4 = state[3], state[4], state[5]
    r1 = SHAPE_RING
    r2, r3, r4 = r1 + size + 1, r1 + 2 * (size + 1), r1 + 3 * (size + 1)
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        state[r1 + filled] = v
        filled += 1
        mean, m2, m3, m4 = _joined(float(filled - 1), mean, m2, m3, m4, 1.0, v, 0.0, 0.0, 0.0)
        if whole or filled == size:
            j = filled
            _, a2, a3, a4 = _joined(
                float(filled), mean, m2, m3, m4,
                float(size - filled), state[r1 + j], state[r2 + j], state[r3 + j], state[r4 + j],
            )  # fmt: skip
            out[i] = _shape(size, order, a2, a3, a4)
        else:
            out[i] = NAN
        if filled == size:
            mean = m2 = m3 = m4 = 0.0
            for j in range(size - 1, -1, -1):
                v = state[r1 + j]
                mean, m2, m3, m4 = _joined(
                    float(size - 1 - j), mean, m2, m3, m4, 1.0, v, 0.0, 0.0, 0.0
                )
                state[r1 + j], state[r2 + j], state[r3 + j], state[r4 + j] = mean, m2, m3, m4
            filled, whole, mean, m2, m3, m4 = 0, 1.0, 0.0, 0.0, 0.0, 0.0
    state[0], state[1], state[2] = filled, whole, mean
    state[3], state[4], state[5] = m2, m3, m4


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _rings(slots: int, rings: int) -> Callable[[Params], int]:
    return lambda params: slots + rings * (int(params[0]) + 1)


def _variance(params: Params) -> Params:
    return (*params, *reciprocals(params[0]))


def _with(kind: float) -> Callable[[Params], Params]:
    return lambda params: (params[0], kind)


_DDOF = Param("ddof", 0, 1, whole=True, default=1)
_VARIANCE, _SHAPE = _rings(VARIANCE_RING, 2), _rings(SHAPE_RING, 4)
_OPS = (
    Op("var", rolling_variance, 1, (window(low=2), _DDOF), _VARIANCE, _last, None, _variance,
       meaning="Variance of the last n values, divided by n - ddof.", scratch=3),
    Op("skew", rolling_shape, 1, (window(low=3),), _SHAPE, _last, None, _with(3.0),
       meaning="Skewness of the last n values (population)."),
    Op("kurt", rolling_shape, 1, (window(low=4),), _SHAPE, _last, None, _with(4.0),
       meaning="Excess kurtosis of the last n values (population)."),
)  # fmt: skip
MOMENTS: dict[str, Op] = {op.name: op for op in _OPS}
