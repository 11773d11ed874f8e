from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData

DAY = 86_400 * 10**9
HOUR = 3_600 * 10**9
MINUTE = 60 * 10**9


def frame(**changes):
    columns = {
        "timestamp": ["2024-01-02", "2024-01-03"],
        "symbol": ["A", "A"],
        "open": [1.0, 1.1],
        "high": [1.2, 1.2],
        "low": [0.9, 1.0],
        "close": [1.1, 1.15],
        "volume": [10.0, 12.0],
    }
    return pl.DataFrame(columns | changes, strict=False)


def arrays(times, symbol="A", **changes):
    n = len(times)
    prices = {name: np.ones(n) for name in ("open", "high", "low", "close")}
    names = [symbol] * n if isinstance(symbol, str) else symbol
    return {"symbol": names, "event_time": np.asarray(times), **prices, **changes}


def equal(a, b):
    names = ("symbol", "event_time", "known_time", "adjustment", *COLUMNS)
    return a.symbols == b.symbols and all(
        np.array_equal(getattr(a, n), getattr(b, n), equal_nan=n not in ("symbol",))
        if getattr(a, n).dtype.kind == "f"
        else np.array_equal(getattr(a, n), getattr(b, n))
        for n in names
    )


# -- order and reading ------------------------------------------------------------------------


def test_rows_come_in_canonical_order_whatever_the_input_order():
    shuffled = frame(
        timestamp=["2024-01-03", "2024-01-02", "2024-01-03", "2024-01-02"],
        symbol=["B", "B", "A", "A"],
        **{name: [4.0, 3.0, 2.0, 1.0] for name in ("open", "high", "low", "close", "volume")},
    )
    bars = Bars.from_frame(shuffled)
    assert bars.symbols == ("A", "B")
    assert bars.close.tolist() == [1.0, 3.0, 2.0, 4.0]
    assert bars.symbol.tolist() == [0, 1, 0, 1]
    assert (np.diff(bars.event_time) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_rows_never_matters(order):
    order = np.array(order)
    times, names = np.repeat(np.arange(4), 3) * DAY, np.tile(["C", "A", "B"], 4)
    close = np.arange(1.0, 13.0)
    given_ = dict.fromkeys(("open", "high", "low", "close"), close)
    straight = Bars.from_arrays(symbol=names, event_time=times, **given_)
    mixed = Bars.from_arrays(
        symbol=names[order], event_time=times[order], **{k: v[order] for k, v in given_.items()}
    )
    assert equal(straight, mixed)


def test_groups_by_instant_and_by_symbol():
    bars = Bars.from_arrays(**arrays([1, 1, 2, 3, 3], symbol=["A", "B", "B", "A", "B"]))
    assert bars.instants.tolist() == [1, 2, 3]
    assert bars.instant_offsets.tolist() == [0, 2, 3, 5]
    assert bars.by_symbol.tolist() == [0, 3, 1, 2, 4]
    assert bars.symbol_offsets.tolist() == [0, 2, 5]


def test_until_and_rows_keep_symbol_numbers():
    bars = Bars.from_arrays(
        **arrays([1, 2, 3], symbol=["B", "B", "A"], context={"VIX.close": np.array([1.0, 2, 3])})
    )
    early = bars.until(2)
    assert len(early) == 2
    assert early.symbols == ("A", "B")
    assert early.symbols_present == ("B",)
    assert early.context["VIX.close"].tolist() == [1.0, 2.0]


def test_until_before_the_first_bar_is_empty_and_still_readable():
    none = Bars.from_arrays(**arrays([5, 6, 7])).until(4)
    assert len(none) == 0
    assert none.instants.tolist() == []
    assert none.instant_offsets.tolist() == [0]
    assert none.periods_per_year == 252.0
    assert none.symbols_present == ()


def test_arrays_cannot_be_written_to():
    bars = Bars.from_frame(frame())
    for name in ("event_time", "close", "volume", "adjustment", "symbol"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(bars, name)[0] = 1
    with pytest.raises(TypeError):
        bars.context["x"] = bars.close


def test_adjusted_prices_are_continuous_over_a_split():
    bars = Bars.from_arrays(
        **arrays(
            [1, 2],
            **{n: np.array([100.0, 50.0]) for n in ("open", "high", "low", "close")},
            volume=np.array([10.0, 20.0]),
            adjustment=np.array([1.0, 2.0]),
        )
    )
    assert bars.adjusted("close").tolist() == [100.0, 100.0]
    assert bars.adjusted("volume").tolist() == [10.0, 10.0]


# -- frames of all kinds ----------------------------------------------------------------------


def test_polars_pandas_and_arrow_read_alike():
    table = frame()
    expected = Bars.from_frame(table)
    assert equal(Bars.from_frame(table.to_arrow()), expected)
    assert equal(Bars.from_frame(pd.DataFrame(table.to_dict(as_series=False))), expected)
    indexed = pd.DataFrame(table.to_dict(as_series=False)).set_index(["timestamp", "symbol"])
    assert equal(Bars.from_frame(indexed), expected)


def test_what_is_written_is_read_back():
    bars = Bars.from_arrays(
        **arrays(
            np.array([1, 1, 2]) * DAY + 123_456_789,
            symbol=["B", "A", "A"],
            volume=np.array([1.0, np.nan, 3.0]),
            adjustment=np.array([1.0, 1.0, 2.0]),
            known_time=np.array([1, 1, 2]) * DAY + 999_999_999,
            context={"VIX.close": np.array([np.nan, 12.5, 13.0])},
        )
    )
    again = Bars.from_frame(bars.to_polars())
    assert equal(again, bars)
    assert np.array_equal(again.context["VIX.close"], bars.context["VIX.close"], equal_nan=True)


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-02", "2024-01-03"],
        ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"],
        ["2024-01-02T02:00:00+02:00", "2024-01-03T02:00:00+02:00"],
        ["2024-01-02T02:00:00+02:00", "2024-01-02T19:00:00-05:00"],
        [date(2024, 1, 2), date(2024, 1, 3)],
        [datetime(2024, 1, 2), datetime(2024, 1, 3)],
        [datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC)],
    ],
)
def test_times_are_instants_in_utc(times):
    bars = Bars.from_frame(frame(timestamp=times))
    assert bars.event_time.tolist() == [1_704_153_600 * 10**9, 1_704_240_000 * 10**9]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_zoned_datetimes_keep_their_instant(zone):
    stamps = pd.to_datetime(["2024-01-02 16:00", "2024-01-03 16:00"]).tz_localize(zone)
    bars = Bars.from_frame(pd.DataFrame(frame().to_dict(as_series=False)).assign(timestamp=stamps))
    assert bars.event_time.tolist() == stamps.tz_convert("UTC").as_unit("ns").asi8.tolist()


