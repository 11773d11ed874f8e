from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.market import Convention, join_context, load_bars, open_source, read_bars

HOUR = 3600 * 10**9


@pytest.fixture(scope="module")
def sp500():
    return load_bars("bundled", ["SP500"], date(2013, 12, 20)).bars


@pytest.fixture(scope="module")
def vix():
    return open_source("bundled").fetch(["VIX"])


def make(times, symbol="A", close=None, known=None):
    close = np.ones(len(times)) if close is None else np.asarray(close, dtype=float)
    return Bars.from_arrays(
        symbol=[symbol] * len(times),
        event_time=np.asarray(times, dtype=np.int64),
        known_time=None if known is None else np.asarray(known, dtype=np.int64),
        **dict.fromkeys(("open", "high", "low", "close"), close),
    )


def test_undeclared_timing_lags_one_bar(sp500, vix):
    joined = join_context(sp500, {"VIX": vix})
    day = sp500.event_time // (24 * HOUR)
    value = dict(zip(vix["time"].cast(pl.Int32).to_list(), vix["close"].to_list(), strict=True))
    for row in range(len(sp500)):
        expected = value.get(int(day[row - 1])) if row else None
        got = joined.context["VIX.close"][row]
        if expected is not None:
            assert got == expected
        elif day[row] <= min(value):
            assert np.isnan(got)
    age = joined.context["VIX.age_days"]
    assert np.isnan(age[0])
    assert np.nanmin(age) == 21 / 24  # a half day after a full one
    assert np.nanmax(age) <= 5.1


def test_bars_declare_their_timing_and_join_at_once():
    bars = make(np.arange(1, 6) * HOUR)
    other = make(np.arange(1, 6) * HOUR, "B", [1, 2, 3, 4, 5])
    joined = join_context(bars, {"B": other})
    assert joined.context["B.close"].tolist() == [1, 2, 3, 4, 5]
    assert joined.context["B.age_days"].tolist() == [0] * 5
    assert sorted(joined.context) == [
        f"B.{c}" for c in ("age_days", "close", "high", "low", "open", "volume")
    ]


def test_a_fact_known_later_comes_later():
    """The leak: a column about today that is published tomorrow must not be seen today."""
    times = np.arange(1, 6) * HOUR
    late = make(times, "B", [1, 2, 3, 4, 5], known=times + HOUR + 1)
    joined = join_context(make(times), {"B": late})
    assert np.isnan(joined.context["B.close"][:2]).all()
    assert joined.context["B.close"][2:].tolist() == [1, 2, 3]
    assert joined.context["B.age_days"][2:].tolist() == pytest.approx([2 / 24] * 3)


def test_a_leaking_column_is_late_by_its_declared_known_time():
    days = [datetime(2024, 1, 2) + timedelta(days=i) for i in range(3)]
    frame = pl.DataFrame(
        {
            "date": [d.date() for d in days],
            "tomorrow": [2.0, 3.0, 4.0],
            "known_time": [d.date() + timedelta(days=1) for d in days],
        }
    )
    closes = [np.datetime64(f"2024-01-0{d}T21:00", "ns").astype(np.int64) for d in (2, 3, 4)]
    got = join_context(make(closes), {"X": frame}).context["X.tomorrow"]
    # known on the 3rd without an hour means: by the end of the 3rd
    assert np.isnan(got[:2]).all()
    assert got[2] == 2.0


