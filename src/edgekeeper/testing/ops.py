"""Conformance kit for feature operators: what an ``Op`` promises, tried on random series.

A user's own op passes :func:`check_op` before it is registered; the project's own all do.
"""

import ctypes
from collections.abc import Mapping, Sequence

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.features.ops import OPS, Op
from edgekeeper.types import Float64Array

__all__ = ["check_op", "check_ops", "example_params", "run_op"]

_ROWS = 900
_CHUNKS = (1, 7, 64, 900)
_KEY_ROWS = 29
_GUARD = -12_345.678
_TOLERANCE = 1e-6


def example_params(op: Op) -> tuple[float, ...]:
    """Parameters to try an op with: windows of 13, other numbers near a half."""
    return tuple(
        min(max(13.0 if p.whole and p.high > 13 else 1.0 if p.whole else 0.5, p.low), p.high)
        for p in op.params
    )


def run_op(
    op: Op, inputs: Sequence[Float64Array], params: Sequence[float] = (), chunk: int = 1 << 30
) -> Float64Array:
    """Output of a compiled op from a fresh state, fed in chunks of at most ``chunk`` rows.

    Raises
    ------
    BadData
        The kernel wrote beyond the state size that the op declares.
    """
    size = op.state_size(params)
    state = np.zeros(size + 8)
    state[size:] = _GUARD
    constants = np.array([*op.constants(params), 0.0])
    series = [np.ascontiguousarray(values, dtype=np.float64) for values in inputs]
    out = np.empty(len(series[0]))
    pointer = ctypes.c_void_p
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, *([pointer] * (op.pointers + 3)))(op.address())
    scratch = np.full(op.scratch * len(out), _GUARD)
    for start in range(0, len(out), min(chunk, len(out))):
        rows = slice(start, start + chunk)
        work = [scratch] if op.scratch else []
        arrays = [*(values[rows] for values in series), *work, out[rows]]
        addresses = [array.ctypes.data for array in (*arrays, constants, state)]
        kernel(len(out[rows]), *addresses)
    if (state[size:] != _GUARD).any():
        raise BadData(f"op {op.name!r}: expected {size} slots of state, wrote beyond them")
    return out