def test_datetimes_of_two_zones_in_one_column_keep_their_instants():
    stamps = [
        pd.Timestamp("2024-01-02 16:00", tz="America/New_York"),
        pd.Timestamp("2024-01-03 15:00", tz="Asia/Tokyo"),
    ]
    table = pd.DataFrame(frame().to_dict(as_series=False)).assign(timestamp=stamps)
    assert Bars.from_frame(table).event_time.tolist() == sorted(s.value for s in stamps)


def test_text_with_and_without_a_zone_in_one_column_is_refused():
    with pytest.raises(BadData, match="timestamp"):
        Bars.from_frame(frame(timestamp=["2024-01-02T00:00:00+02:00", "2024-01-03T00:00:00"]))


def test_volume_and_further_columns_are_optional():
    bars = Bars.from_frame(frame().drop("volume").with_columns(note=pl.lit("x"), VIX=pl.lit(1)))
    assert np.isnan(bars.volume).all()
    assert dict(bars.context).keys() == {"VIX"}
    assert (bars.adjustment == 1.0).all()
    assert (bars.known_time == bars.event_time).all()


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["timestamp", "symbol", "open", "high", "low", "close"])
def test_a_missing_column_is_named(name):
    with pytest.raises(BadData, match=f"expected a column '{name}'"):
        Bars.from_frame(frame().drop(name))


