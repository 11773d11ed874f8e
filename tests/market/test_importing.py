import io
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.market import bars_hash, load_bars, read_bars

HEAD = "Date,Open,High,Low,Close,Volume"
DAYS = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"]


def write(folder, text, name="A.csv"):
    (folder / name).write_text(text)
    return folder / name


def daily(folder, *rows, head=HEAD):
    """Five good days, then the given rows."""
    good = [f"{day},10,11,9,10.5,100" for day in DAYS]
    return write(folder, "\n".join([head, *good, *rows]))


def closes(bars):
    return [str(np.datetime64(int(t), "ns"))[:16] for t in bars.event_time]


def test_daily_dates_close_with_the_session(tmp_path):
    rows = ["2024-07-03,1,1,1,1,1", "2024-07-05,1,1,1,1,1"]
    got = read_bars(write(tmp_path, "\n".join([HEAD, *rows])))
    assert closes(got.bars) == ["2024-07-03T17:00", "2024-07-05T20:00"]
    assert (got.bars.known_time == got.bars.event_time).all()
    assert got.interval == "1d"
    assert any("XNYS" in line for line in got.assumptions)


def test_years_before_1970_are_years_like_others(tmp_path):
    rows = [f"19{year}-10-2{day},1,1,1,1,1" for year in (29, 62) for day in (3, 4, 5)]
    got = read_bars(write(tmp_path, "\n".join([HEAD, *rows])))
    assert closes(got.bars)[:2] == ["1929-10-23T21:00", "1929-10-24T21:00"]
    assert got.quarantine.height == 0


def test_crypto_and_forex_days_end_at_midnight(tmp_path):
    text = "date,symbol,o,h,l,c\n" + "".join(
        f"2024-01-0{d},{s},1,1,1,1\n" for d in (4, 5) for s in ("BTC/USD", "EURUSD", "AAPL")
    )
    got = read_bars(write(tmp_path, text))
    at = dict(zip(np.asarray(got.bars.symbols)[got.bars.symbol], closes(got.bars), strict=True))
    assert at == {
        "AAPL": "2024-01-05T21:00",
        "BTC/USD": "2024-01-06T00:00",
        "EURUSD": "2024-01-06T00:00",
    }


def test_intraday_stamps_are_starts_unless_said_otherwise(tmp_path):
    rows = ["2024-01-02T14:30:00Z,1,1,1,1,1", "2024-01-02T14:35:00Z,1,1,1,1,1"]
    file = write(tmp_path, "\n".join([HEAD, *rows]))
    assert closes(read_bars(file).bars) == ["2024-01-02T14:35", "2024-01-02T14:40"]
    assert closes(read_bars(file, stamp="end").bars) == ["2024-01-02T14:30", "2024-01-02T14:35"]


def test_the_last_hour_ends_with_the_session(tmp_path):
    hours = [f"2024-01-02 {h}:30,1,1,1,1,1" for h in range(9, 16)]
    got = read_bars(write(tmp_path, "\n".join([HEAD, *hours])), tz="America/New_York")
    assert closes(got.bars)[-2:] == ["2024-01-02T20:30", "2024-01-02T21:00"]


def test_naive_new_york_hours_are_recognised_and_said(tmp_path):
    start = datetime(2024, 1, 2, 9, 30)
    rows = [f"{start + timedelta(minutes=m)},1,1,1,1,1" for m in range(390)]
    file = write(tmp_path, "\n".join([HEAD, *rows]))
    got = read_bars(file)
    assert closes(got.bars)[0] == "2024-01-02T14:31"
    assert any("America/New_York" in line for line in got.assumptions)
    assert closes(read_bars(file, tz="UTC").bars)[0] == "2024-01-02T09:31"


