"""Rows into ``Lanes`` and back: blocks of a series side by side, eight by eight."""

from typing import Any

from llvmlite import ir
from numba import extending as numba_extending
from numba import njit
from numba import types as numba_types

from edgekeeper.features.ops.lanes import (
    BITS,
    EIGHT,
    LANES,
    NUMBER,
    POINTER,
    VECTOR,
    in_all,
    load,
    order,
    store,
)

__all__ = [
    "follow",
    "gather",
    "one_after_another",
    "scatter",
    "side_by_side",
    "turn",
    "turned",
]

# numba describes none of these to a type checker.
types: Any = numba_types
extending: Any = numba_extending
intrinsic: Any = extending.intrinsic
_FLOAT = types.float64


def turned(builder: Any, lines: list[Any]) -> list[Any]:
    """Transpose by exchanging halves: neighbours, then pairs, then fours."""
    for apart in (1, 2, 4):
        for low in (k for k in range(EIGHT) if not k & apart):
            high = low | apart
            a, b = lines[low], lines[high]
            upper = [lane if not lane & apart else (lane ^ apart) + EIGHT for lane in range(EIGHT)]
            lower = [lane ^ apart if not lane & apart else lane + EIGHT for lane in range(EIGHT)]
            lines[low] = builder.shuffle_vector(a, b, order(upper))
            lines[high] = builder.shuffle_vector(a, b, order(lower))
    return lines


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
        lanes = ir.Constant(VECTOR, ir.Undefined)
        for lane, place in enumerate(_places(builder, *args)):
            lanes = builder.insert_element(lanes, builder.load(place), BITS(lane))
        return lanes

    return LANES(POINTER, NUMBER, NUMBER), generate


@intrinsic
def scatter(typing: Any, x: Any, first: Any, step: Any, value: Any) -> Any:
    """Write ``value`` to ``x[first], x[first + step], ...``"""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for lane, place in enumerate(_places(builder, *args[:3])):
            builder.store(builder.extract_element(args[3], BITS(lane)), place)
        return context.get_dummy_value()

    return types.void(POINTER, NUMBER, NUMBER, LANES), generate


@intrinsic
def follow(typing: Any, value: Any, lanes: Any) -> Any:
    """``value``, then all lanes but the last."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.shuffle_vector(
            args[1], in_all(builder, args[0]), order([EIGHT, *range(EIGHT - 1)])
        )

    return LANES(_FLOAT, LANES), generate


@intrinsic
def _tile(typing: Any, x: Any, first: Any, step: Any, y: Any, place: Any, stride: Any) -> Any:
    """Eight by eight: what is ``step`` apart in ``x`` gets side by side in ``y``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = VECTOR.as_pointer()
        sources, targets = _places(builder, *args[:3]), _places(builder, *args[3:])
        lines = [builder.load(builder.bitcast(p, wide), align=8) for p in sources]
        for line, p in zip(turned(builder, lines), targets, strict=True):
            builder.store(line, builder.bitcast(p, wide), align=8)
        return context.get_dummy_value()

    return types.void(POINTER, NUMBER, NUMBER, POINTER, NUMBER, NUMBER), generate


@intrinsic
def turn(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Eight by eight: what was a lane of all is one of eight results."""
    results = types.UniTuple(LANES, EIGHT)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, results, turned(builder, list(args)))

    return results(*[LANES] * EIGHT), generate


@njit(cache=True, error_model="numpy")
def side_by_side(x: Any, first: int, size: int, y: Any, place: int) -> None:
    """Put eight blocks of ``size`` rows from ``x[first]`` on into lanes from ``y[place]`` on."""
    if size < EIGHT:
        for j in range(size):
            store(y, place + EIGHT * j, gather(x, first + j, size))
        return
    for k in range(0, size, EIGHT):
        j = min(k, size - EIGHT)
        _tile(x, first + j, size, y, place + EIGHT * j, EIGHT)


@njit(cache=True, error_model="numpy")
def one_after_another(y: Any, place: int, x: Any, first: int, size: int) -> None:
    """Undo :func:`side_by_side`."""
    if size < EIGHT:
        for j in range(size):
            scatter(x, first + j, size, load(y, place + EIGHT * j))
        return
    for k in range(0, size, EIGHT):
        j = min(k, size - EIGHT)
        _tile(y, place + EIGHT * j, EIGHT, x, first + j, size)
