import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.market import load_bars, read_bars
from edgekeeper.market.actions import derive_actions


def history(seed, n=400, start=60.0):
    """A raw close in cents, its true units held, and a backward adjusted close."""
    rng = np.random.default_rng(seed)
    held, close, total = np.ones(n), np.empty(n), np.empty(n)
    total[:] = start * np.exp(np.cumsum(rng.normal(0, 0.015, n)))
    events = {}
    units = 1.0
    for row in range(n):
        if row and row % 63 == 0:
            factor = 1 / (1 - float(rng.uniform(0.003, 0.01)))
            events[row] = ("dividend", factor)
            units *= factor
        elif row == n // 2:
            factor = float(rng.choice([2.0, 3.0, 1.5, 7.0, 0.1]))
            events[row] = ("split", factor)
            units *= factor
        held[row] = units
        close[row] = round(max(total[row] / units, 0.05), 2)
    adj = close * held / held[-1]
    return close, adj, held, events


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([4, 6, 13]))
def test_finds_what_happened_and_nothing_else(seed, places):
    close, adj, held, events = history(seed)
    got, table = derive_actions("A", np.arange(400), close, np.round(adj, places))
    ex_rows = table["ex_time"].to_physical().to_list()
    assert ex_rows == sorted(events)
    assert table["kind"].to_list() == [events[row][0] for row in ex_rows]
    assert got == pytest.approx(held, rel=3 * 10.0**-places / np.round(adj, places).min() + 1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_rounding_to_cents_alone_is_no_action(seed):
    rng = np.random.default_rng(seed)
    close = np.round(3.0 * np.exp(np.cumsum(rng.normal(0, 0.02, 1500))).clip(0.2), 2)
    adj = np.round(close * 0.3137, 2).clip(0.01)
    got, table = derive_actions("A", np.arange(1500), close, adj)
    assert table.height == 0
    assert (got == 1.0).all()


def test_float32_prices_are_no_action():
    close, adj, _, events = history(3)
    got = derive_actions("A", np.arange(400), close.astype("f4") * 1.0, adj.astype("f4") * 1.0)
    assert got[1].height == len(events)


@given(st.integers(0, 300), st.integers(2, 399))
def test_a_longer_history_never_changes_an_earlier_adjustment(seed, cut):
    close, adj, _, _ = history(seed)
    whole, _ = derive_actions("A", np.arange(400), close, adj)
    part, _ = derive_actions("A", np.arange(cut), close[:cut], adj[:cut])
    assert (part == whole[:cut]).all()


def test_a_crash_is_no_split():
    close = np.array([53.5, 25.75, 26.0, 25.9])
    held, table = derive_actions("A", np.arange(4), close, close / 2)
    assert (held == 1.0).all()
    assert table.height == 0


def test_missing_adjusted_closes_leave_the_level():
    close = np.array([10.0, 10.1, 5.1, 5.2, 5.3])
    adj = np.array([np.nan, 5.05, np.nan, 5.2, 5.3])
    held, table = derive_actions("A", np.arange(5), close, adj)
    assert held.tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]
    assert table["kind"].to_list() == ["split"]
    assert derive_actions("A", np.arange(5), close, close * np.nan)[0].tolist() == [1.0] * 5


def test_units_that_fall_without_a_simple_ratio_are_named_so():
    close = np.full(40, 10.0)
    adj = np.where(np.arange(40) < 20, 10.0, 9.37)
    assert derive_actions("A", np.arange(40), close, adj)[1]["kind"].to_list() == ["unexplained"]


def test_a_column_that_is_no_adjusted_close_is_refused():
    rng = np.random.default_rng(1)
    close = np.exp(rng.normal(3, 0.1, 200))
    with pytest.raises(BadData, match="no adjusted close"):
        derive_actions("A", np.arange(200), close, close * rng.uniform(0.9, 1, 200))


def test_bundled_stocks_have_the_splits_and_dividends_of_history():
    actions = load_bars("bundled", ["AAPL", "GOOG", "IBM", "MSFT"]).actions
    splits = actions.filter(kind="split")
    assert [
        (symbol, f"{time:%Y-%m-%d}", round(factor, 9))
        for symbol, time, _, factor in splits.iter_rows()
    ] == [
        ("AAPL", "2000-06-21", 2.0),
        ("AAPL", "2005-02-28", 2.0),
        ("MSFT", "2003-02-18", 2.0),
    ]
    special = actions.filter((pl.col("factor") > 1.02) & (pl.col("kind") == "dividend"))
    assert [f"{t:%Y-%m-%d}" for t in special["ex_time"]] == ["2004-11-15"]
    assert special["factor"][0] == pytest.approx(1 + 3.08 / 27.39, abs=1e-4)
    by_symbol = dict(actions.filter(kind="dividend")["symbol"].value_counts().iter_rows())
    assert by_symbol == {"AAPL": 3, "IBM": 52, "MSFT": 37}


def test_spy_dividends_agree_with_those_paid(shared):
    file = shared / "options_spy_daily_2021" / "spy_underlying_daily.parquet"
    paid = pl.read_parquet(file).filter(pl.col("divCash") > 0)
    found = read_bars(file).actions
    assert found["ex_time"].dt.date().to_list() == paid["date"].dt.date().to_list()
    factor = 1 + paid["divCash"] / paid["close"]
    assert found["factor"].to_list() == pytest.approx(factor.to_list(), abs=1e-6)


def test_apple_splits_from_published_factors(shared):
    folder = shared / "us_equity_daily_long"
    bars = pl.read_parquet(folder / "daily_ohlcv_unadjusted.parquet").filter(symbol="AAPL")
    factors = pl.read_parquet(folder / "adjustment_factors.parquet").filter(symbol="AAPL")
    joined = bars.sort("date").join_asof(factors.sort("date"), on="date", strategy="forward")
    share = (joined["price_factor"] * joined["split_factor"]).fill_null(1.0)
    close = joined["close"].to_numpy()
    day = joined["date"].dt.timestamp("ns").to_numpy()
    _, table = derive_actions("AAPL", day, close, close * share.to_numpy())
    splits = table.filter(kind="split")
    assert splits["ex_time"].dt.date().cast(pl.String).to_list() == [
        "2000-06-21",
        "2005-02-28",
        "2014-06-09",
    ]
    assert splits["factor"].to_list() == pytest.approx([2, 2, 7], rel=2e-3)
