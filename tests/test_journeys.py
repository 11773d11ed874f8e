"""Whole journeys, as processes: from an empty folder to the reasons of a decision."""

import json
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from edgekeeper.market import load_bars


def start(*words, cwd, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "edgekeeper", *map(str, words)],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True, **options,
    )  # fmt: skip


def run(*words, cwd, code=0, **options):
    process = start(*words, cwd=cwd, **options)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    return out, err


@pytest.fixture
def folder(tmp_path):
    bars = load_bars("bundled", ["IBM", "MSFT"]).bars.rows(0, 300).to_polars()
    bars.select(
        pl.col("timestamp").dt.date().alias("Date"), "symbol", "open", "high", "low", "close"
    ).write_csv(tmp_path / "bars.csv")
    return tmp_path


def test_from_an_empty_folder_to_the_reasons(folder):
    out, _ = run("init", "--yes", cwd=folder)
    assert "edgekeeper replay" in out
    out, err = run("replay", "--bars", "bars.csv", "--json", cwd=folder)
    summary = json.loads(out)
    assert summary["bars"] == 300
    assert "configuration: edgekeeper.toml" in err
    out, _ = run("why", "MSFT", "--at", "2000-05-01", cwd=folder)
    assert "MSFT" in out
    assert "data fresh" in out
    out, _ = run("status", "--json", cwd=folder)
    assert json.loads(out)["ledger"] == summary["ledger"]
    out, _ = run("models", "list", cwd=folder)
    assert "No model was fitted" in out
    out, _ = run("replay", "--bars", "bars.csv", "--json", cwd=folder)
    assert json.loads(out)["ledger"] == summary["ledger"], "a second run proves the first"
    _, err = run("replay", "--bars", "bars.csv", "--seed", "5", cwd=folder, code=2)
    assert "holds another run, made with seed = 0, now it is 5" in err
    out, _ = run("audit", "--json", cwd=folder)
    assert json.loads(out)["ledger"] == summary["ledger"]


def test_an_ascii_terminal_is_no_reason_to_fail(folder):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    out, err = run("replay", "--bars", "bars.csv", cwd=folder, env=environment)
    assert "Report" in out
    assert out.isascii()
    assert err == ""


def test_a_reader_that_leaves_early(folder):
    process = start("doctor", cwd=folder)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait(timeout=60) == 1


def test_interrupted_it_says_so_and_stops(folder):
    process = start("demo", "--markets", "noise", cwd=folder)
    assert process.stdout is not None
    assert "1 market, about 1 minute" in process.stdout.readline()
    deadline = time.monotonic() + 60
    while not (folder / "edgekeeper-demo/noise/ledger.sqlite").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip().endswith("stays where it is")
    assert "Traceback" not in err
