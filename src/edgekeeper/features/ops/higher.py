"""Longer bars inside a program: completed ones are collected from the bars that come, and held.

``tf("1h", expr)`` becomes four kinds of instruction. ``bucket`` marks, row by row, which bar of an
hour is complete; ``collect`` writes one row a completed bar, packed to the front; the kernels of
``expr`` then run over these rows alone; ``hold`` spreads their results back, each row with the last
one known by then. So a kernel sees longer bars exactly as it sees any others.

A bar is complete when one closes on its end, or when a later one arrives. The one under way at the
start of a history is never used: nobody saw it begin.
"""

import math
import re

from edgekeeper.errors import UsageError
from edgekeeper.features.ops.op import HUGE, Op, Param, Params
from edgekeeper.types import Float64Array

__all__ = ["HIGHER", "anchor_seconds", "collect_kind", "interval_name", "interval_seconds"]

_A = Float64Array
NAN = math.nan

PREVIOUS, OWN, FRESH = 1, 2, 4
"""Marks of a row: the bar before is complete; its own is, with it; it begins a new one."""

FIRST, LARGEST, SMALLEST, TOTAL, LAST = 0.0, 1.0, 2.0, 3.0, 4.0
_KINDS = {"open": FIRST, "high": LARGEST, "low": SMALLEST, "volume": TOTAL}

_INTERVAL = re.compile(r"([1-9]\d{0,3})(m|h|d|w)")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST = 53 * 604_800
_MONDAY = 4 * 86_400


def interval_seconds(text: str) -> int:
    """Length of ``"15m"``, ``"1h"``, ``"1d"`` or ``"1w"`` in seconds.

    Raises
    ------
    UsageError
        Another form, or longer than 53 weeks.
    """
    found = _INTERVAL.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise UsageError(
            f"expected a length of bars such as '15m', '1h', '1d' or '1w', got {text!r}"
        )
    return seconds


def interval_name(seconds: int) -> str:
    """Shortest text of a length, such as ``"4h"``."""
    unit = next(unit for unit in "wdhm" if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def anchor_seconds(seconds: int) -> int:
    """Where intervals of this length begin: Monday for weeks, else midnight of 1970, by UTC."""
    return _MONDAY if seconds % _UNITS["w"] == 0 else 0


def collect_kind(column: str) -> float:
    """How a column of a longer bar comes from its rows: first, largest, smallest, total, last."""
    return _KINDS.get(column, LAST)


def bucket(n: int, t: _A, out: _A, params: _A, state: _A) -> None:
    """Marks of rows that close at ``t`` seconds. State: seen, interval, begun, complete."""
    length, anchor = params[0], params[1]
    seen, now, begun, complete = state[0], state[1], state[2], state[3]
    for i in range(n):
        place = math.floor((t[i] - 1.0 - anchor) / length)
        marks = 0
        if not seen or place != now:
            marks = FRESH
            if begun and not complete:
                marks += PREVIOUS
            begun, complete = seen, 0.0
            seen, now = 1.0, place
        if begun and not complete and t[i] - anchor == (place + 1.0) * length:
            marks += OWN
            complete = 1.0
        out[i] = marks
    state[0], state[1], state[2], state[3] = seen, now, begun, complete


def collect(n: int, x: _A, marks: _A, out: _A, params: _A, state: _A) -> None:
    """One row a completed bar, packed to the front. State: the bar's value so far."""
    kind, value = params[0], state[0]
    at = 0
    for i in range(n):
        mark, v = int(marks[i]), x[i]
        if mark & PREVIOUS:
            out[at] = value
            at += 1
        if mark & FRESH or kind == LAST:
            value = v
        elif kind == LARGEST:
            value = v if v > value else value
        elif kind == SMALLEST:
            value = v if v < value else value
        elif kind == TOTAL:
            value += v
        if mark & OWN:
            out[at] = value
            at += 1
    state[0] = value


def hold(n: int, inner: _A, marks: _A, out: _A, params: _A, state: _A) -> None:
    """Last value of a longer bar known at each row. State: seen, value."""
    seen, value = state[0], state[1]
    at = 0
    for i in range(n):
        mark = int(marks[i])
        for bit in range(2):
            if mark & (PREVIOUS << bit):
                value = inner[at]
                at += 1
                seen = 1.0
        out[i] = value if seen and abs(value) < HUGE else NAN
    state[0], state[1] = seen, value


def _one(params: Params) -> int:
    return 1


def _pair(params: Params) -> int:
    return 2


def _four(params: Params) -> int:
    return 4


_ANY = 1e12
_OPS = (
    Op("bucket", bucket, 1, (Param("seconds", 1, _ANY), Param("anchor", 0, _ANY)), _four),
    Op("collect", collect, 2, (Param("kind", 0, 4),), _one),
    Op("hold", hold, 2, (), _pair),
)
HIGHER: dict[str, Op] = {op.name: op for op in _OPS}
"""Instructions that ``tf`` becomes; they cannot be written by themselves."""
