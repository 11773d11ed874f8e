import json

import polars as pl
import pytest

from edgekeeper.market import load_bars

KEYS = {
    "bars", "symbols", "first", "last", "signals", "decisions", "trades", "equity_net",
    "equity_net_double_cost", "baseline", "always_newest", "buy_and_hold", "sharpe",
    "max_drawdown", "lines", "models", "promotions", "refusals", "refits", "drift_alarms", "pauses",
    "halts", "ledger", "wall_seconds",
}  # fmt: skip
FILES = {"ledger.sqlite", "decisions.csv", "equity.csv", "summary.json", "report.html"}


def test_the_contract_of_json(edgekeeper, bars_csv):
    done = edgekeeper("replay", "--bars", bars_csv, "--json")
    assert done.code == 0
    figures = done.json
    assert set(figures) >= KEYS
    assert (figures["bars"], figures["symbols"]) == (300, ["IBM", "MSFT"])
    assert set(figures["decisions"]) == {"take", "reduce", "skip"}
    assert sum(figures["decisions"].values()) == 300
    run = bars_csv.parent / "edgekeeper-run"
    assert {path.name for path in run.iterdir()} >= FILES
    assert json.loads((run / "summary.json").read_text())["ledger"] == figures["ledger"]
    assert "daily dates" in done.err or "a date means" in done.err


def test_what_people_read(edgekeeper, bars_csv):
    done = edgekeeper("replay", "--bars", bars_csv, "--out", "mine")
    assert done.code == 0
    assert "bars.csv: 300 bars of 2 symbols, 1d" in done.out
    assert "configuration: defaults" in done.out
    assert "too few bars for a first fit" in done.out
    assert "Nothing earned" in done.out or "Nothing was judged" in done.out
    assert "edgekeeper why IBM --run mine" in done.out
    assert done.err == ""


def test_symbols_seed_and_configuration(edgekeeper, bars_csv):
    first = edgekeeper("replay", "--bars", bars_csv, "--symbols", "MSFT", "--json").json
    assert first["symbols"] == ["MSFT"]
    (bars_csv.parent / "edgekeeper.toml").write_text("costs.fee_bps = 90")
    done = edgekeeper("replay", "--bars", bars_csv, "--seed", 7, "--out", "b", "--json")
    assert "configuration: edgekeeper.toml" in done.err
    other = edgekeeper("replay", "--bars", bars_csv, "--out", "c", "--json").json
    assert other["ledger"] != done.json["ledger"], "the seed is part of the record"
    again = edgekeeper("replay", "--bars", bars_csv, "--seed", 7, "--out", "d", "--json").json
    assert again["ledger"] == done.json["ledger"]


def test_a_run_is_proved_and_never_overwritten(edgekeeper, bars_csv):
    assert edgekeeper("replay", "--bars", bars_csv).code == 0
    record = (bars_csv.parent / "edgekeeper-run/ledger.sqlite").read_bytes()
    assert edgekeeper("replay", "--bars", bars_csv).code == 0
    done = edgekeeper("replay", "--bars", bars_csv, "--symbols", "IBM")
    assert done.code == 2
    assert "holds another run, made with symbols IBM, MSFT" in done.err
    assert "--out" in done.err
    assert (bars_csv.parent / "edgekeeper-run/ledger.sqlite").read_bytes() == record


def test_context_from_a_file_and_from_the_bundle(edgekeeper, bars_csv, frame):
    facts = frame.filter(pl.col("symbol") == "IBM").select("Date", mood=pl.col("Close"))
    facts.write_csv("mood.csv")
    (bars_csv.parent / "edgekeeper.toml").write_text('rules.entry_long = "MOOD.mood > 0"')
    done = edgekeeper("replay", "--bars", bars_csv, "--context", "MOOD=mood.csv", "--json")
    assert done.code == 0, done.err
    assert done.json["trades"] > 10
    done = edgekeeper("replay", "--bars", bars_csv, "--context", "VIX=bundled", "--out", "b")
    assert done.code != 0
    assert "MOOD.mood" in done.err, "the rules name a column that is not there now"


@pytest.mark.parametrize("text", ["VIX", "=file", "VIX=", "V IX=mood.csv"])
def test_a_context_that_is_none(edgekeeper, bars_csv, text):
    (bars_csv.parent / "mood.csv").write_text("Date,x\n2010-01-05,1\n2010-01-06,2\n")
    done = edgekeeper("replay", "--bars", bars_csv, "--context", text)
    assert done.code == 2
    assert "context" in done.err


def test_bad_rows_are_kept_beside_the_run(edgekeeper, bars_csv):
    with bars_csv.open("a") as file:
        file.write("2000-12-29,IBM,1,2,3,1,5\n")
    assert edgekeeper("replay", "--bars", bars_csv, "--out", "run").code == 0
    (kept,) = bars_csv.parent.glob("run/quarantine-*.parquet")
    assert pl.read_parquet(kept)["reason"].to_list() == ["high below low"]


def test_an_account_that_never_trades(edgekeeper, bars_csv):
    (bars_csv.parent / "edgekeeper.toml").write_text('fallback = "cash"')
    done = edgekeeper("replay", "--bars", bars_csv, "--json")
    assert done.code == 0
    assert done.json["trades"] == 0
    assert done.json["sharpe"] is None


def test_the_library_does_what_the_command_does(edgekeeper, bars_csv):
    from edgekeeper import Bars, replay

    figures = edgekeeper("replay", "--bars", bars_csv, "--json").json
    source = load_bars("bundled", ["IBM", "MSFT"]).bars.rows(0, 300)
    frame = source.to_polars().drop("adjustment", "known_time")
    run = replay(frame)
    assert run.summary["ledger"] == figures["ledger"]
    assert replay(Bars.from_frame(frame)).summary["ledger"] == figures["ledger"]
    assert run.out is None
