"""Running results of a session: they begin anew whenever a key changes.

The key is a series that stays while a session lasts; ``session``, the day by UTC, unless another is
given. What was running when a history began is unknown: NaN until the key has changed once.
"""

import math

from edgekeeper.features.ops.op import HUGE, Op, Params
from edgekeeper.types import Float64Array

__all__ = ["SESSIONS"]

_A = Float64Array
NAN = math.nan
SUM, LARGEST, SMALLEST, FIRST, COUNT, BEFORE = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0


def running(n: int, x: _A, key: _A, out: _A, params: _A, state: _A) -> None:
    """Result so far. State: keys seen (to two), key, result, the newest value, the one before."""
    kind = params[0]
    keys, now, result, newest, before = state[0], state[1], state[2], state[3], state[4]
    for i in range(n):
        v = x[i]
        if not (abs(v) < HUGE and abs(key[i]) < HUGE):
            out[i] = NAN
            continue
        if keys == 0.0 or key[i] != now:
            keys = min(keys + 1.0, 2.0)
            now = key[i]
            before = newest
            result = 1.0 if kind == COUNT else v
        elif kind == SUM:
            result += v
        elif kind == LARGEST:
            result = max(result, v)
        elif kind == SMALLEST:
            result = min(result, v)
        elif kind == COUNT:
            result += 1.0
        newest = v
        out[i] = NAN if keys < 2.0 else (before if kind == BEFORE else result)
    state[0], state[1], state[2], state[3], state[4] = keys, now, result, newest, before


def _slots(params: Params) -> int:
    return 5


def _op(name: str, kind: float, meaning: str) -> Op:
    def constants(params: Params) -> Params:
        return (kind,)

    return Op(name, running, 2, (), _slots, constants=constants, meaning=meaning, keyed=True)


_OPS = (
    _op("sum_within", SUM, "Sum so far of a key's rows, such as a session's."),
    _op("max_within", LARGEST, "Largest value so far of a key's rows."),
    _op("min_within", SMALLEST, "Smallest value so far of a key's rows."),
    _op("first_within", FIRST, "First value of a key's rows."),
    _op("count_within", COUNT, "How many rows of a key there were so far, this one included."),
    _op("last_before", BEFORE, "Last value before the key changed."),
)
SESSIONS: dict[str, Op] = {op.name: op for op in _OPS}
