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
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import lower_builtin, models, register_model, type_callable

__all__ = [
    "EIGHT",
    "follow",
    "gather",
    "lead",
    "least",
    "load",
    "most",
    "one_after_another",
    "roots",
    "scatter",
    "side_by_side",
    "size_of",
    "spread",
    "store",
    "turn",
    "turned",
    "where_least",
    "where_less",
]

EIGHT = 8

# numba describes none of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic
_VECTOR = ir.VectorType(ir.DoubleType(), EIGHT)
_BITS = ir.IntType(32)


class _Lanes(types.Type):  # type: ignore[misc]
    """numba's name for eight float64."""

    def __init__(self) -> None:
        super().__init__(name="Lanes8")


_L = _Lanes()
_P = types.CPointer(types.float64)
_I = types.int64
_F = types.float64


class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


register_model(_Lanes)(_LanesModel)


def _order(lanes: list[int]) -> Any:
    return ir.Constant(ir.VectorType(_BITS, EIGHT), lanes)


def turned(builder: Any, lines: list[Any]) -> list[Any]:
    """Transpose by exchanging halves: neighbours, then pairs, then fours."""
    for apart in (1, 2, 4):
        for low in (k for k in range(EIGHT) if not k & apart):
            high = low | apart
            a, b = lines[low], lines[high]
            upper = [lane if not lane & apart else (lane ^ apart) + EIGHT for lane in range(EIGHT)]
            lower = [lane ^ apart if not lane & apart else lane + EIGHT for lane in range(EIGHT)]
            lines[low] = builder.shuffle_vector(a, b, _order(upper))
            lines[high] = builder.shuffle_vector(a, b, _order(lower))
    return lines


def _all(builder: Any, value: Any) -> Any:
    """One number in every lane."""
    lanes = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(lanes, value, _BITS(0))
    return builder.shuffle_vector(first, lanes, _order([0] * EIGHT))


def _arithmetic(symbol: Callable[..., object], instruction: str) -> None:
    """Teach numba an operator between lanes, or lanes and a number."""

    def typed(context: Any) -> Any:
        def result(a: Any, b: Any) -> Any:
            known = (_L, types.float64, types.int64)
            return _L if _L in (a, b) and a in known and b in known else None

        return result

    type_callable(symbol)(typed)

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sides = [
            value if kind == _L else _all(builder, context.cast(builder, value, kind, _F))
            for kind, value in zip(signature.args, args, strict=True)
        ]
        return getattr(builder, instruction)(*sides)

    for pair in ((_L, _L), (_L, _F), (_F, _L), (_L, _I), (_I, _L)):
        lower_builtin(symbol, *pair)(lower)


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
        return _all(builder, args[0])

    return _L(_F), generate


@intrinsic
def load(typing: Any, x: Any, first: Any) -> Any:
    """``x[first], x[first + 1], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), _VECTOR.as_pointer())
        return builder.load(place, align=8)

    return _L(_P, _I), generate


@intrinsic
def store(typing: Any, x: Any, first: Any, value: Any) -> Any:
    """Write ``value`` to ``x[first], x[first + 1], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), _VECTOR.as_pointer())
        builder.store(args[2], place, align=8)
        return context.get_dummy_value()

    return types.void(_P, _I, _L), generate


def _places(builder: Any, pointer: Any, first: Any, step: Any) -> list[Any]:
    number = ir.IntType(64)
    return [
        builder.gep(pointer, [builder.add(first, builder.mul(step, number(lane)))])
        for lane in range(EIGHT)
    ]


@intrinsic
def gather(typing: Any, x: Any, first: Any, step: Any) -> Any:
    """``x[first], x[first + step], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.Constant(_VECTOR, ir.Undefined)
        for lane, place in enumerate(_places(builder, *args)):
            lanes = builder.insert_element(lanes, builder.load(place), _BITS(lane))
        return lanes

    return _L(_P, _I, _I), generate


@intrinsic
def scatter(typing: Any, x: Any, first: Any, step: Any, value: Any) -> Any:
    """Write ``value`` to ``x[first], x[first + step], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for lane, place in enumerate(_places(builder, *args[:3])):
            builder.store(builder.extract_element(args[3], _BITS(lane)), place)
        return context.get_dummy_value()

    return types.void(_P, _I, _I, _L), generate


