"""Values from the past: ``lag``."""

import math

from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.types import Float64Array

__all__ = ["DELAY"]

_A = Float64Array
NAN = math.nan
RING = 2


def lag(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Value ``size`` valid bars ago. State: count, next slot; ring of ``size`` values.

    A chunk without gaps, longer than the lag, is moved as a block.
    """
    size = int(params[0])
    count, slot = int(state[0]), int(state[1])
    gaps = 0
    for i in range(n):
        gaps += 0 if abs(x[i]) < HUGE else 1
    if gaps == 0 and count == size and n >= size:
        for i in range(size - slot):
            out[i] = state[RING + slot + i]
        for i in range(slot):
            out[size - slot + i] = state[RING + i]
        for i in range(n - size):
            out[size + i] = x[i]
        for i in range(size):
            state[RING + i] = x[n - size + i]
        state[1] = 0.0
        return
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        out[i] = state[RING + slot] if count == size else NAN
        count = min(count + 1, size)
        state[RING + slot] = v
        slot = slot + 1 if slot + 1 < size else 0
    state[0], state[1] = count, slot


def _bars(params: Params) -> int:
    return int(params[0])


def _ring(params: Params) -> int:
    return RING + int(params[0])


DELAY: dict[str, Op] = {
    "lag": Op(
        "lag", lag, 1, (window(default=1),), _ring, _bars, meaning="Value n bars ago; n above zero."
    )
}
