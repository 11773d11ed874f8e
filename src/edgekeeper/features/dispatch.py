"""The compiled walk over a program: chunk by chunk, kernel by kernel, for a group of symbols.

Kernels are called through their addresses, so this is compiled once and serves every program and
every operator a user adds. Symbols of a group take turns chunk by chunk: their rows lie next to
each other in canonical order, so what one brings into the cache the next one uses.
"""

from typing import Any

from llvmlite import ir
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic

from edgekeeper.features.turn import turn
from edgekeeper.types import Float64Array, Int64Array

__all__ = [
    "CODE_WIDTH",
    "ENTER",
    "LEAVE",
    "PADDING",
    "TARGET",
    "run_group",
    "run_instant",
]

# numba describes neither of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic

ENTER, LEAVE = 0, 1
"""Addresses that stand for "go on over the longer bars that are complete, or to the row of the code
given, if none is", and "go on over all rows again"."""

CODE_WIDTH = 20
TARGET, PARAMS, STATE = 17, 18, 19
"""Columns of the code: address, arity, 15 registers, target, parameters, state (-1: none)."""

PADDING = 8
"""Unused columns of the work space, so that registers do not fall on the same cache sets."""


def _caller(inputs: int) -> Any:
    """Return an intrinsic that calls a kernel with ``inputs`` series through its address."""
    pointers = inputs + 3

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = ir.IntType(64)
        pointer = ir.DoubleType().as_pointer()
        function = ir.FunctionType(ir.VoidType(), [number] + [pointer] * pointers)
        target = builder.inttoptr(args[0], function.as_pointer())
        rows = args[1]
        addresses = [builder.extract_value(args[2], i) for i in range(inputs)] + list(args[3:])
        builder.call(target, [rows] + [builder.inttoptr(a, pointer) for a in addresses])
        return context.get_dummy_value()

    return generate


_I = types.int64


@intrinsic
def _call1(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 1), _I, _I, _I), _caller(1)


@intrinsic
def _call2(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 2), _I, _I, _I), _caller(2)


@intrinsic
def _call3(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 3), _I, _I, _I), _caller(3)


@intrinsic
def _call4(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 4), _I, _I, _I), _caller(4)


@intrinsic
def _call5(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 5), _I, _I, _I), _caller(5)


@intrinsic
def _call15(typing: Any, f: Any, n: Any, x: Any, o: Any, p: Any, s: Any) -> Any:
    return types.void(_I, _I, types.UniTuple(_I, 15), _I, _I, _I), _caller(15)


