"""The compiled walk over a program: chunk by chunk, kernel by kernel, for a group of symbols.

Symbols of a group take turns chunk by chunk: their rows lie next to each other in canonical order,
so what one brings into the cache the next one uses. Eight symbols go in step where they can: they
are read, calculated where rows wait for each other, and written out side by side.
"""

from typing import Any

import numpy as np
from numba import njit

from edgekeeper.features.calls import (
    ENTER,
    LEAVE,
    MOST_IN_A_LANE,
    PADDING,
    PARAMS,
    STATE,
    TARGET,
    TOGETHER,
    call,
    call_together,
    pointer,
)
from edgekeeper.features.neighbours import are_neighbours, take
from edgekeeper.features.ops.lanes import EIGHT
from edgekeeper.features.turn import turn, turn_together
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["run_group", "run_instant"]


@njit(cache=True, nogil=True)
def _completed(marks: int, n: int) -> int:
    """How many longer bars are complete, by the marks of ``bucket``."""
    source, count = pointer(marks), 0
    for i in range(n):
        mark = int(source[i])
        count += (mark & 1) + ((mark >> 1) & 1)
    return count


@njit(cache=True, nogil=True)
def _walk(
    code: Int64Array,
    params: int,
    base: int,
    shared: int,
    stride: int,
    state: int,
    rows: int,
) -> None:
    """Run the program on some rows of one symbol."""
    k, n = -1, rows
    while k + 1 < code.shape[0]:
        k += 1
        if code[k, 0] == ENTER:
            n = _completed(base + code[k, 2] * stride, rows)
            if n == 0:
                k, n = code[k, TARGET] - 1, rows
            continue
        if code[k, 0] == LEAVE:
            n = rows
            continue
        s = state + code[k, STATE] * 8
        call(code, k, base, shared, stride, params + code[k, PARAMS] * 8, s, n)


@njit(cache=True, nogil=True)
def _walk_together(
    code: Int64Array,
    params: int,
    base: int,
    apart: int,
    stride: int,
    state: int,
    size: int,
    n: int,
    lanes: Float64Array,
) -> None:
    """Run a program without longer bars on as many rows of each of eight symbols."""
    for k in range(code.shape[0]):
        p, s = params + code[k, PARAMS] * 8, state + code[k, STATE] * 8
        if code[k, TOGETHER]:
            call_together(code, k, base, apart, stride, p, s, size, n, lanes)
            continue
        for g in range(EIGHT):
            call(code, k, base + g * apart, base, stride, p, s + g * size, n)


@njit(cache=True, nogil=True)
def run_group(
    code: Int64Array,
    params: Float64Array,
    columns: Int64Array,
    rows: Int64Array,
    offsets: Int64Array,
    registers: Float64Array,
    kept: int,
    in_step: bool,
    states: Float64Array,
    outputs: Int64Array,
    limit: float,
    out: Any,
) -> None:
    """Compute all features of a group of symbols.

    Parameters
    ----------
    code : int64 [I, 24]
        See ``calls.CODE_WIDTH``.
    params : float64 [P]
        Constants of all instructions.
    columns : int64 [C]
        Addresses of the input columns, float64 [N] each; they fill registers 0 .. C-1.
    rows : int64
        Rows of each symbol in ``columns`` and ``out``, in time order.
    offsets : int64 [G + 1]
        Where each symbol's part of ``rows`` begins.
    registers : float64 [Q + R or Q + 8 R, chunk + PADDING]
        Work space: registers that all symbols share, then R of one symbol, or of each of eight;
        registers of constants are filled already.
    kept : int
        R.
    in_step : bool
        Whether there are eight symbols, each with registers, and no longer bars.
    states : float64 [G, Z]
        Memory of each symbol, read and left updated.
    outputs : int64 [F]
        Which register holds each feature at the end.
    limit : float
        Largest number that type can hold; anything beyond, or infinite, becomes NaN.
    out : float [N, F]
    """
    chunk = registers.shape[1] - PADDING
    stride, size = registers.shape[1] * 8, states.shape[1] * 8
    apart = kept * stride if in_step else 0
    shared = registers.shape[0] - (kept * EIGHT if in_step else kept)
    base = registers.ctypes.data + shared * stride
    constants, memory = params.ctypes.data, states.ctypes.data
    lanes = np.empty((2, EIGHT * MOST_IN_A_LANE))
    longest, shortest = 0, 1 << 62
    for g in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[g + 1] - offsets[g])
        shortest = min(shortest, offsets[g + 1] - offsets[g])
    for start in range(0, longest, chunk):
        n = min(chunk, longest - start)
        if in_step and start + n <= shortest:
            if are_neighbours(rows, offsets, start, n):
                take(columns, rows, offsets[0] + start, n, base, apart, stride)
            else:
                for g in range(EIGHT):
                    _take(columns, rows, offsets[g] + start, n, base + g * apart, stride)
            _walk_together(code, constants, base, apart, stride, memory, size, n, lanes)
            turn_together(base, apart, stride, outputs, rows, offsets, start, n, limit, out)
            continue
        for g in range(offsets.shape[0] - 1):
            first = offsets[g] + start
            n = min(chunk, offsets[g + 1] - first)
            if n <= 0:
                continue
            mine = base + g * apart
            _take(columns, rows, first, n, mine, stride)
            _walk(code, constants, mine, base, stride, memory + g * size, n)
            turn(mine, stride, outputs, rows, first, n, limit, out)


@njit(cache=True, nogil=True)
def _take(
    columns: Int64Array, rows: Int64Array, first: int, n: int, base: int, stride: int
) -> None:
    """Fill registers from the columns' rows ``rows[first : first + n]``."""
    for c in range(columns.shape[0]):
        source, register = pointer(columns[c]), pointer(base + c * stride)
        for i in range(n):
            register[i] = source[rows[first + i]]


@njit(cache=True, nogil=True)
def run_instant(
    code: Int64Array,
    params: Float64Array,
    columns: Int64Array,
    rows: Int64Array,
    registers: Float64Array,
    kept: int,
    states: Float64Array,
    outputs: Int64Array,
    limit: float,
    out: Any,
) -> None:
    """Compute all features of one row of many symbols; a program without longer bars.

    Instruction by instruction, each over all symbols: a kernel stays at hand, and those without
    memory take all symbols at once. The same kernels, so the same bits as :func:`run_group`.

    Parameters
    ----------
    code, params, kept, outputs, limit
        As in :func:`run_group`.
    columns : int64 [C]
        Addresses of the input columns, float64 [S] each.
    rows : int64 [P]
        Which symbols have a bar.
    registers : float64 [Q + R, S + PADDING]
        Work space, a column a symbol; registers of constants are filled already.
    states : float64 [S, Z]
        Memory of each symbol, read and left updated.
    out : float [S, F]
    """
    present, stride, size = rows.shape[0], registers.shape[1] * 8, states.shape[1] * 8
    base = registers.ctypes.data + (registers.shape[0] - kept) * stride
    constants, memory = params.ctypes.data, states.ctypes.data
    _take(columns, rows, 0, present, base, stride)
    for k in range(code.shape[0]):
        p = constants + code[k, PARAMS] * 8
        if code[k, STATE] < 0:
            call(code, k, base, base, stride, p, memory, present)
            continue
        for j in range(present):
            s = memory + rows[j] * size + code[k, STATE] * 8
            call(code, k, base + j * 8, base + j * 8, stride, p, s, 1)
    turn(base, stride, outputs, rows, 0, present, limit, out)
