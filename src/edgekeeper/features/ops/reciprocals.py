"""1 / k for small k, looked up: dividing anew for each row was half of what a variance cost."""

from numba import njit

from edgekeeper.types import Float64Array

__all__ = ["reciprocal", "reciprocals"]

KNOWN = 256


def reciprocals(size: float) -> tuple[float, ...]:
    """1/1, 1/2, ... as far as a window of ``size`` rows needs them, to put behind its params."""
    return tuple(1.0 / k for k in range(1, min(int(size), KNOWN) + 1))


@njit(cache=True, inline="always")
def reciprocal(k: int, params: Float64Array, start: int) -> float:
    """1 / k for 1 <= k <= size, from the table at ``params[start]``: the same bits as dividing."""
    return params[start + k - 1] if k <= KNOWN else 1.0 / k