def test_local_times_that_daylight_saving_removes_or_repeats(tmp_path):
    rows = [f"2024-11-03 0{h}:{m:02},1,1,1,1,1" for h in range(4) for m in (0, 30)]
    got = read_bars(write(tmp_path, "\n".join([HEAD, *rows])), tz="America/New_York", venue="24/7")
    assert got.quarantine["time"].to_list() == ["2024-11-03 01:00", "2024-11-03 01:30"]
    assert "daylight saving" in got.quarantine["reason"][0]


def test_yahoo_style_offsets_that_change(tmp_path):
    rows = ["2024-03-08 00:00:00-05:00,1,1,1,1,1", "2024-03-11 00:00:00-04:00,1,1,1,1,1"]
    file = write(tmp_path, "\n".join([HEAD, *rows]))
    with pytest.raises(BadData, match="one offset from UTC"):
        read_bars(file)
    got = read_bars(file, tz="America/New_York")
    assert closes(got.bars) == ["2024-03-08T21:00", "2024-03-11T20:00"]


def test_files_with_and_without_zone_do_not_mix(tmp_path):
    write(tmp_path, f"{HEAD}\n2024-01-02 10:00Z,1,1,1,1,1\n2024-01-02 10:01Z,1,1,1,1,1", "A.csv")
    write(tmp_path, f"{HEAD}\n2024-01-02 10:00,1,1,1,1,1\n2024-01-02 10:01,1,1,1,1,1", "B.csv")
    with pytest.raises(BadData, match="with a time zone or all without"):
        read_bars(tmp_path)


def test_dates_that_are_no_trading_days(tmp_path):
    got = read_bars(daily(tmp_path, *[f"2024-02-{d:02},1,1,1,1,1" for d in range(5, 10)]))
    assert got.quarantine.height == 0
    many = [f"2024-01-{d:02},1,1,1,1,1" for d in range(9, 13)] * 1
    file = daily(tmp_path, *many, "2024-01-15,1,1,1,1,1")
    with pytest.raises(BadData, match="without a session, first 2024-01-15"):
        read_bars(file)
    assert len(read_bars(file, venue="24/7").bars) == 10
    year = [f"{d:%Y-%m-%d},1,1,1,1,1" for d in _weekdays(60)]
    got = read_bars(write(tmp_path, "\n".join([HEAD, *year])))
    assert got.quarantine["time"].to_list() == ["2024-01-01", "2024-01-15", "2024-02-19"]
    assert got.quarantine["reason"].unique().to_list() == [
        "no trading session on this day at the venue"
    ]


def _weekdays(n):
    first = datetime(2024, 1, 1)
    days = (first + timedelta(days=i) for i in range(2 * n))
    return [d for d in days if d.weekday() < 5][:n]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2024-01-09,abc,11,9,10.5,100", "text in open"),
        ('2024-01-09,10,11,9,"1,050",100', "text in close"),
        ("2024-01-09,10,11,9,,100", "price missing"),
        ("2024-01-09,10,11,9,NaN,100", "price missing"),
        ("2024-01-09,10,11,9,null,100", "price missing"),
        ("2024-01-09,10,inf,9,10.5,100", "price not finite"),
        ("2024-01-09,10,11,0,10.5,100", "price zero or negative"),
        ("2024-01-09,-10,11,-11,10.5,100", "price zero or negative"),
        ("2024-01-09,10,9,11,10.5,100", "high below low"),
        ("2024-01-09,12,11,9,10.5,100", "open or close outside low to high"),
        ("2024-01-09,10,11,9,8.5,100", "open or close outside low to high"),
        ("2024-01-09,10,11,9,10.5,-1", "volume negative"),
        ("2024-01-09,10,11,9,10.5,many", "text in volume"),
        ("soon,10,11,9,10.5,100", "unreadable time"),
        (",10,11,9,10.5,100", "unreadable time"),
        ("2024-01-08,10,11,9,10.5,100", "the same bar once more"),
    ],
)
def test_each_bad_row_goes_to_quarantine_with_its_reason(tmp_path, row, reason):
    got = read_bars(daily(tmp_path, row))
    assert len(got.bars) == 5
    assert got.quarantine.select("row", "symbol", "reason").rows() == [(6, "A", reason)]
    assert got.quarantine["source"][0].endswith("A.csv")
    assert got.quality.by_symbol["quarantined"].to_list() == [1]
    written = next(iter(pl.Series([row]).str.split(",").to_list()[0]))
    assert written in got.quarantine["content"][0]


