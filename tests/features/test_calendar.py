from calendar import monthrange
from datetime import UTC, datetime

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
    }  # fmt: skip
    assert set(want) == set(CALENDAR)
    for name, values in want.items():
        assert calendar_column(name, stamps).tolist() == values


def test_is_in_utc():
    noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
    stamp = np.array([int(noon.timestamp()) * 10**9])
    assert calendar_column("hour", stamp)[0] == 12.0