def test_late_revisions_of_old_facts_do_not_displace_newer_ones():
    frame = pl.DataFrame(
        {
            "timestamp": [datetime(2024, 1, 1), datetime(2024, 1, 2), datetime(2024, 1, 1)],
            "value": [1.0, 2.0, 1.5],
            "known_time": [
                datetime(2024, 1, 1, 23),
                datetime(2024, 1, 2, 23),
                datetime(2024, 1, 3, 1),
            ],
        }
    ).with_columns(pl.col("timestamp") + timedelta(hours=12))
    closes = [np.datetime64(f"2024-01-0{d}T00:00", "ns").astype(np.int64) for d in (2, 3, 4)]
    how = Convention(stamp="end", venue="24/7")
    got = join_context(make(closes), {"X": frame}, how=how).context["X.value"]
    assert got.tolist() == [1.0, 2.0, 2.0]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_future_cannot_be_seen(data):
    """Changing everything known after a bar changes nothing at or before it."""
    n = data.draw(st.integers(3, 40))
    times = np.cumsum(data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))) * HOUR
    delay = np.array(data.draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))) * HOUR
    facts = np.cumsum(data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))) * HOUR
    bars = make(times)
    cut = data.draw(st.integers(0, n - 1))
    value = np.arange(1.0, n + 1)
    other = np.where(facts + delay > times[cut], value + 100, value)
    seen, changed = (
        join_context(bars, {"B": make(facts, "B", v, known=facts + delay)}) for v in (value, other)
    )
    for name in seen.context:
        np.testing.assert_array_equal(
            seen.context[name][: cut + 1], changed.context[name][: cut + 1]
        )
    short = join_context(bars.rows(0, cut + 1), {"B": make(facts, "B", value, known=facts + delay)})
    for name in seen.context:
        np.testing.assert_array_equal(short.context[name], seen.context[name][: cut + 1])


def test_a_context_symbol_may_be_among_the_bars():
    bars = load_bars("bundled", ["AAPL", "IBM"]).bars
    joined = join_context(bars, {"IBM": bars})
    own = bars.symbol == bars.symbols.index("IBM")
    assert (joined.context["IBM.close"][own] == bars.adjusted("close")[own]).all()
    assert (joined.context["IBM.close"][~own] == bars.adjusted("close")[own]).all()
    with pytest.raises(BadData, match="did you mean 'IBM'"):
        join_context(bars, {"IBN": bars})


def test_files_and_odd_calendars(tmp_path, sp500, shared):
    file = tmp_path / "vix.csv"
    file.write_text("DATE,VIXCLS\n2013-12-19,14.15\n2013-12-20,.\n2013-12-23,13.04\n")
    got = join_context(sp500, {"VIX": file}).context
    assert np.isnan(got["VIX.vixcls"][0])
    assert got["VIX.vixcls"][1:4].tolist() == [14.15, 13.04, 13.04]
    assert got["VIX.age_days"][1:4].round(1).tolist() == [4.0, 0.9, 3.0]
    macro = shared / "macro_fred_daily" / "macro_daily.parquet"
    bars = read_bars(shared / "us_equity_daily_long" / "daily_ohlcv_unadjusted.parquet").bars
    got = join_context(bars, {"MACRO": macro}).context
    assert "MACRO.dollar_index" in got
    begins = np.datetime64("2007-01-03T22:00", "ns").astype(np.int64)
    assert np.isfinite(got["MACRO.dollar_index"][bars.event_time > begins]).all()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("date,value\n", BadData),
        ("date,value\n2024-01-02,abc\n2024-01-03,def\n", BadData),
        ("date,value\n2024-01-02,1\n2024-01-03,2\n2024-01-04,x\n", BadData),
        ("date,value\n2024-01-02,1\nsoon,2\n", BadData),
        ("date,value\n2024-01-02,1\n2024-01-02,2\n", BadData),
        ("value\n1\n2\n", BadData),
        ("date,symbol,value\n2024-01-02,A,1\n2024-01-02,B,2\n", BadData),
    ],
)
def test_bad_context_files(tmp_path, sp500, text, error):
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(error):
        join_context(sp500, {"X": file})


def test_bad_names_and_missing_files(sp500, vix, tmp_path):
    with pytest.raises(UsageError, match="which expressions can spell"):
        join_context(sp500, {"BTC/USD": vix})
    with pytest.raises(UsageError, match="there already"):
        join_context(join_context(sp500, {"VIX": vix}), {"VIX": vix})
    with pytest.raises(StorageError):
        join_context(sp500, {"VIX": tmp_path / "nothing.csv"})
