"""Running results of a session, against pandas-free loops over days."""

import numpy as np
import pytest

from edgekeeper.features import FeatureSet, evaluate

DAY = 86_400 * 10**9

REFERENCES = {
    "session_sum(volume)": lambda d: np.cumsum(d["volume"]),
    "session_max(high)": lambda d: np.maximum.accumulate(d["high"]),
    "session_min(low)": lambda d: np.minimum.accumulate(d["low"]),
    "session_first(open)": lambda d: np.full(len(d["open"]), d["open"][0]),
    "session_count()": lambda d: np.arange(1, len(d["open"]) + 1),
    "session_mean(close)": lambda d: np.cumsum(d["close"]) / np.arange(1, len(d["close"]) + 1),
    "session_before(close)": lambda d: np.full(len(d["close"]), d["before"]),
    "session_vwap()": lambda d: (
        np.cumsum((d["high"] + d["low"] + d["close"]) / 3 * d["volume"]) / np.cumsum(d["volume"])
    ),
    "opening_high(3)": lambda d: np.maximum.accumulate(np.where(first(d, 3), d["high"], 0)),
    "opening_low(3)": lambda d: np.minimum.accumulate(np.where(first(d, 3), d["low"], 1e9)),
}


def first(day, n):
    return np.arange(len(day["open"])) < n


@pytest.mark.parametrize("text", REFERENCES)
def test_equals_the_reference(bars_of, text):
    bars = bars_of(2, 2_000, minutes=30, gaps=0.2)
    got = evaluate(text, bars)
    for symbol in range(2):
        rows = np.flatnonzero(bars.symbol == symbol)
        day = (bars.event_time[rows] - 1) // DAY
        want = np.full(len(rows), np.nan)
        before = np.nan
        for number in np.unique(day):
            these = rows[day == number]
            columns = {
                n: getattr(bars, n)[these] for n in ("open", "high", "low", "close", "volume")
            }
            if number > day[0]:
                want[day == number] = REFERENCES[text]({**columns, "before": before})
            before = columns["close"][-1]
        np.testing.assert_allclose(got[rows], want, rtol=1e-12)


def test_a_key_of_ones_own_replaces_the_day(bars_of):
    bars = bars_of(1, 900, minutes=30)
    weekly = evaluate("session_count(close, week_number)", bars)
    assert np.nanmax(weekly) == 7 * 48
    features = FeatureSet({"d": "session_sum(volume)", "w": "session_sum(volume, week_number)"})
    assert features.lookbacks_at(1800 * 10**9) == (48, 7 * 48)


def test_missing_values_leave_no_trace(bars_of):
    bars = bars_of(1, 500, minutes=60)
    full = evaluate("session_sum(where(hour == 3, 1, 1))", bars)
    holes = evaluate("session_sum(where(hour == 3, log(-1 * close), 1))", bars)
    missing = np.isnan(holes) & ~np.isnan(full)
    assert missing.sum() >= 19
    assert (full - holes)[~np.isnan(holes)].max() == 1.0
