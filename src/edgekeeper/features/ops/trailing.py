"""State machines and averages that adapt: parabolic SAR, SuperTrend's line, Kaufman's average.

Two runs of a state machine that began at different rows agree to the last bit once both have turned
on the same bar from the same extreme. Nothing bounds how long that may take; the stated warm-ups
hold for all but about one start in ten thousand on random walks.
"""

import math

from edgekeeper.features.ops.averages import FORGOTTEN
from edgekeeper.features.ops.op import HUGE, Op, Param, Params
from edgekeeper.types import Float64Array

__all__ = ["TRAILING"]

_A = Float64Array
NAN = math.nan


def parabolic_stop(n: int, high: _A, low: _A, out: _A, params: _A, state: _A) -> None:
    """Stop and reverse, Wilder (1978); with TA-Lib's rule for the first direction.

    State: bars seen (to two), long, stop, extreme, acceleration, the last high and low.
    """
    step, limit = params[0], params[1]
    seen, long, stop, extreme = state[0], state[1], state[2], state[3]
    pace, last_high, last_low = state[4], state[5], state[6]
    for i in range(n):
        h, lo = high[i], low[i]
        if not (abs(h) < HUGE and abs(lo) < HUGE):
            out[i] = NAN
            continue
        if seen < 2.0:
            if seen == 0.0:
                seen, last_high, last_low = 1.0, h, lo
                out[i] = NAN
                continue
            down = last_low - lo
            long = 0.0 if down > 0.0 and down > h - last_high else 1.0
            extreme, stop = (h, last_low) if long else (lo, last_high)
            pace, seen = min(step, limit), 2.0
            last_high, last_low = h, lo
        turned = lo <= stop if long else h >= stop
        if turned:
            stop = max(extreme, last_high, h) if long else min(extreme, last_low, lo)
            out[i] = stop
            long = 1.0 - long
            extreme = h if long else lo
            pace = min(step, limit)
        else:
            out[i] = stop
            if (h > extreme) if long else (lo < extreme):
                extreme = h if long else lo
                pace = min(pace + step, limit)
        stop += pace * (extreme - stop)
        stop = min(stop, last_low, lo) if long else max(stop, last_high, h)
        last_high, last_low = h, lo
    state[0], state[1], state[2], state[3] = seen, long, stop, extreme
    state[4], state[5], state[6] = pace, last_high, last_low


def ratchet(n: int, middle: _A, close: _A, width: _A, out: _A, params: _A, state: _A) -> None:
    """Line that follows at a distance and never gives way until the close is beyond it.

    State: seen, upper line, lower line, above the line, the last close.
    """
    seen, upper, lower = state[0], state[1], state[2]
    above, last = state[3], state[4]
    for i in range(n):
        m, c, w = middle[i], close[i], width[i]
        if not (abs(m) < HUGE and abs(c) < HUGE and abs(w) < HUGE):
            out[i] = NAN
            continue
        if not seen or m + w < upper or last > upper:
            upper = m + w
        if not seen or m - w > lower or last < lower:
            lower = m - w
        if not seen:
            above = 1.0 if c >= m else 0.0
        elif above and c < lower:
            above = 0.0
        elif not above and c > upper:
            above = 1.0
        out[i] = lower if above else upper
        seen, last = 1.0, c
    state[0], state[1], state[2], state[3], state[4] = seen, upper, lower, above, last


def adaptive_average(n: int, x: _A, weight: _A, out: _A, params: _A, state: _A) -> None:
    """Average that moves by its own weight at each row, at least ``params[0]``. State: seen, it."""
    least, seen, value = params[0], state[0], state[1]
    for i in range(n):
        v, w = x[i], weight[i]
        if not (abs(v) < HUGE and abs(w) < HUGE):
            out[i] = NAN
            continue
        value = value + min(max(w, least), 1.0) * (v - value) if seen else v
        seen = 1.0
        out[i] = value
    state[0], state[1] = seen, value


def _slots(params: Params) -> int:
    return 8


def _none(params: Params) -> int:
    return 0


def _one(params: Params) -> int:
    return 1


def _machine(params: Params) -> int:
    return 400


def _stop_machine(params: Params) -> int:
    return math.ceil(400 * max(1.0, 0.02 / params[0]))


def _slowest(params: Params) -> int:
    return math.ceil(math.log(FORGOTTEN) / math.log1p(-min(params[0], 0.999)))


_OPS = (
    Op("sar", parabolic_stop, 2,
       (Param("acceleration", 0.001, 1, False, 0.02), Param("limit", 0.001, 1, False, 0.2)),
       _slots, _one, _stop_machine,
       meaning="Parabolic stop-and-reverse level from highs and lows."),
    Op("ratchet", ratchet, 3, (), _slots, _none, _machine,
       meaning="Trailing line around the first series, at the third's distance from it, on the "
       "side that the second (the close) allows."),
    Op("adaptive", adaptive_average, 2, (Param("least", 1e-4, 1, False),), _slots, _none, _slowest,
       meaning="Average whose weight on the newest value is a series of its own."),
)  # fmt: skip
TRAILING: dict[str, Op] = {op.name: op for op in _OPS}
