"""``analyze``, ``review`` and expected dates over a run that fitted models."""

import json
import math
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from edgekeeper.ledger import Ledger
from edgekeeper.market import longest_snapshot


def test_analyze_takes_the_profit_apart_as_the_record_has_it(edgekeeper, fitted):
    figures = edgekeeper("analyze", "--run", fitted, "--json").json
    summary = json.loads((fitted / "summary.json").read_text())
    found = figures["attribution"]
    assert found["total"] == pytest.approx(summary["equity_net"] - 100_000.0, abs=0.006)
    assert found["still_open"] == pytest.approx(open_profit(fitted), abs=0.02)
    for condition in ("symbol", "side", "source", "regime", "line", "package", "exit"):
        shares = found[condition]
        assert sum(one["trades"] for one in shares) == summary["trades"]
        total = sum(round(100 * one["profit"]) for one in shares)
        assert total == round(100 * (found["total"] - found["still_open"]))
    assert figures["conditions_tested"] >= 1
    assert figures["sentence"]


def open_profit(run):
    """What positions without an exit have made at the last price, read from fills and bars."""
    bars = longest_snapshot(run / "bars")
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        fills = ledger.read("fills", where={"account": "edgekeeper"})
        closed = ledger.read("trades", where={"account": "edgekeeper"})
    done = set(zip(closed["symbol"], closed["decision_time_ns"], strict=True))
    profit = 0.0
    for row in fills.iter_rows(named=True):
        symbol, decided = row["order_id"].split("@")
        if row["action"] != "open" or (symbol, int(decided)) in done:
            continue
        rows = bars.symbol == bars.symbols.index(symbol)
        last = bars.close[rows][-1]
        sign = 1.0 if row["side"] == "long" else -1.0
        profit += sign * row["quantity"] * (last - row["price"])
    return profit


def test_analyze_says_it_plainly(edgekeeper, fitted, tmp_path):
    page = tmp_path / "page.html"
    done = edgekeeper("analyze", "--run", fitted, "--out", page)
    assert done.code == 0
    first = done.out.strip().splitlines()[0]
    assert "conditions" in first
    assert "No line has reached an A/B test" in done.out
    assert "are the least to trust figures" in done.out
    text = page.read_text()
    assert first in text
    assert "<script" not in text
    assert "http" not in text.split("</style>")[1]
    for kind in (".md", ".json"):
        edgekeeper("analyze", "--run", fitted, "--out", page.with_suffix(kind))
    assert page.with_suffix(".md").read_text().startswith("# What run teaches")
    assert json.loads(page.with_suffix(".json").read_text())["sentence"] == first
    refused = edgekeeper("analyze", "--run", fitted, "--out", "page.pdf")
    assert (refused.code, ".html, .md, .json" in refused.err) == (2, True)


def test_what_stands_out_stands_within_its_rate(edgekeeper, fitted):
    figures = edgekeeper("analyze", "--run", fitted, "--json").json
    for part in figures["stay_out"] + figures["favourable"]:
        assert min(part["q_below"], part["q_above"]) <= 0.05
        assert part["count"] >= 20
    for part in figures["conditions"]:
        if part["low"] is not None:
            assert part["low"] <= part["mean"] <= part["high"]


def test_review_writes_three_files_that_agree(edgekeeper, fitted, tmp_path):
    done = edgekeeper("review", "--run", fitted, "--out", tmp_path / "reviews", "--json")
    assert done.code == 0
    figures = done.json
    files = {Path(name).suffix: Path(name) for name in figures["files"]}
    assert set(files) == {".html", ".md", ".json"}
    assert json.loads(files[".json"].read_text())["sentence"] == figures["sentence"]
    assert figures["sentence"] in files[".html"].read_text()
    assert "| Edgekeeper |" in files[".md"].read_text()
    assert re.fullmatch(r"review-week-2\d{3}-\d\d-\d\d", files[".md"].stem)
    assert figures["until_ns"] - figures["since_ns"] == 7 * 86_400 * 10**9
    assert figures["decision"]["decision"] in ("full refit", "tune", "online updates")
    assert {one["name"] for one in figures["accounts"]} == {"edgekeeper", "rules", "always_newest"}
    (line,) = figures["lines"]
    assert line["recent"]["count"] > 0
    assert 0.0 <= line["recent"]["accuracy"] <= 1.0
    assert line["recent"]["majority"] >= 0.5


def test_a_review_reads_nothing_of_what_came_later(edgekeeper, fitted, frame, tmp_path):
    """It says of a past day what was said on that day."""
    then = date(2000, 8, 15)
    frame.filter(pl.col("Date") <= then).write_csv(tmp_path / "then.csv")
    done = edgekeeper(
        "replay", "--bars", tmp_path / "then.csv", "--config", fitted.parent / "small.toml",
        "--out", tmp_path / "then", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    later = edgekeeper("review", "--run", fitted, "--until", then, "--json").json
    on_the_day = edgekeeper("review", "--run", tmp_path / "then", "--json").json
    assert later["lines"][0]["recent"]["count"] > 0
    assert later["expected"]
    assert later == on_the_day
    before = edgekeeper("review", "--run", fitted, "--until", "1990-01-01")
    assert (before.code, "after the first bar" in before.err) == (3, True)


def test_growth_is_that_of_the_marks(edgekeeper, fitted):
    figures = edgekeeper("review", "--run", fitted, "--json").json
    with Ledger.open(fitted / "ledger.sqlite", read_only=True) as ledger:
        marks = ledger.read("equity", where={"account": "edgekeeper"}).sort("event_time_ns")
    start = marks.filter(marks["event_time_ns"] <= figures["since_ns"])["equity"][-1]
    mine = next(one for one in figures["accounts"] if one["name"] == "edgekeeper")
    assert mine["growth"] == pytest.approx(marks["equity"][-1] / start - 1.0)


def test_a_line_in_shadow_says_when_its_evidence_may_be_in(edgekeeper, fitted):
    (line,) = edgekeeper("status", "--run", fitted, "--json").json["lines"]
    expected = line["expected"]
    assert line["stage"] == "shadow"
    assert expected["state"] in ("expected", "not at this pace", "too early")
    assert math.exp(expected["pace"]["log_now"]) == pytest.approx(line["evidence"])
    assert math.exp(expected["pace"]["threshold"]) == pytest.approx(line["needed"])
    (told,) = edgekeeper("report", fitted, "--json").json["lines"]
    assert told["expected"]["sentence"] == expected["sentence"]
    done = edgekeeper("status", "--run", fitted)
    assert expected["sentence"] in " ".join(done.out.split())
    assert expected["sentence"] in (fitted / "report.html").read_text()


def test_nowhere_to_look(edgekeeper):
    assert edgekeeper("analyze").code == 2
    assert edgekeeper("review").code == 2
    assert edgekeeper("review", "--period", "month").code == 2
