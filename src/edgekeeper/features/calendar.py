"""Calendar columns: plain facts of the instant a bar closes, in UTC."""

from collections.abc import Callable

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["CALENDAR", "DAY_NS", "KEY_NS", "SECONDS", "calendar_column"]

_MINUTE_NS = 60 * 10**9
_DAY_MINUTES = 1_440
DAY_NS = _DAY_MINUTES * _MINUTE_NS

SECONDS = "seconds"
"""Seconds since 1970, up to the next whole one: what longer bars are counted from."""


def _minutes(time_ns: Int64Array) -> Int64Array:
    return time_ns // _MINUTE_NS


def _days(time_ns: Int64Array) -> Int64Array:
    return _minutes(time_ns) // _DAY_MINUTES


def _months(time_ns: Int64Array) -> Int64Array:
    """Months since January 1970."""
    days = _days(time_ns).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64)


def _minute_of_day(time_ns: Int64Array) -> Int64Array:
    return _minutes(time_ns) % _DAY_MINUTES


def _day_of_month(time_ns: Int64Array) -> Int64Array:
    first = _months(time_ns).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return _days(time_ns) - first + 1


def _day_of_year(time_ns: Int64Array) -> Int64Array:
    years = _days(time_ns).astype("datetime64[D]").astype("datetime64[Y]")
    return _days(time_ns) - years.astype("datetime64[D]").astype(np.int64) + 1


def _days_in_month(time_ns: Int64Array) -> Int64Array:
    month = _months(time_ns).astype("datetime64[M]")
    first = month.astype("datetime64[D]").astype(np.int64)
    return (month + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - first


def _session(time_ns: Int64Array) -> Int64Array:
    """Day whose bars these are: one that closes at midnight belongs to the day that ends."""
    return (time_ns - 1) // DAY_NS


def _sunday(year: int, month: int, which: int) -> int:
    """Day since 1970 of a Sunday of a month: 1 the first, 2 the second, 0 the last."""
    months = (year - 1970) * 12 + month - 1 + (which == 0)
    first = int(np.datetime64(months, "M").astype("datetime64[D]").astype(np.int64))
    return first + (-first - 4) % 7 + 7 * (which - 1)


def _new_york(time_ns: Int64Array) -> Int64Array:
    """Local time in New York, int64 ns; daylight saving by the rules of 2007, 1987 and before."""
    local: Int64Array = time_ns - 5 * 60 * _MINUTE_NS
    if not len(time_ns):
        return local
    years = _days(time_ns).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    for year in np.unique(years).tolist():
        spring = _sunday(year, 3, 2) if year >= 2007 else _sunday(year, 4, year >= 1987)
        autumn = _sunday(year, 11, 1) if year >= 2007 else _sunday(year, 10, 0)
        begin = spring * DAY_NS + 7 * 60 * _MINUTE_NS
        end = autumn * DAY_NS + 6 * 60 * _MINUTE_NS
        local[(time_ns >= begin) & (time_ns < end)] += 60 * _MINUTE_NS
    return local


CALENDAR: dict[str, Callable[[Int64Array], Int64Array]] = {
    "minute": lambda t: _minutes(t) % 60,
    "hour": lambda t: _minute_of_day(t) // 60,
    "minute_of_day": _minute_of_day,
    "weekday": lambda t: (_days(t) + 3) % 7,
    "day_of_month": _day_of_month,
    "days_in_month": _days_in_month,
    "day_of_year": _day_of_year,
    "month": lambda t: _months(t) % 12 + 1,
    "quarter": lambda t: _months(t) % 12 // 3 + 1,
    "session": _session,
    "week_number": lambda t: (_session(t) + 3) // 7,
    "month_number": lambda t: _months(t - 1),
    "quarter_number": lambda t: _months(t - 1) // 3,
    "new_york_minute": lambda t: _minute_of_day(_new_york(t)),
    SECONDS: lambda t: -(-t // 10**9),
}
"""Name of a column to its rule. Monday is 0; days and months count from 1; by UTC, except the
minute of the day in New York. Numbers of sessions, weeks, months and quarters are keys: they grow
by one, and a bar that closes at midnight belongs to what ends then."""

KEY_NS = {
    "session": DAY_NS,
    "week_number": 7 * DAY_NS,
    "month_number": 31 * DAY_NS,
    "quarter_number": 92 * DAY_NS,
}
"""How long a key stays, at most."""


def calendar_column(name: str, time_ns: Int64Array) -> Float64Array:
    """Return a calendar column for event times, float64 [N], never NaN.

    Examples
    --------
    >>> friday = np.array(["2024-02-09T21:00"], dtype="datetime64[ns]").astype(np.int64)
    >>> [float(calendar_column(name, friday)[0]) for name in ("weekday", "hour", "days_in_month")]
    [4.0, 21.0, 29.0]
    """
    return CALENDAR[name](np.asarray(time_ns, dtype=np.int64)).astype(np.float64)
