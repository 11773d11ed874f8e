from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.market.times import read_instants, read_times

moments = st.datetimes(datetime(1975, 1, 1), datetime(2095, 1, 1)).map(
    lambda t: t.replace(microsecond=0)
)


def ns(*when):
    return pl.Series([datetime(*when)]).dt.timestamp("ns")[0]


def read(*texts, **options):
    return read_times(pl.Series("t", list(texts)), "file", **options)


@pytest.mark.parametrize(
    "texts",
    [
        ("2024-01-31", "2024-02-01"),
        ("2024-01-31 00:00:00", "2024-02-01 00:00:00"),
        ("2024-01-31T00:00", "2024-02-01T00:00"),
        ("20240131", "20240201"),
        ("20240131 000000", "20240201 000000"),
        ("1/31/2024", "2/1/2024"),
        ("31/01/2024", "01/02/2024"),
        ("31.01.2024", "01.02.2024"),
        ("Jan 31, 2024", "Feb 1, 2024"),
        ("31-Jan-2024", "1-Feb-2024"),
        (" 2024-01-31 12:00 AM ", "2024-02-01 12:00 am"),
    ],
)
def test_spellings_of_the_same_two_days(texts):
    got = read(*texts)
    assert got["wall"].to_list() == [ns(2024, 1, 31), ns(2024, 2, 1)]
    assert got["utc"].null_count() == 2


def test_offsets_are_taken_off():
    for text in ("2024-01-31 09:30:00-05:00", "2024-01-31T09:30-0500", "2024-01-31 09:30:00.0-05"):
        got = read(text)
        assert got["wall"][0] == ns(2024, 1, 31, 9, 30)
        assert got["utc"][0] == ns(2024, 1, 31, 14, 30)
    assert read("2024-01-31T09:30:00Z")["utc"][0] == ns(2024, 1, 31, 9, 30)
    assert read("2024-01-31 09:30:00.123456789+00:00")["utc"][0] % 10**9 == 123456789
    assert read("2024-01-31 2:30 PM")["wall"][0] == ns(2024, 1, 31, 14, 30)


def test_offsets_that_change_need_a_zone():
    texts = ("2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00")
    with pytest.raises(BadData, match="tz='America/New_York'"):
        read(*texts)
    got = read(*texts, tz="America/New_York")
    assert got["wall"].to_list() == [ns(2024, 3, 8), ns(2024, 3, 11)]
    assert got["utc"].to_list() == [ns(2024, 3, 8, 5), ns(2024, 3, 11, 4)]


def test_times_with_and_without_a_zone_are_refused():
    with pytest.raises(BadData, match="1 with and 2 without"):
        read("2024-01-01 10:00Z", "2024-01-01 11:00", "2024-01-01 12:00")


def test_two_readings_of_a_date_are_refused():
    with pytest.raises(BadData, match="dates='%m/%d/%Y'"):
        read("01/02/2024", "03/04/2024")
    assert read("01/02/2024", "03/04/2024", dates="%d/%m/%Y")["wall"][0] == ns(2024, 2, 1)
    assert read("01/01/2024", "02/02/2024")["wall"][1] == ns(2024, 2, 2)


def test_rows_that_cannot_be_read_are_null_and_the_others_stay():
    got = read("2024-01-31", "yesterday", "2024-13-01", None, "", "2024-02-01 25:00", "2024-02-02")
    assert got["wall"].is_null().to_list() == [False, True, True, True, True, True, False]


def test_nothing_readable():
    with pytest.raises(BadData, match="expected dates or times"):
        read("a", "b")
    with pytest.raises(BadData, match="around 42"):
        read("42", "43")


@given(st.lists(moments, min_size=1, max_size=20), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_unix_numbers_of_any_unit(times, per_second):
    expected = pl.Series(times).dt.timestamp("ns").to_list()
    numbers = [t // 10**9 * per_second for t in expected]
    for column in (pl.Series(numbers), pl.Series(numbers).cast(pl.String)):
        assert read_times(column, "file")["utc"].to_list() == expected


@given(st.lists(moments, min_size=1, max_size=20))
def test_text_and_datetimes_agree(times):
    column = pl.Series(times)
    expected = column.dt.timestamp("ns").to_list()
    assert read_times(column, "f")["wall"].to_list() == expected
    assert read_times(column.dt.to_string("%Y-%m-%d %H:%M:%S"), "f")["wall"].to_list() == expected
    aware = column.dt.replace_time_zone("UTC")
    assert read_times(aware, "f", tz="Asia/Tokyo")["utc"].to_list() == expected


def test_dates_and_odd_types():
    assert read_times(pl.Series([date(2024, 1, 31)]), "f")["wall"][0] == ns(2024, 1, 31)
    with pytest.raises(BadData, match="expected times"):
        read_times(pl.Series([True]), "f")


def test_a_bare_date_of_publication_is_the_end_of_that_day():
    assert read_instants(pl.Series(["2024-01-31"]), "f")[0] == ns(2024, 2, 1)
    assert read_instants(pl.Series(["2024-01-31 08:30"]), "f")[0] == ns(2024, 1, 31, 8, 30)
    local = read_instants(pl.Series(["2024-01-31 08:30"]), "f", tz="America/New_York")
    assert local[0] == ns(2024, 1, 31, 13, 30)