def test_bars_of_one_time_that_differ_are_all_set_aside(tmp_path):
    got = read_bars(daily(tmp_path, "2024-01-08,10,11,9,10.4,100"))
    assert len(got.bars) == 4
    assert got.quarantine["row"].to_list() == [5, 6]


def test_missing_volume_is_no_reason(tmp_path):
    got = read_bars(daily(tmp_path, "2024-01-09,10,11,9,10.5,"))
    assert np.isnan(got.bars.volume[-1])
    assert got.quarantine.height == 0


@pytest.mark.parametrize("rows", [["x,1,1,1,1,1"] * 3, [f"{d},0,0,0,0,0" for d in DAYS]])
def test_nothing_but_bad_rows(tmp_path, rows):
    file = write(tmp_path, "\n".join([HEAD, *rows]))
    with pytest.raises(BadData, match=r"expected"):
        read_bars(file)


def test_all_bad_says_what_was_wrong(tmp_path):
    file = write(tmp_path, "\n".join([HEAD, *[f"{d},0,1,0,1,1" for d in DAYS]]))
    with pytest.raises(BadData, match=r"got 0 of 5 rows \(5 rows: price zero or negative\)"):
        read_bars(file)


def test_one_row_is_too_few(tmp_path):
    with pytest.raises(BadData, match="one bar says nothing"):
        read_bars(write(tmp_path, f"{HEAD}\n2024-01-02,1,1,1,1,1"))
    with pytest.raises(BadData, match="at least two usable bars, got 1 of 1"):
        read_bars(write(tmp_path, f"{HEAD}\n2024-01-02,1,1,1,1,1"), interval="1d")


def test_unsorted_rows_are_put_in_order(tmp_path):
    rows = [f"{day},10,11,9,10.5,100" for day in DAYS]
    sorted_ = read_bars(write(tmp_path, "\n".join([HEAD, *rows]))).bars
    backwards = read_bars(write(tmp_path, "\n".join([HEAD, *rows[::-1]]))).bars
    assert bars_hash(sorted_) == bars_hash(backwards)


def test_symbols_are_chosen_and_misspellings_named(tmp_path):
    text = "time,ticker,open,high,low,close\n" + "".join(
        f"{day},{s},1,1,1,1\n" for day in DAYS for s in ("AAPL", "MSFT")
    )
    file = write(tmp_path, text)
    assert read_bars(file, symbols=["MSFT"]).bars.symbols == ("MSFT",)
    with pytest.raises(UsageError, match="did you mean 'MSFT'"):
        read_bars(file, symbols=["MSTF"])


@pytest.mark.parametrize(
    "options",
    [{"stamp": "begin"}, {"tz": "America/NewYork"}, {"interval": "1w"}],
)
def test_options_are_checked(tmp_path, options):
    with pytest.raises(UsageError):
        read_bars(daily(tmp_path), **options)


