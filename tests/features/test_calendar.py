from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.features.calendar import CALENDAR, calendar_column

moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))


@given(st.lists(moments, min_size=1, max_size=20))
def test_equals_the_standard_library(times):
    stamps = np.array(times, dtype="datetime64[us]").astype("datetime64[ns]").astype(np.int64)
    want = {
        "minute": [t.minute for t in times],
        "hour": [t.hour for t in times],
        "minute_of_day": [60 * t.hour + t.minute for t in times],
        "weekday": [t.weekday() for t in times],
        "day_of_month": [t.day for t in times],
        "day_of_year": [t.timetuple().tm_yday for t in times],
        "month": [t.month for t in times],
        "quarter": [(t.month + 2) // 3 for t in times],
        "days_in_month": [
            monthrange(t.year, t.month)[1] for t in times
        ],
        "seconds": [-((datetime(1970, 1, 1) - t) // timedelta(seconds=1)) for t in times],
        "session": [(before(t) - datetime(1970, 1, 1)).days for t in times],
        "week_number": [((before(t) - datetime(1970, 1, 1)).days + 3) // 7 for t in times],
        "month_number": [12 * (before(t).year - 1970) + before(t).month - 1 for t in times],
        "quarter_number": [4 * (before(t).year - 1970) + (before(t).month - 1) // 3 for t in times],
    }  # fmt: skip
    assert {*want, "new_york_minute"} == set(CALENDAR)
    for name, values in want.items():
        assert calendar_column(name, stamps).tolist() == values, name


def before(time):
    """The instant just before: a bar that closes at midnight belongs to the day that ends."""
    return time - timedelta(microseconds=1)


@given(st.datetimes(datetime(1976, 7, 1), datetime(2036, 12, 31)))
def test_new_york_keeps_daylight_saving_time(time):
    _same_minute(time)


def _same_minute(time):
    stamp = np.array([np.datetime64(time, "us").astype("datetime64[ns]").astype(np.int64)])
    local = time.replace(tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))
    assert calendar_column("new_york_minute", stamp)[0] == 60 * local.hour + local.minute


def test_hours_around_a_change_of_daylight_saving_time():
    changes = ["1990-04-01", "1995-10-29", "2006-10-29", "2007-03-11", "2024-11-03", "2025-03-09"]
    for day in changes:
        start = datetime.fromisoformat(day).replace(tzinfo=UTC)
        for minutes in range(300, 540, 15):
            _same_minute((start + timedelta(minutes=minutes)).replace(tzinfo=None))


def test_no_time_gives_no_value():
    assert len(calendar_column("new_york_minute", np.empty(0, np.int64))) == 0


def test_is_in_utc():
    noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
    stamp = np.array([int(noon.timestamp()) * 10**9])
    assert calendar_column("hour", stamp)[0] == 12.0