@intrinsic
def _pointer(typing: Any, address: Any) -> Any:
    """Read an address as a pointer to float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(types.int64), generate


@njit(cache=True, nogil=True, inline="always")
def _call(code: Int64Array, k: int, base: int, stride: int, p: int, s: int, n: int) -> None:
    """Call the kernel of one instruction on ``n`` rows of the registers at ``base``."""
    function, arity = code[k, 0], code[k, 1]
    o = base + code[k, TARGET] * stride
    a = base + code[k, 2] * stride
    if arity == 1:
        _call1(function, n, (a,), o, p, s)
        return
    b = base + code[k, 3] * stride
    if arity == 2:
        _call2(function, n, (a, b), o, p, s)
        return
    c = base + code[k, 4] * stride
    d = base + code[k, 5] * stride
    e = base + code[k, 6] * stride
    if arity == 3:
        _call3(function, n, (a, b, c), o, p, s)
    elif arity == 4:
        _call4(function, n, (a, b, c, d), o, p, s)
    elif arity == 5:
        _call5(function, n, (a, b, c, d, e), o, p, s)
    else:
        series = (
            a,
            b,
            c,
            d,
            e,
            base + code[k, 7] * stride,
            base + code[k, 8] * stride,
            base + code[k, 9] * stride,
            base + code[k, 10] * stride,
            base + code[k, 11] * stride,
            base + code[k, 12] * stride,
            base + code[k, 13] * stride,
            base + code[k, 14] * stride,
            base + code[k, 15] * stride,
            base + code[k, 16] * stride,
        )
        _call15(function, n, series, o, p, s)


@njit(cache=True, nogil=True)
def _completed(marks: int, n: int) -> int:
    """How many longer bars are complete, by the marks of ``bucket``."""
    source, count = _pointer(marks), 0
    for i in range(n):
        mark = int(source[i])
        count += (mark & 1) + ((mark >> 1) & 1)
    return count


@njit(cache=True, nogil=True)
def _walk(
    code: Int64Array,
    params: int,
    base: int,
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
        _call(code, k, base, stride, params + code[k, PARAMS] * 8, s, n)


@njit(cache=True, nogil=True)
def run_group(
    code: Int64Array,
    params: Float64Array,
    columns: Int64Array,
    rows: Int64Array,
    offsets: Int64Array,
    registers: Float64Array,
    states: Float64Array,
    outputs: Int64Array,
    limit: float,
    out: Any,
) -> None:
    """Compute all features of a group of symbols.

    Parameters
    ----------
    code : int64 [I, 20]
        See ``CODE_WIDTH``.
    params : float64 [P]
        Constants of all instructions.
    columns : int64 [C]
        Addresses of the input columns, float64 [N] each; they fill registers 0 .. C-1.
    rows : int64
        Rows of each symbol in ``columns`` and ``out``, in time order.
    offsets : int64 [G + 1]
        Where each symbol's part of ``rows`` begins.
    registers : float64 [R, chunk + PADDING]
        Work space; registers of constants are filled already.
    states : float64 [G, Z]
        Memory of each symbol, read and left updated.
    outputs : int64 [F]
        Which register holds each feature at the end.
    limit : float
        Largest number that type can hold; anything beyond, or infinite, becomes NaN.
    out : float [N, F]
    """
    chunk = registers.shape[1] - PADDING
    stride = registers.shape[1] * 8
    base, constants, memory = registers.ctypes.data, params.ctypes.data, states.ctypes.data
    longest = 0
    for g in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[g + 1] - offsets[g])
    for start in range(0, longest, chunk):
        for g in range(offsets.shape[0] - 1):
            first = offsets[g] + start
            n = min(chunk, offsets[g + 1] - first)
            if n <= 0:
                continue
            for c in range(columns.shape[0]):
                source = _pointer(columns[c])
                for i in range(n):
                    registers[c, i] = source[rows[first + i]]
            state = memory + g * states.shape[1] * 8
            _walk(code, constants, base, stride, state, n)
            turn(registers, outputs, rows, first, n, limit, out)


@njit(cache=True, nogil=True)
def run_instant(
    code: Int64Array,
    params: Float64Array,
    columns: Int64Array,
    rows: Int64Array,
    registers: Float64Array,
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
    code, params, outputs, limit
        As in :func:`run_group`.
    columns : int64 [C]
        Addresses of the input columns, float64 [S] each.
    rows : int64 [P]
        Which symbols have a bar.
    registers : float64 [R, S + PADDING]
        Work space, a column a symbol; registers of constants are filled already.
    states : float64 [S, Z]
        Memory of each symbol, read and left updated.
    out : float [S, F]
    """
    present, stride, size = rows.shape[0], registers.shape[1] * 8, states.shape[1] * 8
    base, constants, memory = registers.ctypes.data, params.ctypes.data, states.ctypes.data
    for c in range(columns.shape[0]):
        source = _pointer(columns[c])
        for j in range(present):
            registers[c, j] = source[rows[j]]
    for k in range(code.shape[0]):
        p = constants + code[k, PARAMS] * 8
        if code[k, STATE] < 0:
            _call(code, k, base, stride, p, memory, present)
            continue
        for j in range(present):
            s = memory + rows[j] * size + code[k, STATE] * 8
            _call(code, k, base + j * 8, stride, p, s, 1)
    turn(registers, outputs, rows, 0, present, limit, out)