def test_adjusted_close_becomes_actions(tmp_path):
    close = [100, 102, 51, 52, 51.5]
    adjusted = [50, 51, 51, 52, 51.5]
    rows = [f"{d},{c},{c},{c},{c},{a},9" for d, c, a in zip(DAYS, close, adjusted, strict=True)]
    got = read_bars(
        write(tmp_path, "\n".join(["Date,Open,High,Low,Close,Adj Close,Volume", *rows]))
    )
    assert got.bars.close.tolist() == close
    assert got.bars.adjustment.tolist() == [1, 1, 2, 2, 2]
    assert got.actions.select("kind", "factor").rows() == [("split", 2.0)]
    assert got.bars.adjusted("close")[2] == 102


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_our_own_tables_keep_their_splits_and_dividends(tmp_path, kind):
    bars = load_bars("bundled", ["IBM", "MSFT"]).bars
    getattr(bars.to_polars(), f"write_{kind}")(file := tmp_path / f"bars.{kind}")
    back = read_bars(file)
    first = np.array([bars.adjustment[np.flatnonzero(bars.symbol == s)[0]] for s in (0, 1)])
    np.testing.assert_allclose(
        back.bars.adjustment, bars.adjustment / first[bars.symbol], rtol=1e-12
    )
    assert back.actions.filter(pl.col("kind") == "split").height >= 1
    assert any("dividends" in note for note in back.assumptions)


def test_an_adjustment_that_is_no_number_sets_its_row_aside(tmp_path):
    bars = load_bars("bundled", ["IBM"]).bars.rows(0, 9).to_polars()
    odd = pl.Series(["1.0"] * 4 + ["one"] + ["1.0"] * 4)
    bars.with_columns(adjustment=odd).write_csv(tmp_path / "bars.csv")
    found = read_bars(tmp_path / "bars.csv")
    assert len(found.bars) == 8
    assert "adjustment" in found.quarantine["reason"][0]


@pytest.mark.parametrize("word", ["raw", "0", "7.5"])
def test_an_adjustment_of_somebody_elses_means_nothing_here(tmp_path, word):
    rows = [f"{d},1,1,1,1,5,{word}" for d in DAYS]
    got = read_bars(write(tmp_path, "\n".join([f"{HEAD},Adjustment", *rows])))
    assert len(got.bars) == len(DAYS)
    assert (got.bars.adjustment == 1).all()


def test_an_adjusted_close_alone_is_flagged(tmp_path):
    rows = [f"{d},1,1,1,1" for d in DAYS]
    got = read_bars(write(tmp_path, "\n".join(["Date,Adj Open,Adj High,Adj Low,Adj Close", *rows])))
    assert any("looks back from the future" in line for line in got.assumptions)
    assert (got.bars.adjustment == 1).all()


def test_declared_known_times_are_kept_and_checked(tmp_path):
    rows = [f"{d}T20:00Z,1,1,1,1,{d}T23:00Z" for d in DAYS]
    rows[2] = rows[2].replace("T23:00", "T03:00")
    text = "\n".join(["timestamp,open,high,low,close,known_time", *rows])
    got = read_bars(write(tmp_path, text), venue="24/7", stamp="end")
    assert (got.bars.known_time - got.bars.event_time == 3 * 3600 * 10**9).all()
    assert got.quarantine["reason"].to_list() == ["known before the bar closed"]


def test_mixed_intervals_are_refused(tmp_path):
    write(
        tmp_path, "\n".join([HEAD, *[f"2024-01-02 10:0{m}Z,1,1,1,1,1" for m in range(5)]]), "A.csv"
    )
    write(
        tmp_path, "\n".join([HEAD, *[f"2024-01-02 1{h}:00Z,1,1,1,1,1" for h in range(5)]]), "B.csv"
    )
    with pytest.raises(BadData, match="1m, 1h apart"):
        read_bars(tmp_path)


def test_hostile_headers_and_symbols(tmp_path):
    got = read_bars(
        write(
            tmp_path,
            "Date,Open,High,Low,Close,Close_2,__class__\n"
            + "".join(f"{d},1,1,1,1,=cmd(),x\n" for d in DAYS),
            "..%2F..%2Fetc.csv",
        )
    )
    assert got.bars.symbols == ("..%2F..%2Fetc",)


prices = st.floats(0.01, 1e5, allow_nan=False).map(lambda x: round(x, 4)).filter(lambda x: x > 0)


