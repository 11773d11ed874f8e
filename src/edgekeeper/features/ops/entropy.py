"""How disordered a window is: permutation entropy, Bandt & Pompe (2002, PRL 88, 174102), order 3.

Each three neighbours stand in one of six orders; counts of the orders over the window are kept, so
the cost does not depend on its length.
"""

import math

from edgekeeper.features.ops.op import HUGE, Op, Params, window
from edgekeeper.types import Float64Array

__all__ = ["ENTROPY"]

_A = Float64Array
NAN = math.nan
COUNTS, RING = 4, 10


def permutation_entropy(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Entropy of the orders, 0 to 1. State: values seen, slot, two values; counts; ring of orders.

    Equal neighbours count as rising, so that a quiet market is orderly.
    """
    size = int(params[0]) - 2
    seen, slot, a, b = int(state[0]), int(state[1]), state[2], state[3]
    for i in range(n):
        c = x[i]
        if not abs(c) < HUGE:
            out[i] = NAN
            continue
        if seen >= 2:
            order = (1 if a > b else 0) + (2 if b > c else 0)
            if order == 1 and a > c:
                order = 4
            elif order == 2 and a > c:
                order = 5
            if seen >= size + 2:
                state[COUNTS + int(state[RING + slot])] -= 1.0
            state[RING + slot] = order
            state[COUNTS + order] += 1.0
            slot = slot + 1 if slot + 1 < size else 0
        seen = min(seen + 1, size + 2)
        a, b = b, c
        if seen < size + 2:
            out[i] = NAN
            continue
        total = 0.0
        for k in range(6):
            share = state[COUNTS + k] / size
            total -= share * math.log(share) if share > 0.0 else 0.0
        out[i] = max(total, 0.0) / math.log(6.0)
    state[0], state[1], state[2], state[3] = seen, slot, a, b


def _slots(params: Params) -> int:
    return RING + int(params[0])


def _last(params: Params) -> int:
    return int(params[0]) - 1


ENTROPY: dict[str, Op] = {
    "entropy": Op(
        "entropy", permutation_entropy, 1, (window(low=4),), _slots, _last,
        meaning="Permutation entropy of order 3 over the last n values, 0 = orderly, 1 = random.",
    )
}  # fmt: skip
