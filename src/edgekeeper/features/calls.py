"""Calls of kernels through addresses: what an instruction of a program is, and how it is done.

Kernels are called through their addresses, so this is compiled once and serves every program and
every operator a user adds.
"""

from typing import Any

from llvmlite import ir
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic

from edgekeeper.features.ops.lanes import EIGHT
from edgekeeper.types import Float64Array, Int64Array

__all__ = [
    "CODE_WIDTH",
    "ENTER",
    "LEAVE",
    "MOST_IN_A_LANE",
    "PADDING",
    "PARAMS",
    "STATE",
    "TARGET",
    "TOGETHER",
    "call",
    "call_together",
    "pointer",
]

# numba describes neither of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic

ENTER, LEAVE = 0, 1
"""Addresses that stand for "go on over the longer bars that are complete, or to the row of the code
given, if none is", and "go on over all rows again"."""

CODE_WIDTH = 24
TARGET, PARAMS, STATE = 17, 18, 19
TOGETHER, SERIES, PARAMS_EACH, STATE_EACH = 20, 21, 22, 23
"""Columns of the code: address, arity, 15 registers, target, parameters, state (-1: none); address
of the kernel that takes eight symbols at once (0: none), how many series of each it does one after
the other, parameters and state of each. Registers below zero are those that all symbols share."""

MOST_IN_A_LANE = 8
"""Parameters, or numbers of state, of a series that goes side by side with others."""

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
def pointer(typing: Any, address: Any) -> Any:
    """Read an address as a pointer to float64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(types.int64), generate


@njit(cache=True, nogil=True, inline="always")
def _at(slot: int, base: int, shared: int, stride: int) -> int:
    """Address of a register."""
    return (base if slot >= 0 else shared) + slot * stride


@njit(cache=True, nogil=True, inline="always")
def call(
    code: Int64Array, k: int, base: int, shared: int, stride: int, p: int, s: int, n: int
) -> None:
    """Call the kernel of one instruction on ``n`` rows of the registers at ``base``."""
    function, arity = code[k, 0], code[k, 1]
    o = base + code[k, TARGET] * stride
    a = _at(code[k, 2], base, shared, stride)
    if arity == 1:
        _call1(function, n, (a,), o, p, s)
        return
    b = _at(code[k, 3], base, shared, stride)
    if arity == 2:
        _call2(function, n, (a, b), o, p, s)
        return
    c = _at(code[k, 4], base, shared, stride)
    d = _at(code[k, 5], base, shared, stride)
    e = _at(code[k, 6], base, shared, stride)
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
def call_together(
    code: Int64Array,
    k: int,
    base: int,
    apart: int,
    stride: int,
    p: int,
    s: int,
    size: int,
    n: int,
    lanes: Float64Array,
) -> None:
    """Do one instruction for eight symbols, ``apart`` and ``size`` bytes from each other, at once.

    Parameters and states are put side by side in ``lanes``, float64 ``[2, 64]``, and states back.
    """
    several, params, state = code[k, SERIES], code[k, PARAMS_EACH], code[k, STATE_EACH]
    there = lanes.ctypes.data
    for j in range(several):
        # In the code stand inputs of eight series, then targets; the last target by itself.
        if code[k, 1] == 1:
            source, target = code[k, 2], code[k, TARGET]
        else:
            source = code[k, 2 + j]
            target = code[k, TARGET] if j == EIGHT - 1 else code[k, 2 + EIGHT + j]
        constants = pointer(p + j * params * 8)
        for lane in range(EIGHT):
            memory = pointer(s + lane * size + j * state * 8)
            for i in range(params):
                lanes[0, lane * params + i] = constants[i]
            for i in range(state):
                lanes[1, lane * state + i] = memory[i]
        x, o = base + source * stride, base + target * stride
        series = (
            x,
            x + apart,
            x + 2 * apart,
            x + 3 * apart,
            x + 4 * apart,
            x + 5 * apart,
            x + 6 * apart,
            x + 7 * apart,
            o,
            o + apart,
            o + 2 * apart,
            o + 3 * apart,
            o + 4 * apart,
            o + 5 * apart,
            o + 6 * apart,
        )
        _call15(code[k, TOGETHER], n, series, o + 7 * apart, there, there + lanes.strides[0])
        for lane in range(EIGHT):
            memory = pointer(s + lane * size + j * state * 8)
            for i in range(state):
                memory[i] = lanes[1, lane * state + i]
