"""``strategies``, ``new strategy``, and runs of the rules they give."""

import json
from pathlib import Path

import polars as pl
import pytest

from edgekeeper.cli.config_file import config_text, load_config
from edgekeeper.config import Config
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.report.run_conditions import sources_of
from edgekeeper.trade.strategies import READY

NO_LINES = 'labels.horizon_bars = 3\n[[lines]]\nname = "a"\nlearner = "logistic"\nmin_bars = 9000\n'


def test_ready_strategies_are_listed_and_explained(edgekeeper):
    assert set(edgekeeper("strategies", "list", "--json").json) == set(READY)
    listed = edgekeeper("strategies", "list").out
    assert all(name in listed for name in READY)
    shown = edgekeeper("strategies", "show", "breakout").out
    assert "lag(max(high, 20), 1)" in " ".join(shown.split())
    assert 'strategy = "breakout"' in shown
    assert edgekeeper("strategies", "show", "crossover", "--json").json["name"] == "crossover"
    done = edgekeeper("strategies", "show", "brekout")
    assert (done.code, "did you mean 'breakout'" in done.err) == (2, True)


def test_a_new_strategy_is_sound_and_trades(edgekeeper, bars_csv):
    done = edgekeeper("new", "strategy", "my_range")
    assert done.code == 0, done.err
    assert "strategies check my_range.py" in done.out
    checked = edgekeeper("strategies", "check", "my_range.py", "--bars", bars_csv, "--json").json
    assert checked["long"] > 3
    assert checked["short"] > 3
    assert checked["warm_up"] == 40
    Path("edgekeeper.toml").write_text(f'rules.file = "my_range.py"\n{NO_LINES}')
    done = edgekeeper("replay", "--bars", bars_csv, "--json")
    assert done.code == 0, done.err
    with Ledger.open(Path("edgekeeper-run/ledger.sqlite")) as ledger:
        found = ledger.read("signals", where={"source": "rules"})
        assert found.height == checked["long"] + checked["short"]
        assert ledger.read("trades").height > 3
        kept = json.loads(ledger.read("runs")["config_json"][0])["rules"]
    assert kept["file_hash"] == checked["file_hash"]
    assert edgekeeper("replay", "--bars", bars_csv).code == 0, "the same file: the same run"
    assert edgekeeper("audit").code == 0, "decisions are lived again"
    with Path("my_range.py").open("a") as stream:
        stream.write("# changed\n")
    done = edgekeeper("replay", "--bars", bars_csv)
    assert done.code == 2
    assert "rules.file_hash" in done.err
    done = edgekeeper("audit")
    assert done.code == 2
    assert "the file was changed since" in done.err


def test_a_name_that_is_taken_and_a_folder_that_is_not_there(edgekeeper):
    assert edgekeeper("new", "strategy", "mine", "--json").json["files"] == ["mine.py"]
    done = edgekeeper("new", "strategy", "mine")
    assert (done.code, "is there already" in done.err) == (2, True)
    assert edgekeeper("new", "strategy", "My-One").code == 2
    assert edgekeeper("new", "strategy", "mine", "--root", "nowhere").code == 6
    assert "did you mean 'strategy'" in edgekeeper("new", "strategi", "mine").err


def test_check_names_what_looks_ahead_and_what_is_left_aside(edgekeeper, bars_csv):
    Path("ahead.py").write_text(
        "def signals(bars):\n    later = bars['close'].shift(-1)\n"
        "    return (later > bars['close']).fill_null(False).cast(int)\n"
    )
    done = edgekeeper("strategies", "check", "ahead.py", "--bars", bars_csv)
    assert done.code == 2
    assert "it looks ahead" in done.err
    Path("free.py").write_text(
        "from freqtrade.strategy import IStrategy\nclass Free(IStrategy):\n    stoploss = -0.1\n"
        "    def populate_indicators(self, dataframe, metadata):\n        return dataframe\n"
        "    def populate_entry_trend(self, dataframe, metadata):\n"
        "        dataframe['enter_long'] = (dataframe['close'] > dataframe['open']) * 1\n"
        "        return dataframe\n"
    )
    out = edgekeeper("strategies", "check", "free.py", "--bars", bars_csv).out
    assert "does not look ahead" in out
    assert "stoploss: brackets of the configuration close trades" in out


def test_several_leave_their_own_votes_on_record(edgekeeper, bars_csv):
    Path("edgekeeper.toml").write_text(
        "rules.threshold = 0.0\n"
        "rules.several = [{strategy = 'scoring'}, {strategy = 'breakout', name = 'range'}]\n"
        + NO_LINES
    )
    done = edgekeeper("replay", "--bars", bars_csv, "--json")
    assert done.code == 0, done.err
    with Ledger.open(Path("edgekeeper-run/ledger.sqlite")) as ledger:
        signals = ledger.read("signals", ["event_time_ns", "symbol", "side", "source"])
        trades = ledger.read("trades", where={"account": "edgekeeper"})
        behind = sources_of(ledger, trades, load_config()[0])
    votes = signals.filter(pl.col("source").str.starts_with("rules:"))
    assert set(votes["source"]) == {"rules:scoring", "rules:range"}
    rules = signals.filter(pl.col("source") == "rules")
    key = ["event_time_ns", "symbol", "side"]
    assert rules.join(votes, on=key, how="anti").height == 0, "each has a vote behind it"
    assert not rules.select(key[:2]).is_duplicated().any(), "one traded signal a bar"
    assert not votes.is_duplicated().any()
    said = votes.with_columns(pl.col("source").str.strip_prefix("rules:")).group_by(key)
    agreed = said.agg(pl.col("source").sort(descending=True))
    names = {tuple(row[:3]): row[3] for row in agreed.select(*key, "source").rows()}
    assert {"scoring", "scoring + range"} <= set(behind)
    for trade, who in zip(trades.iter_rows(named=True), behind, strict=True):
        bar = (trade["decision_time_ns"], trade["symbol"], trade["side"])
        assert names[bar] == who.split(" + ")
    text = "SELECT id, confirmations_count FROM ml_trade_features"
    trades = edgekeeper("sql", text, "--json").json
    rows = trades["rows"] if isinstance(trades, dict) else trades
    assert len(rows) > 3
    counts = {row["confirmations_count"] if isinstance(row, dict) else row[1] for row in rows}
    assert counts == {1, 2}


def test_a_file_is_pinned_to_its_content_wherever_it_is(tmp_path, monkeypatch):
    hashes = set()
    for folder in ("one", "two"):
        place = tmp_path / folder
        place.mkdir()
        (place / "mine.py").write_text("def signals(bars):\n    return [0] * bars.height\n")
        (place / "edgekeeper.toml").write_text('rules.file = "mine.py"')
        config, _ = load_config(str(place / "edgekeeper.toml"), seed=4)
        assert config.rules.file == str(place / "mine.py")
        hashes.add(config.hash())
    assert len(hashes) == 1
    written = tmp_path / "written.toml"
    written.write_text(config_text(config))
    assert load_config(str(written))[0] == config
    (tmp_path / "two" / "mine.py").write_text("def signals(bars):\n    return [1] * bars.height\n")
    with pytest.raises(UsageError, match="file_hash out"):
        load_config(str(written))
    changed, _ = load_config(str(tmp_path / "two" / "edgekeeper.toml"), seed=4)
    assert changed.hash() not in hashes
    (tmp_path / "two" / "mine.py").unlink()
    with pytest.raises(StorageError, match="new strategy"):
        load_config(str(written))
    assert Config().hash() not in hashes
