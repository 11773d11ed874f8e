import numpy as np
import polars as pl
import pytest

from edgekeeper.errors import BadData
from edgekeeper.market import inspect, load_bars, read_bars
from edgekeeper.market.venues import venue


def sessions(n, name="A", first=30_000):
    close = venue("XNYS").day_close[first : first + n]
    price = 100 + np.arange(n) % 7 * 0.5
    return pl.DataFrame(
        {
            "timestamp": pl.Series(close).cast(pl.Datetime("ns", "UTC")),
            "symbol": [name] * n,
            "open": price,
            "high": price + 1,
            "low": price - 1,
            "close": price,
            "volume": np.full(n, 1e6),
        }
    )


def row(quality, symbol="A"):
    return quality.by_symbol.filter(symbol=symbol).row(0, named=True)


def test_clean_bars_have_nothing_to_say():
    quality = inspect(sessions(300))
    assert row(quality)["expected"] == row(quality)["bars"] == 300
    assert quality.findings.height == 0
    assert quality.lines() == ()


def test_missing_sessions_are_counted_against_the_calendar():
    frame = sessions(300)
    holes = [*range(50, 60), 100]
    quality = inspect(frame[[i for i in range(300) if i not in holes]])
    found = row(quality)
    assert (found["gaps"], found["longest_gap"], found["expected"]) == (2, 10, 300)
    assert found["missing_share"] == pytest.approx(11 / 300)
    assert quality.findings["time"].to_list() == frame["timestamp"][[49, 99]].to_list()
    assert "3.7% of bars missing, longest gap 10" in quality.lines()[0]


def test_duplicates_stale_prices_and_outliers():
    frame = sessions(300)
    flat = pl.int_range(300).is_between(200, 210)
    columns = ("open", "high", "low", "close")
    frame = frame.with_columns(
        pl.when(flat).then(pl.col(c).gather(200)).otherwise(pl.col(c)) for c in columns
    )
    spike = pl.int_range(300) == 120
    frame = frame.with_columns(
        pl.when(spike).then(pl.col("close") * 1.9).otherwise(pl.col("close")).alias("close")
    )
    found = row(inspect(pl.concat([frame, frame[10:13]])))
    assert found["duplicates"] == 3
    assert found["stale_share"] == pytest.approx(10 / 300)
    assert found["outliers"] == 2


def test_intraday_gaps_stop_at_the_session(shared):
    minute = pl.read_parquet(shared / "us_multi_tf_2019" / "1min.parquet")
    quality = inspect(minute.filter(pl.col("symbol").is_in(["SPY", "AAPL"])))
    assert quality.by_symbol["missing_share"].max() < 0.01
    cut = minute.filter((pl.col("symbol") == "SPY") & (pl.col("timestamp").dt.hour() != 17))
    found = row(inspect(cut), "SPY")
    assert found["longest_gap"] == 60
    assert found["gaps"] == 5


def test_round_the_clock_and_forex_weeks(shared):
    quality = inspect(pl.read_parquet(shared / "crypto_5min_2018" / "alts_vs_btc_5m.parquet"))
    assert quality.by_symbol["missing_share"].max() < 0.01
    hourly = read_bars(shared / "fx_hourly" / "eurusd_1h_oanda.parquet").quality
    assert hourly.by_symbol["missing_share"][0] < 0.01


def test_splits_nobody_declared_are_named_and_a_crash_is_not(shared):
    file = shared / "us_equity_daily_long" / "daily_ohlcv_unadjusted.parquet"
    found = read_bars(file).quality.findings.filter(kind="possible split")
    assert [(s, f"{t:%Y-%m-%d}") for s, t in found.select("symbol", "time").rows()] == [
        ("AAPL", "2000-06-21"),
        ("AAPL", "2005-02-28"),
        ("AAPL", "2014-06-09"),
        ("BAC", "2004-08-30"),
        ("EEM", "2003-04-11"),  # no split: the first years under this ticker are something else
        ("EEM", "2005-06-09"),
        ("EEM", "2008-07-24"),
        ("IWM", "2005-06-09"),
    ]


def test_declared_splits_are_unremarkable():
    quality = load_bars("bundled", ["AAPL", "MSFT"]).quality
    assert quality.findings.filter(kind="possible split").height == 0
    crash = quality.findings.filter(symbol="AAPL", kind="outlier")
    assert [f"{t:%Y-%m-%d}" for t in crash["time"]] == ["2000-09-29"]


def test_refuses_what_is_no_frame_of_bars():
    with pytest.raises(BadData, match="without \\['close'\\]"):
        inspect(sessions(5).drop("close"))
    with pytest.raises(BadData, match="0 rows"):
        inspect(sessions(5).clear())
