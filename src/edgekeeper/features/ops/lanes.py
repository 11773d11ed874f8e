"""``Lanes``: eight float64 side by side, as one value in compiled kernels.

numba turns few loops into vector instructions by itself, and none whose rows wait for each other.
With lanes a kernel says what goes side by side: eight rows, eight blocks or eight series. Every
lane does what one number would do, in the same order, so the bits are those of a plain loop. LLVM
cuts lanes into whatever the processor has.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending as numba_extending
from numba import types as numba_types

__all__ = [
    "BITS",
    "EIGHT",
    "LANES",
    "NUMBER",
    "POINTER",
    "VECTOR",
    "in_all",
    "lead",
    "least",
    "load",
    "most",
    "order",
    "roots",
    "size_of",
    "spread",
    "store",
    "where_least",
    "where_less",
]

EIGHT = 8

# numba describes none of these to a type checker.
types: Any = numba_types
extending: Any = numba_extending
intrinsic, models = extending.intrinsic, extending.models
VECTOR = ir.VectorType(ir.DoubleType(), EIGHT)
BITS = ir.IntType(32)


_Lanes: Any = type("_Lanes", (types.Type,), {})
LANES: Any = _Lanes(name="Lanes8")
POINTER = types.CPointer(types.float64)
NUMBER = types.int64
_F = types.float64


def _describe(model: Any, manager: Any, kind: Any) -> None:
    models.PrimitiveModel.__init__(model, manager, kind, VECTOR)


_Model: Any = type("_Model", (models.PrimitiveModel,), {"__init__": _describe})
extending.register_model(_Lanes)(_Model)


def order(lanes: list[int]) -> Any:
    """Which lane goes where, as LLVM's shuffles want it."""
    return ir.Constant(ir.VectorType(BITS, EIGHT), lanes)


def in_all(builder: Any, value: Any) -> Any:
    """One number in every lane."""
    lanes = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(lanes, value, BITS(0))
    return builder.shuffle_vector(first, lanes, order([0] * EIGHT))


def _arithmetic(symbol: Callable[..., object], instruction: str) -> None:
    """Teach numba an operator between lanes, or lanes and a number."""

    def typed(context: Any) -> Any:
        def result(a: Any, b: Any) -> Any:
            known = (LANES, types.float64, types.int64)
            return LANES if LANES in (a, b) and a in known and b in known else None

        return result

    extending.type_callable(symbol)(typed)

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sides = [
            value if kind == LANES else in_all(builder, context.cast(builder, value, kind, _F))
            for kind, value in zip(signature.args, args, strict=True)
        ]
        return getattr(builder, instruction)(*sides)

    for pair in ((LANES, LANES), (LANES, _F), (_F, LANES), (LANES, NUMBER), (NUMBER, LANES)):
        extending.lower_builtin(symbol, *pair)(lower)


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.isub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_symbol, _instruction)


@intrinsic
def spread(typing: Any, value: Any) -> Any:
    """Lanes that all hold ``value``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return in_all(builder, args[0])

    return LANES(_F), generate


@intrinsic
def load(typing: Any, x: Any, first: Any) -> Any:
    """``x[first], x[first + 1], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), VECTOR.as_pointer())
        return builder.load(place, align=8)

    return LANES(POINTER, NUMBER), generate


@intrinsic
def store(typing: Any, x: Any, first: Any, value: Any) -> Any:
    """Write ``value`` to ``x[first], x[first + 1], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), VECTOR.as_pointer())
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(POINTER, NUMBER, LANES), generate


@intrinsic
def lead(typing: Any, value: Any, lanes: Any) -> Any:
    """``lanes`` with ``value`` in the first."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.insert_element(args[1], args[0], BITS(0))

    return LANES(_F, LANES), generate


def _mapped(name: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(builder.module.declare_intrinsic(f"llvm.{name}.v8f64", (), kind), args)

    return generate


@intrinsic
def size_of(typing: Any, lanes: Any) -> Any:
    """Each without its sign."""
    return LANES(LANES), _mapped("fabs")


@intrinsic
def roots(typing: Any, lanes: Any) -> Any:
    """Square roots, NaN below zero."""
    return LANES(LANES), _mapped("sqrt")


def _select(comparison: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        test = builder.fcmp_ordered(comparison, args[0], args[1])
        return builder.select(test, args[2], args[3])

    return generate


@intrinsic
def where_less(typing: Any, a: Any, b: Any, this: Any, that: Any) -> Any:
    """``this`` where ``a < b``, else ``that``."""
    return LANES(LANES, LANES, LANES, LANES), _select("<")


@intrinsic
def where_least(typing: Any, a: Any, b: Any, this: Any, that: Any) -> Any:
    """``this`` where ``a <= b``, else ``that``."""
    return LANES(LANES, LANES, LANES, LANES), _select("<=")


def _first_unless(comparison: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        test = builder.fcmp_ordered(comparison, args[1], args[0])
        return builder.select(test, args[1], args[0])

    return generate


@intrinsic
def least(typing: Any, a: Any, b: Any) -> Any:
    """``min(a, b)`` as numba does it: of equals the first."""
    return LANES(LANES, LANES), _first_unless("<")


@intrinsic
def most(typing: Any, a: Any, b: Any) -> Any:
    """``max(a, b)`` as numba does it: of equals the first."""
    return LANES(LANES, LANES), _first_unless(">")
