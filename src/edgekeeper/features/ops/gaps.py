"""Whether a stretch of a series has gaps; kernels take a shorter way where it has none."""

from numba import njit

from edgekeeper.features.ops.op import HUGE
from edgekeeper.types import Float64Array

__all__ = ["complete"]


@njit(cache=True, inline="always")
def complete(x: Float64Array, first: int, stop: int) -> bool:
    """Whether no value of ``x[first:stop)`` is missing; looks at many at a time."""
    gaps = 0
    for i in range(first, stop):
        gaps += 0 if abs(x[i]) < HUGE else 1
    return gaps == 0
