"""freqtrade's database and back-tests: every trade, profit and cost as written; bad files."""

import json
import sqlite3
import zipfile

import numpy as np
import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.market.trade_records import read_trades


def by_exit(trades, key):
    return [t[key] for t in sorted(trades, key=lambda t: t["close_date"])]


def same_trades(record, trades):
    assert len(record) == len(trades)
    np.testing.assert_allclose(record.numbers("profit"), by_exit(trades, "profit_abs"), rtol=1e-12)
    np.testing.assert_allclose(record.numbers("cost"), by_exit(trades, "cost"), rtol=1e-12)
    np.testing.assert_allclose(record.numbers("stake"), by_exit(trades, "stake_amount"))
    assert record.trades["symbol"].to_list() == by_exit(trades, "pair")
    sides = ["short" if short else "long" for short in by_exit(trades, "is_short")]
    assert record.trades["side"].to_list() == sides
    micro = [round(t.timestamp() * 1e6) for t in by_exit(trades, "open_date")]
    assert (record.times("entry_time") // 1000).tolist() == micro
    assert record.net


def test_database(tmp_path, trades, files):
    path = files.write_database(tmp_path / "tradesv3.sqlite", trades, opened=2)
    before = path.read_bytes()
    record = read_trades(path)
    same_trades(record, trades)
    assert (record.currency, record.open_trades, record.least_trials) == ("USDT", 2, 1)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tradesv3.sqlite"]


def test_a_database_in_use_with_its_log(tmp_path, trades, files):
    path = files.write_database(tmp_path / "tradesv3.sqlite", trades)
    bot = sqlite3.connect(path)
    bot.execute("PRAGMA journal_mode=wal")
    bot.execute("UPDATE trades SET close_profit_abs = 7.0 WHERE id = 1")
    bot.commit()
    assert 7.0 in read_trades(path).numbers("profit")
    bot.close()


def test_an_old_database_lacks_columns_that_can_be_derived(tmp_path, trades, files):
    longs = [t for t in trades if not t["is_short"]]
    schema = """CREATE TABLE trades (id INTEGER PRIMARY KEY, exchange VARCHAR, pair VARCHAR,
        is_open BOOLEAN, fee_open FLOAT, fee_close FLOAT, open_rate FLOAT, close_rate FLOAT,
        close_profit FLOAT, stake_amount FLOAT, amount FLOAT, open_date DATETIME,
        close_date DATETIME, strategy VARCHAR)"""
    path = files.write_database(tmp_path / "old.sqlite", longs, schema=schema)
    same_trades(read_trades(path), longs)


def test_strategies_of_a_database(tmp_path, trades, files):
    path = files.write_database(tmp_path / "a.sqlite", trades[:40], opened=0)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE trades SET strategy = 'Other' WHERE id > 30")
    connection.commit()
    connection.close()
    record = read_trades(path)
    assert record.least_trials == 2
    assert any("2 strategies" in line for line in record.assumptions)
    assert len(read_trades(path, strategy="Other")) == 10


def test_two_currencies_do_not_add_up(tmp_path, trades, files):
    path = files.write_database(tmp_path / "a.sqlite", trades)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE trades SET stake_currency = 'BTC' WHERE id = 3")
    connection.commit()
    connection.close()
    with pytest.raises(BadData, match="one stake currency"):
        read_trades(path)


@pytest.mark.parametrize("kind", ["zip", "json", "folder"])
def test_backtest(tmp_path, trades, kind, files):
    path = files.write_zip(tmp_path, files.backtest_result(trades))
    if kind == "json":
        path = tmp_path / "result.json"
        path.write_text(json.dumps(files.backtest_result(trades)))
    record = read_trades(tmp_path if kind == "folder" else path)
    same_trades(record, trades)
    assert (record.start_equity, record.origin) == (1000.0, "freqtrade back-test of Dip")


def test_several_strategies_have_to_be_chosen_from(tmp_path, trades, files):
    path = files.write_zip(tmp_path, files.backtest_result(trades, ("Dip", "Peak")))
    with pytest.raises(UsageError, match=r"Dip, Peak.*--strategy"):
        read_trades(path)
    assert read_trades(path, strategy="Peak").least_trials == 2
    with pytest.raises(UsageError, match="did you mean 'Peak'"):
        read_trades(path, strategy="Peek")


def test_a_pointer_does_not_lead_out_of_its_folder(tmp_path, trades, files):
    files.write_zip(tmp_path, files.backtest_result(trades))
    inner = tmp_path / "results"
    inner.mkdir()
    name = "../backtest-result-2025-03-01_10-00-00.zip"
    (inner / ".last_result.json").write_text(json.dumps({"latest_backtest": name}))
    with pytest.raises(BadData, match="is not there"):
        read_trades(inner)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"strategy": {}}', b'{"strategy": {"A": {}}}',
     b'{"strategy": {"A": {"trades": 3}}}', b'{"strategy": {"A": {"trades": []}}}',
     b'{"strategy": {"A": {"trades": [{"pair": "X"}]}}}', b"\xff\xfe", b"[" * 100_000,
     b'{"strategy": {"A": {"trades": [{"pair": "X", "open_date": "soon", "close_date": "later",'
     b' "profit_abs": 1}]}}}'],
)  # fmt: skip
def test_what_is_no_backtest(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadData):
        read_trades(path)


def test_damaged_archives_and_databases(tmp_path, trades, files):
    path = files.write_zip(tmp_path, files.backtest_result(trades))
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadData, match="zip"):
        read_trades(cut)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BadData, match="as JSON in the zip"):
        read_trades(tmp_path / "empty.zip")
    good = files.write_database(tmp_path / "a.sqlite", trades)
    half = tmp_path / "half.sqlite"
    half.write_bytes(good.read_bytes()[:5000])
    with pytest.raises(BadData, match="freqtrade"):
        read_trades(half)
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).execute("CREATE TABLE users (id INTEGER)")
    with pytest.raises(BadData, match="found none"):
        read_trades(other)


def test_no_closed_trade(tmp_path, trades, files):
    path = files.write_database(tmp_path / "a.sqlite", [], opened=0)
    with pytest.raises(BadData, match="got none"):
        read_trades(path)


def test_nothing_there(tmp_path):
    (tmp_path / "trades.sqlite").write_bytes(b"x")
    with pytest.raises(StorageError, match=r"did you mean 'trades\.sqlite'"):
        read_trades(tmp_path / "trade.sqlite")
    with pytest.raises(UsageError, match="name a file"):
        read_trades(tmp_path)
