"""Calendar columns: plain facts of the instant a bar closes, in UTC."""

from collections.abc import Callable

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["CALENDAR", "calendar_column"]

_MINUTE_NS = 60 * 10**9
_DAY_MINUTES = 1_440


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
}
"""Name of a column to its rule. Monday is 0; days and months count from 1; all by UTC."""


def calendar_column(name: str, time_ns: Int64Array) -> Float64Array:
    """Return a calendar column for event times, float64 [N], never NaN.

    Examples
    --------
    >>> friday = np.array(["2024-02-09T21:00"], dtype="datetime64[ns]").astype(np.int64)
    >>> [float(calendar_column(name, friday)[0]) for name in ("weekday", "hour", "days_in_month")]
    [4.0, 21.0, 29.0]
    """
    return CALENDAR[name](np.asarray(time_ns, dtype=np.int64)).astype(np.float64)