def test_a_misspelt_column_is_recognised_in_the_message():
    with pytest.raises(BadData, match="did you mean 'clsoe'"):
        Bars.from_frame(frame().rename({"close": "clsoe"}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"close": ["1.1", "x"]}, "expected numbers in 'close', got String"),
        ({"close": [True, False]}, "expected numbers in 'close'"),
        ({"close": [[1.0], [2.0]]}, "expected numbers in 'close'"),
        ({"close": [None, None]}, "expected numbers in 'close'"),
        ({"close": [1.1, None]}, "'close', got .*nan.* for A at 2024-01-03"),
        ({"close": [1.1, float("nan")]}, "'close', got .*nan.* for A at 2024-01-03"),
        ({"low": [-0.9, 1.0]}, "positive finite numbers in 'low'"),
        ({"open": [0.0, 1.1]}, "positive finite numbers in 'open'"),
        ({"high": [float("inf"), 1.2]}, "positive finite numbers in 'high'"),
        ({"high": [0.5, 1.2]}, "low <= open, close <= high, got .*high 0.5"),
        ({"low": [0.9, 1.3]}, "low <= open, close <= high, got .*low 1.3"),
        ({"high": [0.8, 1.2], "low": [1.3, 1.0]}, "low <= open, close <= high"),
        ({"volume": [-1.0, 1.0]}, "volume of zero or more.* A at 2024-01-02"),
        ({"volume": [float("inf"), 1.0]}, "finite volume"),
        ({"volume": ["many", "few"]}, "expected numbers in 'volume'"),
        ({"timestamp": ["2024-01-02", "2024-01-02"]}, "1 duplicated, first A at 2024-01-02"),
        ({"timestamp": ["2024-01-02", None]}, "a time in every row of 'timestamp', got 1 empty"),
        ({"timestamp": [None, None]}, "a time in every row of 'timestamp'"),
        ({"timestamp": [1, 2]}, "got bare numbers"),
        ({"timestamp": [1.5, 2.5]}, "got bare numbers"),
        ({"timestamp": ["soon", "later"]}, "expected dates or datetimes"),
        ({"timestamp": ["2024-01-02", "9999-01-03"]}, "expected dates or datetimes"),
        ({"timestamp": [date(2024, 1, 2), date(9999, 1, 3)]}, "expected dates or datetimes"),
        ({"symbol": ["A", None]}, "a symbol in every row, got 1 empty"),
        ({"symbol": ["A", ""]}, "a symbol in every row, got 1 empty"),
        ({"known_time": ["2024-01-01", "2024-01-03"]}, "known_time at or after event_time"),
        ({"adjustment": [1.0, 0.0]}, "positive finite numbers in 'adjustment'"),
    ],
)
def test_bad_rows_are_refused_and_named(changes, words):
    with pytest.raises(BadData, match=words):
        Bars.from_frame(frame(**changes))


def test_an_empty_frame_is_refused():
    with pytest.raises(BadData, match="at least one bar"):
        Bars.from_frame(frame().clear())


@pytest.mark.parametrize("thing", [None, {"timestamp": []}, [1, 2], np.ones(3), "bars.csv"])
def test_what_is_no_frame_is_refused(thing):
    with pytest.raises(BadData, match="expected a Polars, pandas or Arrow frame"):
        Bars.from_frame(thing)


def test_a_lazy_frame_is_told_to_be_collected():
    with pytest.raises(BadData, match="collect a lazy one first"):
        Bars.from_frame(frame().lazy())


def test_a_pandas_column_of_numbers_and_text_is_refused():
    table = pd.DataFrame(frame().to_dict(as_series=False)).astype({"close": object})
    table.loc[1, "close"] = "n/a"
    with pytest.raises(BadData, match="columns of one type"):
        Bars.from_frame(table)


def test_a_column_that_comes_twice_is_refused():
    table = pd.DataFrame(frame().to_dict(as_series=False))
    with pytest.raises(BadData, match="'close' 2 times"):
        Bars.from_frame(pd.concat([table, table[["close"]]], axis=1))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"symbol": ["A"]}, "expected 2 values in every column"),
        ({"symbol": ["A", None]}, "a symbol in every row"),
        ({"symbol": ["A", float("nan")]}, "a symbol in every row"),
        ({"close": [1.0]}, r"expected 2 values in every column, got \(1,\) in 'close'"),
        ({"close": ["x", "y"]}, "expected numbers in 'close'"),
        ({"context": {"VIX": [1.0]}}, "in 'VIX'"),
        ({"event_time": np.array([1.5, 2.5])}, "expected int64 nanoseconds"),
        ({"event_time": np.array(["2024-01-01", "NaT"], "M8[ns]")}, "got NaT"),
        ({"event_time": np.array(["2024-01-01", "9999-01-01"], "M8[D]")}, "1678 and 2262"),
        ({"event_time": np.array([[1, 2]])}, "at least one bar"),
        ({"event_time": np.array([], dtype=np.int64)}, "at least one bar"),
        ({"known_time": np.array([1.5, 2.5])}, "'known_time'"),
        ({"known_time": np.array([0, 1])}, "known_time at or after event_time"),
    ],
)
def test_bad_arrays_are_refused(changes, words):
    with pytest.raises(BadData, match=words):
        Bars.from_arrays(**arrays([1, 2], **changes))


