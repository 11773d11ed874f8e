"""CSV of trades and of fills: what people's files look like, matched and derived rightly."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.trade_records import read_trades
from edgekeeper.market.trade_records.fills import read_fills

TRADES = """symbol,side,entry_time,exit_time,pnl,fees
AAPL,long,2024-01-02 15:00,2024-01-02 16:00,10.5,1.0
AAPL,short,2024-01-03 15:00,2024-01-03 16:00,-4.25,1.0
"""


def read(tmp_path, text, **options):
    path = tmp_path / "trades.csv"
    path.write_text(text)
    return read_trades(path, **options)


def test_trades_with_profit(tmp_path):
    record = read(tmp_path, TRADES)
    assert record.numbers("profit").tolist() == [10.5, -4.25]
    assert record.numbers("cost").tolist() == [1.0, 1.0]
    assert np.isnan(record.numbers("stake")).all()
    assert record.trades["side"].to_list() == ["long", "short"]
    assert (record.times("exit_time") - record.times("entry_time")).tolist() == [3600 * 10**9] * 2
    assert record.net


def test_prices_and_quantities(tmp_path):
    text = (
        "Ticker;Direction;Open Date;Close Date;Entry Price;Exit Price;Qty;Commission\n"
        "X;BUY;2024-01-02;2024-01-05;100;110;10;2\n"
        "X;SELL;2024-01-08;2024-01-09;100;110;10;2\n"
    )
    record = read(tmp_path, text)
    assert record.numbers("profit").tolist() == [100.0, -100.0]
    assert record.numbers("stake").tolist() == [1000.0, 1000.0]
    assert not record.net


def test_returns_in_per_cent_and_money_signs(tmp_path):
    record = read(tmp_path, "exit_time,return_pct\n2024-01-02,1.5%\n2024-01-03,-2%\n")
    np.testing.assert_allclose(record.numbers("profit"), [0.015, -0.02])
    record = read(tmp_path, 'exit_time,profit\n2024-01-02,"$1,250.50"\n2024-01-03,($20)\n')
    assert record.numbers("profit").tolist() == [1250.5, -20.0]


def test_zone(tmp_path):
    there = read(tmp_path, TRADES, tz="America/New_York").times("entry_time")
    assert (there - read(tmp_path, TRADES).times("entry_time")).tolist() == [5 * 3600 * 10**9] * 2


def test_rows_that_cannot_be_used_are_counted_not_repaired(tmp_path):
    text = TRADES + (
        "AAPL,long,2024-01-05 15:00,2024-01-04 16:00,1,1\nAAPL,long,,2024-01-04 16:00,1,1\n"
        "AAPL,maybe,2024-01-04 15:00,2024-01-04 16:00,1,1\n"
        "AAPL,long,2024-01-04 15:00,2024-01-04 16:00,,1\n"
    )
    record = read(tmp_path, text)
    assert len(record) == 2
    assert record.set_aside == {
        "neither long nor short": 1,
        "the exit lies before the entry": 1,
        "a time is missing or unreadable": 1,
        "the profit is missing or not a number": 1,
    }


FILLS = """time,symbol,side,quantity,price,fee
2024-01-02 10:00,A,buy,10,100,1
2024-01-02 11:00,A,buy,10,110,1
2024-01-02 11:30,B,sell,5,50,0.5
2024-01-02 12:00,A,sell,20,120,2
2024-01-02 13:00,B,buy,10,40,1
2024-01-02 14:00,B,sell,5,45,0.5
2024-01-02 15:00,A,buy,1,120,1
"""


def test_fills_from_flat_to_flat(tmp_path):
    record = read(tmp_path, FILLS)
    shown = record.trades.select("symbol", "side", "stake", "profit", "cost").rows()
    assert shown == [
        ("A", "long", 2100.0, 300.0 - 4.0, 4.0),
        ("B", "short", 250.0, 50.0 - 1.0, 1.0),
        ("B", "long", 200.0, 25.0 - 1.0, 1.0),
    ]
    assert record.open_trades == 1
    assert record.net


def test_fills_without_a_readable_side_are_left_out_and_said(tmp_path):
    record = read(tmp_path, FILLS + "2024-01-02 15:30,A,dividend,1,0.5,0\n")
    assert len(record) == 3
    assert any("1 fill without" in line for line in record.assumptions)


def test_fills_with_signed_quantities_and_no_fee(tmp_path):
    text = "date_time,Symbol,Quantity,T. Price\n2024-01-02 10:00,A,3,10\n2024-01-02 11:00,A,-3,11\n"
    record = read(tmp_path, text)
    assert record.numbers("profit").tolist() == [3.0]
    assert np.isnan(record.numbers("cost")).all()
    assert not record.net


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.integers(-9, 9).filter(bool), st.integers(1, 99)),
        min_size=1, max_size=40,
    )
)  # fmt: skip
def test_no_money_is_lost_between_fills_and_trades(fills):
    closing = {s: -sum(q for name, q, _ in fills if name == s) for s in "AB"}
    fills = fills + [(s, q, 50) for s, q in closing.items() if q]
    table = pl.DataFrame(
        {
            "time": [f"2024-01-01 {i // 60:02d}:{i % 60:02d}" for i in range(len(fills))],
            "symbol": [f[0] for f in fills],
            "quantity": [float(f[1]) for f in fills],
            "price": [float(f[2]) for f in fills],
            "fee": [0.25] * len(fills),
        }
    )
    if not (table["quantity"] < 0).any():
        return
    record = read_fills(table, "fills")
    cash = -sum(q * p for _, q, p in fills) - 0.25 * len(fills)
    assert record.numbers("profit").sum() == pytest.approx(cash, abs=1e-9)
    assert record.numbers("cost").sum() == pytest.approx(0.25 * len(fills), abs=1e-9)
    assert record.open_trades == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "expected trades"),
        ("exit_time,symbol\n2024-01-02,A\n", "profit, return, or entry_price"),
        ("symbol,profit\nA,1\n", "time of exit"),
        ("exit_time,profit\nsoon,1\n", "expected"),
        ("exit_time,profit\n2024-01-02,lots\n2024-01-03,little\n", "expected numbers"),
        ("exit_time,profit,side\n2024-01-02,1,up\n", "long or short"),
        ("time,price,quantity\n2024-01-02,1,1\n2024-01-03,1,1\n", "buy or sell"),
        ("exit_time,profit\n1850-01-02,1\n", "expected"),
        ("", "empty"),
    ],
)
def test_what_is_no_record(tmp_path, text, words):
    with pytest.raises(BadData, match=words):
        read(tmp_path, text)


def test_strategy_is_for_freqtrade(tmp_path):
    with pytest.raises(UsageError, match="freqtrade"):
        read(tmp_path, TRADES, strategy="Dip")


def test_hostile_names_stay_text(tmp_path):
    record = read(tmp_path, 'exit_time,profit,symbol\n2024-01-02,1,"<script>,\'; DROP"\n')
    assert record.trades["symbol"][0] == "<script>,'; DROP"
    assert math.isnan(record.start_equity)
