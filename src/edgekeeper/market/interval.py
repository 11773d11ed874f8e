"""Bar intervals: ``"1m"`` to ``"1d"`` as text, nanoseconds, and read off the data itself."""

import re

import numpy as np

from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.types import Int32Array, Int64Array

__all__ = ["DAY_NS", "MINUTE_NS", "infer_interval", "interval_name", "parse_interval"]

MINUTE_NS = 60 * 10**9
DAY_NS = 1_440 * MINUTE_NS
_UNITS = {"m": MINUTE_NS, "h": 60 * MINUTE_NS, "d": DAY_NS}
_WORDS = {
    "m": "m", "min": "m", "minute": "m", "t": "m",
    "h": "h", "hour": "h",
    "d": "d", "day": "d", "daily": "d",
}  # fmt: skip
_USUAL = ("1m", "5m", "15m", "30m", "1h", "4h", "1d")


def parse_interval(text: str) -> int:
    """Return the length of ``text`` in nanoseconds.

    Raises
    ------
    UsageError
        Not a number of minutes, hours or days, or outside 1 minute to 1 day.

    Examples
    --------
    >>> parse_interval("5m") == 5 * 60 * 10**9, parse_interval("1 day") == parse_interval("24h")
    (True, True)
    """
    match = re.fullmatch(r"\s*(\d{1,4})?\s*([a-z]+?)s?\s*", text.lower())
    unit = _WORDS.get(match[2]) if match else None
    length = int(match[1] or 1) * _UNITS[unit] if match and unit else 0
    if not MINUTE_NS <= length <= DAY_NS:
        raise UsageError(
            f"expected an interval from '1m' to '1d', got {text!r}{nearest(text, _USUAL)}"
        )
    return length


def interval_name(length_ns: int) -> str:
    """Return the shortest usual name of a length.

    Examples
    --------
    >>> interval_name(parse_interval("60m"))
    '1h'
    """
    for unit in ("d", "h", "m"):
        if length_ns % _UNITS[unit] == 0 and length_ns > 0:
            return f"{length_ns // _UNITS[unit]}{unit}"
    raise UsageError(f"expected whole minutes, got {length_ns / 10**9:g} seconds")


def infer_interval(symbol: Int32Array, time_ns: Int64Array) -> int:
    """Return the interval all symbols share: the most common distance between their bars.

    Daily bars are told by a most common distance of 20 hours to 4 days (weekends, thin weeks).

    Raises
    ------
    BadData
        No symbol with two bars, symbols of different intervals, ticks, or bars above one day.
    """
    order = np.lexsort((time_ns, symbol))
    symbol, time_ns = symbol[order], time_ns[order]
    gap = np.diff(time_ns)
    inside = (np.diff(symbol) == 0) & (gap > 0)
    if not inside.any():
        raise BadData(
            "expected at least two bars of a symbol at different times, got "
            f"{len(time_ns)} bar(s) without: one bar says nothing about its interval"
        )
    found: dict[int, int] = {}
    for code in np.unique(symbol[1:][inside]):
        gaps, counts = np.unique(gap[inside & (symbol[1:] == code)], return_counts=True)
        usual = int(gaps[np.argmax(counts)])
        found.setdefault(DAY_NS if 20 * 60 * MINUTE_NS <= usual <= 4 * DAY_NS else usual, int(code))
    sizes = {size for size in found if size <= DAY_NS} or set(found)
    if len(sizes) > 1:
        shown = ", ".join(_spoken(size) for size in sorted(sizes))
        raise BadData(
            f"expected one interval, got bars {shown} apart: import each interval on its own, "
            "or name it with interval="
        )
    usual = sizes.pop()
    if not MINUTE_NS <= usual <= DAY_NS or usual % MINUTE_NS:
        raise BadData(
            f"expected bars of 1 minute to 1 day, got rows mostly {_spoken(usual)} apart: "
            "aggregate ticks to bars first, or name the interval with interval="
        )
    return usual


def _spoken(length_ns: int) -> str:
    if length_ns >= DAY_NS:
        return f"{length_ns / DAY_NS:.3g} days"
    if length_ns % MINUTE_NS == 0:
        return interval_name(length_ns)
    return f"{length_ns / 10**9:g} s"