@intrinsic
def follow(typing: Any, value: Any, lanes: Any) -> Any:
    """``value``, then all lanes but the last."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.shuffle_vector(
            args[1], _all(builder, args[0]), _order([EIGHT, *range(EIGHT - 1)])
        )

    return _L(_F, _L), generate


@intrinsic
def _tile(typing: Any, x: Any, first: Any, step: Any, y: Any, place: Any, stride: Any) -> Any:
    """Eight by eight: what is ``step`` apart in ``x`` gets side by side in ``y``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = _VECTOR.as_pointer()
        sources, targets = _places(builder, *args[:3]), _places(builder, *args[3:])
        lines = [builder.load(builder.bitcast(p, wide), align=8) for p in sources]
        for line, p in zip(turned(builder, lines), targets, strict=True):
            builder.store(line, builder.bitcast(p, wide), align=8)
        return context.get_dummy_value()

    return types.void(_P, _I, _I, _P, _I, _I), generate


@intrinsic
def turn(
    typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any
) -> Any:
    """Eight by eight: what was a lane of all is one of eight results."""
    results = types.UniTuple(_L, EIGHT)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, results, turned(builder, list(args)))

    return results(*[_L] * EIGHT), generate


@njit(cache=True, inline="always")
def side_by_side(x: Any, first: int, size: int, y: Any, place: int) -> None:
    """Put eight blocks of ``size`` rows from ``x[first]`` on into lanes from ``y[place]`` on."""
    if size < EIGHT:
        for j in range(size):
            store(y, place + EIGHT * j, gather(x, first + j, size))
        return
    for k in range(0, size, EIGHT):
        j = min(k, size - EIGHT)
        _tile(x, first + j, size, y, place + EIGHT * j, EIGHT)


@njit(cache=True, inline="always")
def one_after_another(y: Any, place: int, x: Any, first: int, size: int) -> None:
    """Undo :func:`side_by_side`."""
    if size < EIGHT:
        for j in range(size):
            scatter(x, first + j, size, load(y, place + EIGHT * j))
        return
    for k in range(0, size, EIGHT):
        j = min(k, size - EIGHT)
        _tile(y, place + EIGHT * j, EIGHT, x, first + j, size)


@intrinsic
def lead(typing: Any, value: Any, lanes: Any) -> Any:
    """``lanes`` with ``value`` in the first."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.insert_element(args[1], args[0], _BITS(0))

    return _L(_F, _L), generate


def _mapped(name: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        return builder.call(builder.module.declare_intrinsic(f"llvm.{name}.v8f64", (), kind), args)

    return generate


@intrinsic
def size_of(typing: Any, lanes: Any) -> Any:
    """Each without its sign."""
    return _L(_L), _mapped("fabs")


@intrinsic
def roots(typing: Any, lanes: Any) -> Any:
    """Square roots, NaN below zero."""
    return _L(_L), _mapped("sqrt")


def _select(comparison: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        test = builder.fcmp_ordered(comparison, args[0], args[1])
        return builder.select(test, args[2], args[3])

    return generate


@intrinsic
def where_less(typing: Any, a: Any, b: Any, this: Any, that: Any) -> Any:
    """``this`` where ``a < b``, else ``that``."""
    return _L(_L, _L, _L, _L), _select("<")


@intrinsic
def where_least(typing: Any, a: Any, b: Any, this: Any, that: Any) -> Any:
    """``this`` where ``a <= b``, else ``that``."""
    return _L(_L, _L, _L, _L), _select("<=")


def _first_unless(comparison: str) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        test = builder.fcmp_ordered(comparison, args[1], args[0])
        return builder.select(test, args[1], args[0])

    return generate


@intrinsic
def least(typing: Any, a: Any, b: Any) -> Any:
    """``min(a, b)`` as numba does it: of equals the first."""
    return _L(_L, _L), _first_unless("<")


@intrinsic
def most(typing: Any, a: Any, b: Any) -> Any:
    """``max(a, b)`` as numba does it: of equals the first."""
    return _L(_L, _L), _first_unless(">")
