"""Files as freqtrade writes them, made from its documented schema."""

import json
import sqlite3
import zipfile
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

# The table `trades` as freqtrade has created it since 2024.
SCHEMA = """
CREATE TABLE trades (
    id INTEGER NOT NULL PRIMARY KEY, exchange VARCHAR(25) NOT NULL, pair VARCHAR(25) NOT NULL,
    base_currency VARCHAR(25), stake_currency VARCHAR(25), is_open BOOLEAN NOT NULL,
    fee_open FLOAT NOT NULL, fee_open_cost FLOAT, fee_open_currency VARCHAR(25),
    fee_close FLOAT NOT NULL, fee_close_cost FLOAT, fee_close_currency VARCHAR(25),
    open_rate FLOAT NOT NULL, open_rate_requested FLOAT, open_trade_value FLOAT,
    close_rate FLOAT, close_rate_requested FLOAT, realized_profit FLOAT, close_profit FLOAT,
    close_profit_abs FLOAT, stake_amount FLOAT NOT NULL, max_stake_amount FLOAT, amount FLOAT,
    amount_requested FLOAT, open_date DATETIME NOT NULL, close_date DATETIME, stop_loss FLOAT,
    stop_loss_pct FLOAT, initial_stop_loss FLOAT, initial_stop_loss_pct FLOAT,
    is_stop_loss_trailing BOOLEAN, max_rate FLOAT, min_rate FLOAT, exit_reason VARCHAR(255),
    exit_order_status VARCHAR(100), strategy VARCHAR(100), enter_tag VARCHAR(255),
    timeframe INTEGER, trading_mode VARCHAR(7), amount_precision FLOAT, price_precision FLOAT,
    precision_mode INTEGER, precision_mode_price INTEGER, contract_size FLOAT, leverage FLOAT,
    is_short BOOLEAN NOT NULL, liquidation_price FLOAT, interest_rate FLOAT NOT NULL,
    funding_fees FLOAT, funding_fee_running FLOAT, record_version INTEGER NOT NULL
)
"""


def bot_trades(n=60, seed=0, edge=0.01):
    """Trades with every figure consistent: profit from rates, amount and fees."""
    rng = np.random.default_rng(seed)
    start = datetime(2025, 1, 6, tzinfo=UTC)
    trades = []
    for i in range(n):
        opened = start + timedelta(hours=float(9 * i + rng.uniform(0, 3)))
        closed = opened + timedelta(minutes=float(rng.uniform(5, 600)))
        short = bool(i % 3 == 0)
        move = float(rng.normal(edge, 0.02))
        open_rate, amount = 100.0 + i, 2.0
        close_rate = open_rate * (1 - move if short else 1 + move)
        cost = amount * (open_rate + close_rate) * 0.001
        profit = amount * (close_rate - open_rate) * (-1 if short else 1) - cost
        trades.append(
            {
                "pair": ["BTC/USDT", "ETH/USDT"][i % 2], "open_date": opened, "close_date": closed,
                "open_rate": open_rate, "close_rate": close_rate, "amount": amount,
                "stake_amount": amount * open_rate, "profit_abs": profit, "is_short": short,
                "cost": cost, "enter_tag": "dip" if i % 4 else None,
            }
        )  # fmt: skip
    return trades


def write_database(path, trades, *, opened=1, schema=SCHEMA, strategy="Dip"):
    connection = sqlite3.connect(path)
    connection.execute(schema)
    for i, t in enumerate([*trades, *trades[:opened]]):
        is_open = i >= len(trades)
        row = {
            "id": i + 1, "exchange": "binance", "pair": t["pair"], "stake_currency": "USDT",
            "is_open": is_open, "fee_open": 0.001, "fee_close": 0.001,
            "open_rate": t["open_rate"], "close_rate": None if is_open else t["close_rate"],
            "close_profit": None if is_open else t["profit_abs"] / t["stake_amount"],
            "close_profit_abs": None if is_open else t["profit_abs"],
            "stake_amount": t["stake_amount"], "max_stake_amount": t["stake_amount"],
            "amount": t["amount"],
            "open_date": t["open_date"].strftime("%Y-%m-%d %H:%M:%S.%f"),
            "close_date": None if is_open else t["close_date"].strftime("%Y-%m-%d %H:%M:%S.%f"),
            "strategy": strategy, "enter_tag": t["enter_tag"], "leverage": 1.0,
            "is_short": t["is_short"], "interest_rate": 0.0, "record_version": 2,
        }  # fmt: skip
        columns = [r[1] for r in connection.execute("PRAGMA table_info(trades)")]
        row = {name: value for name, value in row.items() if name in columns}
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO trades ({', '.join(row)}) VALUES ({marks})", [*row.values()]
        )
    connection.commit()
    connection.close()
    return path


def backtest_result(trades, names=("Dip",)):
    told = [
        {
            "pair": t["pair"], "stake_amount": t["stake_amount"],
            "max_stake_amount": t["stake_amount"], "amount": t["amount"],
            "open_date": t["open_date"].isoformat(" "),
            "close_date": t["close_date"].isoformat(" "),
            "open_rate": t["open_rate"], "close_rate": t["close_rate"],
            "fee_open": 0.001, "fee_close": 0.001,
            "trade_duration": int((t["close_date"] - t["open_date"]).total_seconds() // 60),
            "profit_ratio": t["profit_abs"] / t["stake_amount"], "profit_abs": t["profit_abs"],
            "exit_reason": "roi", "is_open": False, "enter_tag": t["enter_tag"], "leverage": 1.0,
            "is_short": t["is_short"], "open_timestamp": int(t["open_date"].timestamp() * 1000),
            "close_timestamp": int(t["close_date"].timestamp() * 1000), "orders": [],
            "funding_fees": 0.0,
        }
        for t in trades
    ]  # fmt: skip
    one = {"trades": told, "stake_currency": "USDT", "starting_balance": 1000.0}
    return {
        "metadata": {name: {"run_id": "1"} for name in names},
        "strategy": dict.fromkeys(names, one),
        "strategy_comparison": [{"key": name} for name in names],
    }


def write_zip(folder, result, name="backtest-result-2025-03-01_10-00-00"):
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}_config.json", json.dumps({"stake_currency": "USDT"}))
        archive.writestr(f"{name}.json", json.dumps(result))
        archive.writestr(f"{name}_Dip.py", "class Dip: ...")
        archive.writestr(f"{name}_market_change.feather", b"\x00\x01")
    (folder / f"{name}.meta.json").write_text(json.dumps(result["metadata"]))
    (folder / ".last_result.json").write_text(json.dumps({"latest_backtest": path.name}))
    return path


@pytest.fixture
def trades():
    return bot_trades()


@pytest.fixture
def files():
    """How to write freqtrade's files."""
    return SimpleNamespace(
        write_database=write_database, backtest_result=backtest_result, write_zip=write_zip
    )
