"""Features of whole histories: groups of symbols, in parallel threads."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features.dispatch import run_group
from edgekeeper.features.inputs import read_columns
from edgekeeper.features.ops.lanes import EIGHT
from edgekeeper.features.plan import Plan
from edgekeeper.features.program import Program
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["LARGEST", "Real", "by_column", "compute"]

_STEP = 120
"""Rows of a chunk are a multiple of it, as windows of 5, 8, 10, 20, 30 and 60 like it: their blocks
then begin with a chunk."""

_FEWEST, _MOST = 120, 480
_NUMBERS = 65_536
"""Numbers that registers may hold: half a megabyte stays in the second cache."""

_FEWEST_IN_STEP = 240
"""Rows of a chunk from which on eight symbols go in step: kernels want that many."""

_GROUP = EIGHT
"""Symbols that take turns: neighbours share the cache lines of an input column."""

_SMALL = 20_000
"""Rows below which threads cost more than they give."""

_PART = 4_096
"""Rows that are turned into columns at once."""

Real = np.float32 | np.float64

LARGEST: dict[type[Real], float] = {
    np.float32: float(np.finfo(np.float32).max),
    np.float64: float(np.finfo(np.float64).max),
}


def compute(
    plan: Plan,
    bars: Bars,
    dtype: type[Real],
    chunk: int | None = None,
    threads: int | None = None,
    out: NDArray[Any] | None = None,
    states: Sequence[Float64Array] | None = None,
) -> NDArray[Any]:
    """Run a plan over all rows: ``[N, F]`` in canonical order.

    ``states``, float64 ``[S, Z]`` a stage, is where it goes on, and is left updated; without, it
    starts afresh.
    """
    if dtype not in LARGEST:
        raise UsageError(f"expected dtype float32 or float64, got {dtype!r}")
    if chunk is not None and chunk < 1:
        raise UsageError(f"expected a chunk of at least one row, got {chunk}")
    if threads is not None and threads < 1:
        raise UsageError(f"expected at least one thread, got {threads}")
    shape = (len(bars), plan.features)
    if out is None:
        out = np.empty(shape, dtype=dtype)
    elif out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        raise UsageError(
            f"expected out of shape {shape}, {np.dtype(dtype)}, row-major, got {out.shape}, "
            f"{out.dtype}"
        )
    columns = read_columns(plan.columns, bars)
    for k, stage in enumerate(plan.stages):
        series = [columns[place] for place in stage.inputs]
        last = k == len(plan.stages) - 1
        values = out if last else np.empty((len(bars), stage.program.features))
        memory = None if states is None else states[k]
        _run_all(stage.program, series, bars, chunk, threads, memory, values)
        if not last:
            columns += stage.compare(values, bars.instant_offsets)
    return out


def by_column(table: NDArray[Any]) -> NDArray[Any]:
    """Return a copy ``[F, N]`` of ``[N, F]``, made by parts that stay in the cache."""
    columns = np.empty(table.shape[::-1], dtype=table.dtype)
    for first in range(0, len(table), _PART):
        columns[:, first : first + _PART] = table[first : first + _PART].T
    return columns


def _run_all(
    program: Program,
    columns: list[Float64Array],
    bars: Bars,
    chunk: int | None,
    threads: int | None,
    states: Float64Array | None,
    out: NDArray[Any],
) -> None:
    """Run one program over all symbols, in parallel threads."""
    addresses = np.array([column.ctypes.data for column in columns], dtype=np.int64)
    rows, offsets = bars.by_symbol, bars.symbol_offsets
    count = len(bars.symbols)
    workers = _workers(threads, len(bars), count)
    group = max(1, min(_GROUP, -(-count // workers)))

    def run(first: int) -> None:
        part = offsets[first : min(first + group, count) + 1]
        memory = None if states is None else states[first : first + group]
        _run(program, addresses, rows, part, chunk, memory, out)

    waiting = iter(range(0, count, group))

    def work() -> None:
        for first in waiting:
            run(first)

    if workers == 1:
        work()
        return
    # This thread works as well: one fewer to start. Taking the next of a range is one step of the
    # interpreter, so no group is done twice.
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(work) for _ in range(workers - 1)]
        work()
        for other in others:
            other.result()


def _workers(threads: int | None, rows: int, symbols: int) -> int:
    if threads is None:
        threads = 1 if rows < _SMALL else os.cpu_count() or 1
    return max(1, min(threads, symbols))


def _run(
    program: Program,
    addresses: Int64Array,
    rows: Int64Array,
    offsets: Int64Array,
    chunk: int | None,
    states: Float64Array | None,
    out: NDArray[Any],
) -> None:
    count = len(offsets) - 1
    rows_at_once, in_step = _rows_at_once(program, count)
    width = max(1, min(chunk or rows_at_once, int(np.diff(offsets).max())))
    if states is None:
        states = np.zeros((count, program.state_size))
    run_group(
        program.code,
        program.params,
        addresses,
        rows,
        offsets,
        program.workspace(width, EIGHT if in_step else 1),
        program.registers,
        in_step,
        states,
        program.outputs,
        LARGEST[out.dtype.type],
        out,
    )


def _rows_at_once(program: Program, symbols: int) -> tuple[int, bool]:
    """As many as the cache allows, so that calls stay cheap; whether eight symbols go in step."""
    if symbols == EIGHT and not program.longer_bars:
        in_step = _NUMBERS // (EIGHT * program.registers) // _STEP * _STEP
        if in_step >= _FEWEST_IN_STEP:
            return min(in_step, _MOST), True
    # Symbols that take turns share the cache with the rows they read and write.
    times = 2 if symbols == 1 else 1
    alone = times * _NUMBERS // (program.registers + program.scratch) // _STEP * _STEP
    return min(max(alone, _FEWEST), times * _MOST), False
