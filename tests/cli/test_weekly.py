"""The week's validation in one command: packages on later bars, drift, and an exit code."""

import json
import shutil

import pytest

from edgekeeper.ledger import Ledger

WEEK_NS = 7 * 86_400 * 10**9


@pytest.fixture
def run(fitted, tmp_path):
    return shutil.copytree(fitted, tmp_path / "run")


def test_the_newest_package_with_a_week_behind_it_is_judged_as_validate_does(edgekeeper, fitted):
    done = edgekeeper("weekly", "--run", fitted, "--json")
    figures = done.json
    (one,) = figures["validated"]
    assert (one["line"], one["trades"]) == ("linear", False)
    with Ledger.open(fitted / "ledger.sqlite", read_only=True) as ledger:
        rows = ledger.read("packages", where={"verdict": "accepted"}).to_dicts()
    old = [row["hash"] for row in rows if row["window_end_ns"] <= figures["until_ns"] - WEEK_NS]
    assert one["package"] == old[-1]
    alone = edgekeeper("validate", one["package"], "--run", fitted, "--json").json
    assert one["certificate"]["verdict"] == one["answer"] == alone["verdict"]
    assert one["certificate"]["gates"] == alone["gates"]
    assert done.code == (1 if figures["wants"] else 0)
    assert figures["sentence"]


def test_a_package_that_trades_and_is_refused_ends_it_with_a_code(edgekeeper, run):
    with (
        Ledger.open(run / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=10**18) as tx,
    ):
        tx.append("stages", {"event_time_ns": 10**18, "line": "linear", "from_stage": "shadow",
                             "to_stage": "production", "reason": "r", "actor": "rule"})  # fmt: skip
    done = edgekeeper("weekly", "--run", run, "--out", "pages")
    assert done.code == 4
    text = " ".join(done.out.split())
    assert "To look at" in text
    assert "line linear: refused: " in text
    pages = sorted(path.suffix for path in (run.parent / "pages").iterdir())
    assert pages == [".html", ".json", ".md"]
    page = next((run.parent / "pages").glob("*.html")).read_text("utf-8")
    assert "What packages were worth on bars that came after them" in page


def test_a_package_that_is_gone_is_named_and_not_judged(edgekeeper, run):
    (before,) = edgekeeper("weekly", "--run", run, "--json").json["validated"]
    shutil.rmtree(run / "models" / "packages" / before["package"])
    (one,) = edgekeeper("weekly", "--run", run, "--json").json["validated"]
    assert one["answer"] == "not judged"
    assert "expected package" in one["reasons"][0]


def test_there_is_no_run(edgekeeper):
    done = edgekeeper("weekly", "--json")
    assert (done.code, json.loads(done.out)["error"]["kind"]) == (2, "UsageError")
