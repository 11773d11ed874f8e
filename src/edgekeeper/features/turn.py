"""Registers, one row a feature, turned into one row a bar, eight by eight in vector registers.

One element at a time this cost a quarter of a whole computation; numba turns no such loop into
vector instructions by itself.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic

from edgekeeper.features.calls import pointer
from edgekeeper.features.ops.lanes import EIGHT
from edgekeeper.features.ops.tiles import turned
from edgekeeper.types import Int64Array

__all__ = ["turn", "turn_together"]

# numba describes neither of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic

AHEAD = 32


def _tile(element: ir.Type) -> Any:
    """Return a generator: eight rows of eight numbers in, eight columns of ``element`` out."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.DoubleType()
        wide, narrow = ir.VectorType(number, EIGHT), ir.VectorType(element, EIGHT)
        most = least = ir.Constant(wide, ir.Undefined)
        for lane in range(EIGHT):
            most = builder.insert_element(most, args[2], ir.IntType(32)(lane))
            least = builder.insert_element(least, builder.fneg(args[2]), ir.IntType(32)(lane))
        missing = ir.Constant(wide, [ir.Constant(number, float("nan"))] * EIGHT)
        lines = []
        for k in range(EIGHT):
            place = builder.inttoptr(builder.extract_value(args[0], k), wide.as_pointer())
            line = builder.load(place, align=8)
            fits = builder.and_(
                builder.fcmp_ordered("<=", line, most), builder.fcmp_ordered(">=", line, least)
            )
            line = builder.select(fits, line, missing)
            lines.append(line if element == number else builder.fptrunc(line, narrow))
        for k, line in enumerate(turned(builder, lines)):
            place = builder.inttoptr(builder.extract_value(args[1], k), narrow.as_pointer())
            builder.store(line, place, align=4)
        return context.get_dummy_value()

    return generate


_ADDRESSES = types.UniTuple(types.int64, EIGHT)


@intrinsic
def _tile_single(typing: Any, sources: Any, targets: Any, limit: Any) -> Any:
    return types.void(_ADDRESSES, _ADDRESSES, types.float64), _tile(ir.FloatType())


@intrinsic
def _tile_double(typing: Any, sources: Any, targets: Any, limit: Any) -> Any:
    return types.void(_ADDRESSES, _ADDRESSES, types.float64), _tile(ir.DoubleType())


@intrinsic
def _fetch(typing: Any, address: Any) -> Any:
    """Ask for a cache line that is going to be written."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(prefetch, [builder.inttoptr(args[0], byte), flag(1), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@njit(cache=True, nogil=True, inline="always")
def _eight(start: int, table: Int64Array, first: int, step: int) -> Any:
    """Addresses of eight entries of a table of positions, ``step`` bytes apart."""
    return (
        start + table[first] * step,
        start + table[first + 1] * step,
        start + table[first + 2] * step,
        start + table[first + 3] * step,
        start + table[first + 4] * step,
        start + table[first + 5] * step,
        start + table[first + 6] * step,
        start + table[first + 7] * step,
    )


@njit(cache=True, nogil=True, inline="always")
def _moved(a: Any, by: int) -> Any:
    return (a[0] + by, a[1] + by, a[2] + by, a[3] + by, a[4] + by, a[5] + by, a[6] + by, a[7] + by)


@njit(cache=True, nogil=True, inline="always")
def _strip(
    base: int,
    stride: int,
    outputs: Int64Array,
    rows: Int64Array,
    first: int,
    i: int,
    n: int,
    limit: float,
    out: Any,
) -> None:
    """Turn eight rows, from ``i`` on, of one symbol; call for the lines of later ones."""
    features, size, target = out.shape[1], out.itemsize, out.ctypes.data
    width = features * size
    places = _eight(target, rows, first + i, width)
    for k in range(i + AHEAD, min(i + AHEAD + EIGHT, n)):
        there = target + rows[first + k] * width
        for line in range(0, width, 64):
            _fetch(there + line)
    f = 0
    while f < features:
        # The last tile covers some features again rather than none beyond the row.
        here = min(f, features - EIGHT)
        lines = _eight(base + i * 8, outputs, here, stride)
        if size == 4:
            _tile_single(lines, _moved(places, here * size), limit)
        else:
            _tile_double(lines, _moved(places, here * size), limit)
        f += EIGHT


@njit(cache=True, nogil=True, inline="always")
def _rest(
    base: int,
    stride: int,
    outputs: Int64Array,
    rows: Int64Array,
    first: int,
    start: int,
    n: int,
    limit: float,
    out: Any,
) -> None:
    """Turn one number after the other, rows ``start`` to ``n``."""
    for i in range(start, n):
        row = rows[first + i]
        for f in range(out.shape[1]):
            value = pointer(base + outputs[f] * stride)[i]
            out[row, f] = value if abs(value) <= limit else np.nan


@njit(cache=True, nogil=True)
def turn(
    base: int,
    stride: int,
    outputs: Int64Array,
    rows: Int64Array,
    first: int,
    n: int,
    limit: float,
    out: Any,
) -> None:
    """Fill rows ``rows[first : first + n]`` of ``out`` from the first ``n`` columns of registers.

    Parameters
    ----------
    base, stride : int
        Address of the registers, float64, and bytes from one to the next.
    outputs : int64 [F]
        Which register holds each feature.
    limit : float
        Anything beyond it, or infinite, becomes NaN.
    out : float32 or float64 [N, F]
    """
    tiled = n - n % EIGHT if out.shape[1] >= EIGHT else 0
    for i in range(0, tiled, EIGHT):
        _strip(base, stride, outputs, rows, first, i, n, limit, out)
    _rest(base, stride, outputs, rows, first, tiled, n, limit, out)


@njit(cache=True, nogil=True)
def turn_together(
    base: int,
    apart: int,
    stride: int,
    outputs: Int64Array,
    rows: Int64Array,
    offsets: Int64Array,
    start: int,
    n: int,
    limit: float,
    out: Any,
) -> None:
    """Do :func:`turn` for eight symbols, ``apart`` bytes from each other, eight rows of each.

    Parameters
    ----------
    offsets : int64 [9]
        Where each symbol's part of ``rows`` begins; ``start`` rows further on it is turned.
    """
    tiled = n - n % EIGHT if out.shape[1] >= EIGHT else 0
    for i in range(0, tiled, EIGHT):
        for g in range(EIGHT):
            first = offsets[g] + start
            _strip(base + g * apart, stride, outputs, rows, first, i, n, limit, out)
    for g in range(EIGHT):
        _rest(base + g * apart, stride, outputs, rows, offsets[g] + start, tiled, n, limit, out)
