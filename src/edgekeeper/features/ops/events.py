"""Crossings, streaks, and how long ago something happened."""

import math

from edgekeeper.features.ops.op import HUGE, Op, Param, Params, window
from edgekeeper.types import Float64Array

__all__ = ["EVENTS"]

_A = Float64Array
NAN = math.nan


def cross(n: int, x: _A, y: _A, out: _A, params: _A, state: _A) -> None:
    """1 where ``x`` gets above ``y`` (below, if ``params[0]`` is -1). State: seen, previous gap."""
    sign = params[0]
    seen, before = state[0], state[1]
    for i in range(n):
        u, v = x[i], y[i]
        if not (abs(u) < HUGE and abs(v) < HUGE):
            out[i] = NAN
            continue
        gap = (u - v) * sign
        out[i] = (1.0 if gap > 0.0 and before <= 0.0 else 0.0) if seen else NAN
        seen, before = 1.0, gap
    state[0], state[1] = seen, before


def streak(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Bars in a row above zero (counted up) or below (counted down), capped. State: the count."""
    cap, run = params[0], state[0]
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        if v > 0.0:
            run = min(max(run, 0.0) + 1.0, cap)
        elif v < 0.0:
            run = max(min(run, 0.0) - 1.0, -cap)
        else:
            run = 0.0
        out[i] = run
    state[0] = run


def bars_since(n: int, x: _A, out: _A, params: _A, state: _A) -> None:
    """Bars since ``x`` was last true, at most ``cap``; NaN until known. State: seen, bars."""
    cap = params[0]
    seen, bars = state[0], state[1]
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:
            out[i] = NAN
            continue
        bars = min(bars + 1.0, cap)
        if v != 0.0:
            seen, bars = 1.0, 0.0
        out[i] = bars if seen or bars >= cap else NAN
    state[0], state[1] = seen, bars


def _one(params: Params) -> int:
    return 1


def _pair(params: Params) -> int:
    return 2


def _none(params: Params) -> int:
    return 0


def _cap(params: Params) -> int:
    return int(params[0])


def _up(params: Params) -> Params:
    return (1.0,)


def _down(params: Params) -> Params:
    return (-1.0,)


_CAP: tuple[Param, ...] = (window("cap", default=100),)
_OPS = (
    Op("cross_over", cross, 2, (), _pair, _one, None, _up,
       meaning="1 on the bar where the first series gets above the second."),
    Op("cross_under", cross, 2, (), _pair, _one, None, _down,
       meaning="1 on the bar where the first series gets below the second."),
    Op("streak", streak, 1, _CAP, _one, _none, _cap,
       meaning="Bars in a row above zero, or below as a negative count; capped."),
    Op("bars_since", bars_since, 1, _CAP, _pair, _cap,
       meaning="Bars since the condition was last true; capped, NaN until known."),
)  # fmt: skip
EVENTS: dict[str, Op] = {op.name: op for op in _OPS}
