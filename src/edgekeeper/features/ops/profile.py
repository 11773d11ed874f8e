"""Volume profile over a window: the price of most volume, and the value area around it.

The window's range of prices is cut into bins; the value area grows from the fullest bin to the
fuller of its two neighbours until it holds 70 % of the volume (Steidlmayer's Market Profile, CBOT
1984). The cost grows with the window.
"""

import math
from collections.abc import Callable

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["PROFILE"]

_A = Float64Array
NAN = math.nan
RING = 2
PEAK, LOW, HIGH = 0.0, 1.0, 2.0
VALUE_AREA = 0.7


def volume_profile(n: int, price: _A, volume: _A, out: _A, params: _A, state: _A) -> None:
    """Middle of a bin, or an edge of the area. State: count, slot; two rings; the bins."""
    size, bins, kind = int(params[0]), int(params[1]), params[2]
    count, slot = int(state[0]), int(state[1])
    volumes, work = RING + size, RING + 2 * size
    for i in range(n):
        if not (abs(price[i]) < HUGE and 0.0 <= volume[i] < HUGE):
            out[i] = NAN
            continue
        state[RING + slot], state[volumes + slot] = price[i], volume[i]
        slot = slot + 1 if slot + 1 < size else 0
        count = min(count + 1, size)
        if count < size:
            out[i] = NAN
            continue
        low, high = state[RING], state[RING]
        for j in range(size):
            low, high = min(low, state[RING + j]), max(high, state[RING + j])
        step = (high - low) / bins
        for b in range(bins):
            state[work + b] = 0.0
        total = 0.0
        for age in range(size):
            j = slot + age if slot + age < size else slot + age - size
            b = min(int((state[RING + j] - low) / step), bins - 1) if step > 0.0 else 0
            state[work + b] += state[volumes + j]
            total += state[volumes + j]
        if not total > 0.0:
            out[i] = NAN
            continue
        peak = 0
        for b in range(1, bins):
            if state[work + b] > state[work + peak]:
                peak = b
        if kind == PEAK:
            out[i] = low + (peak + 0.5) * step
            continue
        first, last, held = peak, peak, state[work + peak]
        while held < VALUE_AREA * total and (first > 0 or last < bins - 1):
            below = state[work + first - 1] if first > 0 else -1.0
            above = state[work + last + 1] if last < bins - 1 else -1.0
            if above >= below:
                last += 1
                held += above
            else:
                first -= 1
                held += below
        out[i] = low + first * step if kind == LOW else low + (last + 1) * step
    state[0], state[1] = count, slot


def _slots(params: Params) -> int:
    return RING + 2 * int(params[0]) + int(params[1])


def _last(params: Params) -> int:
    return int(params[0]) - 1


def _with(kind: float) -> Callable[[Params], Params]:
    return lambda params: (*params, kind)


_PARAMS = (window(low=2), Param("bins", 4, 200, default=24))
_OPS = (
    Op("profile_peak", volume_profile, 2, _PARAMS, _slots, _last, None, _with(PEAK),
       meaning="Price of most volume in the last n bars."),
    Op("value_area_low", volume_profile, 2, _PARAMS, _slots, _last, None, _with(LOW),
       meaning="Lower edge of the prices that hold 70 % of the volume of n bars."),
    Op("value_area_high", volume_profile, 2, _PARAMS, _slots, _last, None, _with(HIGH),
       meaning="Upper edge of the prices that hold 70 % of the volume of n bars."),
)  # fmt: skip
PROFILE: dict[str, Op] = {op.name: op for op in _OPS}