def test_coarse_datetimes_are_turned_into_nanoseconds():
    days = np.array(["2024-01-02", "2024-01-03"], "M8[D]")
    bars = Bars.from_arrays(**arrays(days))
    assert bars.event_time.tolist() == [1_704_153_600 * 10**9, 1_704_240_000 * 10**9]


def test_huge_and_tiny_prices_are_prices():
    for price in (1e-12, 1e300):
        prices = {name: np.full(2, price) for name in ("open", "high", "low", "close")}
        assert Bars.from_arrays(**arrays([1, 2], **prices)).close[0] == price


def test_a_rounding_error_at_the_high_is_forgiven_a_real_one_is_not():
    close = np.array([100.0, 100.0])
    Bars.from_arrays(**arrays([1, 2], close=close, open=close, low=close, high=close - 1e-8))
    with pytest.raises(BadData, match="low <= open, close <= high"):
        Bars.from_arrays(**arrays([1, 2], close=close, open=close, low=close, high=close - 1e-6))


# -- periods ----------------------------------------------------------------------------------


def weekdays(first, count):
    days, day = [], datetime.fromisoformat(first)
    while len(days) < count:
        if day.weekday() < 5:
            days.append(int(day.replace(tzinfo=UTC).timestamp()) * 10**9)
        day += timedelta(days=1)
    return np.array(days)


def sessions(first, days, times):
    return (weekdays(first, days)[:, None] + np.asarray(times)[None, :]).ravel()


MONDAY = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (weekdays("2024-01-01", 300) + 21 * HOUR, 252.0),
        (weekdays("2024-01-01", 2), 252.0),
        (MONDAY + np.arange(300) * DAY, 365.25),
        (sessions("2024-01-01", 60, (np.arange(7) + 15) * HOUR), 252.0 * 7),
        (MONDAY + np.arange(1_000) * HOUR, 365.25 * 24),
        (sessions("2024-01-03", 20, 14 * HOUR + 30 * MINUTE + np.arange(390) * MINUTE), 98_280.0),
        (MONDAY + 12 * HOUR + np.arange(30_000) * MINUTE, 365.25 * 1_440),
        (MONDAY + np.arange(120) * 7 * DAY, 365.25 / 7),
        (np.array([0, 31, 59, 90, 120, 151, 181]) * DAY, 365.25 / 30.5),
    ],
    ids=[
        "daily",
        "two bars",
        "daily crypto",
        "hourly",
        "hourly crypto",
        "minutes",
        "minutes of crypto, from noon",
        "weekly",
        "monthly",
    ],
)
def test_periods_per_year(times, expected):
    assert Bars.from_arrays(**arrays(times)).periods_per_year == pytest.approx(expected)


def test_currencies_trade_on_sundays_and_still_have_trading_days():
    week = np.concatenate([np.arange(5 * 24 - 3), np.arange(6 * 24 + 22, 7 * 24)]) * HOUR
    times = np.concatenate([MONDAY + k * 7 * DAY + week for k in range(8)])
    assert Bars.from_arrays(**arrays(times)).periods_per_year == 252.0 * 24


def test_a_longer_history_never_changes_the_periods_of_a_shorter_one():
    times = np.concatenate([weekdays("2024-01-01", 200), MONDAY + np.arange(400, 500) * DAY])
    whole = Bars.from_arrays(**arrays(times))
    for stop in (100, 150, 200, 250, len(times)):
        assert whole.rows(0, stop).periods_per_year == whole.periods_per_year
        assert whole.rows(0, stop).interval_ns == whole.interval_ns == DAY