@st.composite
def tables(draw):
    n = draw(st.integers(3, 30))
    step = draw(st.sampled_from([1, 5, 15, 60]))
    names = draw(st.lists(st.sampled_from(["A", "BTC/USD", "Z.9"]), min_size=1, unique=True))
    frames = []
    for name in names:
        four = np.array(
            draw(st.lists(st.lists(prices, min_size=4, max_size=4), min_size=n, max_size=n))
        )
        first = datetime(2024, 3, 1) + timedelta(minutes=step * draw(st.integers(0, 9000)))
        frames.append(
            pl.DataFrame(
                {
                    "timestamp": [first + timedelta(minutes=step * i) for i in range(n)],
                    "symbol": [name] * n,
                    "open": four[:, 0],
                    "high": four.max(axis=1),
                    "low": four.min(axis=1),
                    "close": four[:, 1],
                    "volume": draw(st.lists(st.floats(0, 1e9), min_size=n, max_size=n)),
                }
            )
        )
    return pl.concat(frames).sample(fraction=1.0, shuffle=True, seed=draw(st.integers(0, 99)))


@settings(max_examples=40, deadline=None)
@given(tables(), st.sampled_from(["csv", "tsv", "parquet", "unix"]))
def test_what_is_written_is_read_back(tmp_path_factory, table, kind):
    expected = Bars.from_frame(table)
    path = tmp_path_factory.mktemp("trip") / f"bars.{'csv' if kind == 'unix' else kind}"
    if kind == "parquet":
        table.write_parquet(path)
    else:
        if kind == "unix":
            table = table.with_columns(pl.col("timestamp").dt.epoch("ms"))
        table.write_csv(path, separator="\t" if kind == "tsv" else ",")
    got = read_bars(path, stamp="end", tz="UTC", venue="24/7")
    assert got.quarantine.height == 0
    assert bars_hash(got.bars) == bars_hash(expected)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_after_a_good_start_lose_no_row(tmp_path_factory, tail):
    file = tmp_path_factory.mktemp("bytes") / "A.csv"
    good = "\n".join([HEAD, *[f"{day},10,11,9,10.5,100" for day in DAYS]]).encode() + b"\n"
    file.write_bytes(good + tail)
    try:
        got = read_bars(file)
    except BadData:
        return
    # Line breaks at the end are no row.
    rows = pl.read_csv(io.BytesIO((good + tail).strip(b"\r\n")), infer_schema=False).height
    assert len(got.bars) + got.quarantine.height == rows


def test_real_files_have_the_flaws_they_are_known_for(shared):
    got = read_bars(shared / "vix_daily" / "vix_daily.parquet")
    reasons = dict(got.quarantine["reason"].value_counts().iter_rows())
    assert reasons["open or close outside low to high"] == 47
    got = read_bars(shared / "us_equity_daily_sp500_2013_2018" / "sp500_subset_daily.parquet")
    reasons = dict(got.quarantine["reason"].value_counts().iter_rows())
    assert reasons == {"price missing": 4, "open or close outside low to high": 3}
    assert len(got.bars) == 131_593


@pytest.mark.parametrize(
    ("file", "options", "interval", "first"),
    [
        ("fx_daily/eurgbp_1d_oanda", {}, "1d", "2007-01-02T00:00"),
        ("fx_hourly/eurusd_1h_oanda", {}, "1h", "2010-01-03T23:00"),
        ("crypto_5min_2018/alts_vs_btc_5m", {}, "5m", "2018-01-10T05:00"),
        ("us_multi_tf_2019/15min", {"stamp": "end"}, "15m", "2019-01-04T14:45"),
        ("us_etf_1min_2019_2020/etf_1min", {}, "1m", "2019-12-13T16:01"),
    ],
)
def test_real_files_of_every_interval(shared, file, options, interval, first):
    got = read_bars(shared / f"{file}.parquet", **options)
    assert got.interval == interval
    assert closes(got.bars)[0] == first
    assert got.quarantine.height == 0