def check_op(op: Op, params: Sequence[float] | None = None, seed: int = 0) -> None:
    """Try everything that :class:`~edgekeeper.features.ops.Op` promises.

    Raises
    ------
    BadData
        Names the op, the promise and the first row that breaks it.
    """
    params = example_params(op) if params is None else params
    rng = np.random.default_rng(seed)
    rows = max(_ROWS, op.memory(params) * 3 // 2 + 300)
    steps = rng.standard_normal((op.inputs, rows)) * 0.05
    clean = [np.exp(walk) + 1.0 for walk in steps.cumsum(axis=1)]
    gappy = [np.where(rng.random(rows) < 0.1, np.nan, x) for x in clean]
    if op.keyed:
        clean[-1] = gappy[-1] = np.floor(np.arange(rows) / _KEY_ROWS)
    for inputs in (clean, gappy):
        _check_chunks(op, params, inputs)
        _check_future(op, params, inputs, rng)
    _check_start(op, params, clean)
    _check_missing(op, params, clean, gappy)
    if op.eight is not None:
        _check_eight(op, rng)


def check_ops(ops: Mapping[str, Op] = OPS) -> int:
    """Check every op of a registry and return how many there are."""
    for name, op in ops.items():
        if op.name != name:
            raise BadData(f"expected op {op.name!r} under its own name, got {name!r}")
        check_op(op)
    return len(ops)


def _same(op: Op, promise: str, expected: Float64Array, got: Float64Array) -> None:
    differs = expected.view(np.int64) != got.view(np.int64)
    differs &= ~(np.isnan(expected) & np.isnan(got))
    if differs.any():
        row = int(np.argmax(differs))
        raise BadData(
            f"op {op.name!r} breaks its promise: {promise}; row {row}: expected {expected[row]!r}, "
            f"got {got[row]!r}"
        )


def _check_chunks(op: Op, params: Sequence[float], inputs: Sequence[Float64Array]) -> None:
    whole = run_op(op, inputs, params)
    for chunk in _CHUNKS:
        _same(op, f"chunks of {chunk} change nothing", whole, run_op(op, inputs, params, chunk))


def _check_future(
    op: Op, params: Sequence[float], inputs: Sequence[Float64Array], rng: np.random.Generator
) -> None:
    cut = len(inputs[0]) // 2
    changed = [x.copy() for x in inputs]
    for x in changed:
        x[cut:] = rng.permutation(x[cut:]) * 3.0
    before, after = run_op(op, inputs, params), run_op(op, changed, params)
    _same(op, "the future changes nothing", before[:cut], after[:cut])


def _check_start(op: Op, params: Sequence[float], inputs: Sequence[Float64Array]) -> None:
    skip, memory, lookback = 77, op.memory(params), op.lookback(params)
    if memory < lookback:
        raise BadData(f"op {op.name!r}: expected warm_up >= lookback, got {memory} < {lookback}")
    if op.keyed:
        lookback, memory = lookback + _KEY_ROWS, memory + _KEY_ROWS
    early, late = run_op(op, inputs, params)[skip:], run_op(op, [x[skip:] for x in inputs], params)
    if np.isnan(late[lookback]):
        raise BadData(f"op {op.name!r}: expected a value after {lookback} rows, got NaN")
    if memory >= len(late):
        raise BadData(f"op {op.name!r}: expected a warm-up below {len(late)} rows, got {memory}")
    early, late = early[memory:], late[memory:]
    size = np.maximum(np.abs(early), np.nanmedian(np.abs(early)))
    wrong = ~(np.abs(early - late) <= _TOLERANCE * size) & ~(np.isnan(early) & np.isnan(late))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadData(
            f"op {op.name!r}: expected no trace of the start after {memory} rows, got "
            f"{late[row]!r} instead of {early[row]!r}"
        )


def _check_missing(
    op: Op, params: Sequence[float], clean: Sequence[Float64Array], gappy: Sequence[Float64Array]
) -> None:
    """Check that NaN gives NaN, and that rows with NaN leave no trace."""
    if op.reads_missing:
        return
    missing = np.any([np.isnan(x) for x in gappy], axis=0)
    got = run_op(op, gappy, params)
    if not np.isnan(got[missing]).all():
        raise BadData(f"op {op.name!r}: expected NaN where an input is NaN, got a number")
    without = run_op(op, [x[~missing] for x in clean], params)
    _same(op, "a missing row leaves no trace", without, np.ascontiguousarray(got[~missing]))


def _check_eight(op: Op, rng: np.random.Generator) -> None:
    """Check that the kernel for eight gives the bits of eight single ones, gaps at first."""
    sizes = [(5.0,), (40.0,), (1.0,), (13.0,), (2.0,), (5.0,), (21.0,), (9.0,)]
    gaps = np.arange(_ROWS) < _ROWS // 2
    series = [np.where(gaps & (rng.random(_ROWS) < 0.1), np.nan, rng.random(_ROWS)) for _ in sizes]
    params = [values[: len(op.params)] for values in sizes]
    constants = np.array([c for p in params for c in op.constants(p)])
    state = np.zeros(sum(op.state_size(p) for p in params))
    out = np.empty((8, _ROWS))
    pointer = ctypes.c_void_p
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, *([pointer] * 18))(op.address_of_eight())
    for start in range(0, _ROWS, 97):
        rows = slice(start, start + 97)
        arrays = [*(x[rows] for x in series), *(lane[rows] for lane in out), constants, state]
        kernel(len(series[0][rows]), *(array.ctypes.data for array in arrays))
    for x, lane, values in zip(series, out, params, strict=True):
        _same(op, "eight at once give the bits of one at a time", run_op(op, [x], values), lane)
