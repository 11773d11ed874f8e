"""Rows of eight symbols that lie side by side in the columns, into registers, eight by eight.

In canonical order the bars of an instant follow each other, so what one symbol needs of a cache
line its neighbours need too.
"""

from typing import Any

from llvmlite import ir
from numba import njit
from numba import types as numba_types
from numba.extending import intrinsic as numba_intrinsic

from edgekeeper.features.calls import pointer
from edgekeeper.features.ops.lanes import EIGHT, VECTOR
from edgekeeper.features.ops.tiles import turned
from edgekeeper.types import Int64Array

__all__ = ["are_neighbours", "take"]

# numba describes neither of these to a type checker.
types: Any = numba_types
intrinsic: Any = numba_intrinsic


@intrinsic
def _exchange(typing: Any, sources: Any, target: Any, apart: Any) -> Any:
    """Eight numbers from each of eight addresses; of each eight the first go to ``target``, ..."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide, number = VECTOR.as_pointer(), ir.IntType(64)
        lines = []
        for k in range(EIGHT):
            place = builder.inttoptr(builder.extract_value(args[0], k), wide)
            lines.append(builder.load(place, align=8))
        for k, line in enumerate(turned(builder, lines)):
            place = builder.add(args[1], builder.mul(args[2], number(k)))
            builder.store(line, builder.inttoptr(place, wide), align=8)
        return context.get_dummy_value()

    addresses = types.UniTuple(types.int64, EIGHT)
    return types.void(addresses, types.int64, types.int64), generate


@njit(cache=True, nogil=True)
def are_neighbours(rows: Int64Array, offsets: Int64Array, start: int, n: int) -> bool:
    """Whether eight symbols' rows from ``start`` on follow each other at each of ``n`` instants."""
    first = offsets[0] + start
    for g in range(1, EIGHT):
        other, apart = offsets[g] + start, 0
        for i in range(n):
            apart |= rows[other + i] - rows[first + i] - g
        if apart != 0:
            return False
    return True


@njit(cache=True, nogil=True)
def take(
    columns: Int64Array, rows: Int64Array, first: int, n: int, base: int, apart: int, stride: int
) -> None:
    """Fill registers of eight neighbours, ``apart`` bytes from each other.

    Parameters
    ----------
    columns : int64 [C]
        Addresses of float64 columns; they fill registers 0 .. C-1.
    rows : int64
        Rows of the first of the eight from ``rows[first]`` on.
    base, stride : int
        Address of its registers, and bytes from one to the next.
    """
    tiled = n - n % EIGHT
    for c in range(columns.shape[0]):
        column, target = columns[c], base + c * stride
        for i in range(0, tiled, EIGHT):
            k = first + i
            lines = (
                column + rows[k] * 8,
                column + rows[k + 1] * 8,
                column + rows[k + 2] * 8,
                column + rows[k + 3] * 8,
                column + rows[k + 4] * 8,
                column + rows[k + 5] * 8,
                column + rows[k + 6] * 8,
                column + rows[k + 7] * 8,
            )
            _exchange(lines, target + i * 8, apart)
        source = pointer(column)
        for g in range(EIGHT):
            register = pointer(target + g * apart)
            for i in range(tiled, n):
                register[i] = source[rows[first + i] + g]
