"""Bad files of bars: the right exit code, a clear line, and nothing half-written."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

HEADER = "Date,Open,High,Low,Close,Volume\n"
ROW = "2024-01-0{},10,11,9,10.5,100\n"
TWO = HEADER + ROW.format(2) + ROW.format(3)

REFUSED = {
    "empty": ("", "empty file"),
    "blank": (" \n\n", "empty file"),
    "header alone": (HEADER, "no rows"),
    "one row": (HEADER + ROW.format(2), "at least two bars"),
    "text in prices": (HEADER + "2024-01-02,ten,11,9,10,1\n2024-01-03,x,11,9,10,1\n", "text in"),
    "negative": (TWO.replace(",10,11,9,", ",-10,11,-9,"), "zero or negative"),
    "zero": (TWO.replace(",10,11,9,", ",0,11,0,"), "zero or negative"),
    "high below low": (TWO.replace(",10,11,9,", ",10,9,11,"), "high below low"),
    "missing column": (TWO.replace("Close", "Comment"), "close"),
    "no header": (TWO.removeprefix(HEADER), "column names"),
    "random bytes": (np.random.default_rng(5).bytes(5_000), "UTF-8"),
    "zero bytes": ("\x00" * 100, "zero bytes"),
    "no dates": (TWO.replace("2024-01-0", "day "), "day 2"),
}


@pytest.mark.parametrize("as_json", [False, True], ids=["line", "json"])
@pytest.mark.parametrize("case", REFUSED)
def test_files_that_are_no_bars(edgekeeper, tmp_path, case, as_json):
    content, says = REFUSED[case]
    file = tmp_path / "bars.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = edgekeeper("replay", "--bars", file, *["--json"] * as_json)
    assert done.code == 3, done.err
    assert says.lower() in done.err.lower()
    if as_json:
        assert done.json["error"]["exit_code"] == 3
    else:
        assert done.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["bars.csv"]


def test_duplicates_and_disorder_are_worked_with(edgekeeper, frame, tmp_path):
    mixed = pl.concat([frame, frame.head(20)]).sample(fraction=1.0, shuffle=True, seed=1)
    mixed.write_csv(tmp_path / "bars.csv")
    done = edgekeeper("replay", "--bars", "bars.csv", "--json")
    assert done.code == 0
    assert done.json["bars"] == 300
    assert "20 rows in quarantine: the same bar once more (20)" in done.err
    frame.write_csv(tmp_path / "clean.csv")
    clean = edgekeeper("replay", "--bars", "clean.csv", "--out", "b", "--json")
    assert clean.json["ledger"] == done.json["ledger"]


def test_mixed_zones_have_to_be_settled(edgekeeper, tmp_path):
    rows = ["2024-03-08T15:00:00-05:00", "2024-03-11T15:00:00-04:00", "2024-03-12T15:00:00-04:00"]
    text = "timestamp,open,high,low,close\n" + "".join(f"{t},10,11,9,10\n" for t in rows)
    (tmp_path / "bars.csv").write_text(text)
    done = edgekeeper("import", "bars.csv", "--out", "store")
    assert done.code == 3
    assert "name the zone" in done.err
    assert not (tmp_path / "store").exists()
    assert edgekeeper("import", "bars.csv", "--out", "store", "--tz", "America/New_York").code == 0
    (tmp_path / "bars.csv").write_text(text.replace("15:00:00-05:00", "15:00:00"))
    assert edgekeeper("import", "bars.csv", "--out", "other").code == 3


def test_wrong_words_name_the_right_ones(edgekeeper, bars_csv):
    wrong = {
        ("--tz", "America/NewYork"): "America/New_York",
        ("--stamp", "strat"): "did you mean 'start'",
        ("--venue", "XNYSE"): "XNYS",
        ("--interval", "5mm"): "5m",
        ("--symbols", "MSF"): "did you mean 'MSFT'",
    }
    for words, says in wrong.items():
        done = edgekeeper("replay", "--bars", bars_csv, *words)
        assert done.code == 2, (words, done.err)
        assert says in done.err
    assert not (bars_csv.parent / "edgekeeper-run").exists()


def test_nothing_there(edgekeeper, bars_csv):
    done = edgekeeper("replay", "--bars", "bras.csv")
    assert done.code == 6
    assert "did you mean 'bars.csv'" in done.err
    (bars_csv.parent / "empty").mkdir()
    assert edgekeeper("replay", "--bars", "empty").code == 3


def test_an_unknown_key_of_the_configuration(edgekeeper, bars_csv):
    (bars_csv.parent / "edgekeeper.toml").write_text('fallbak = "cash"')
    done = edgekeeper("replay", "--bars", bars_csv)
    assert done.code == 2
    assert "did you mean 'fallback'" in done.err


@pytest.mark.parametrize("command", ["replay", "demo", "import", "init", "train"])
def test_a_folder_that_cannot_be_made(edgekeeper, bars_csv, command):
    """Below a regular file nobody can make a folder, whoever runs the test."""
    out = bars_csv / "below"
    words = {
        "replay": ("--bars", bars_csv, "--out", out),
        "demo": ("--markets", "noise", "--out", out),
        "import": (bars_csv, "--out", out),
        "init": (out, "--yes"),
        "train": ("--bars", "bundled", "--symbols", "IBM", "--learner", "logistic",
                  "--features", "returns", "--out", out),
    }[command]  # fmt: skip
    before = bars_csv.read_bytes()
    done = edgekeeper(command, *words)
    assert done.code == 6, done.err
    assert "Traceback" not in done.err
    assert bars_csv.read_bytes() == before


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.argv = ["edgekeeper", *{words!r}]
from edgekeeper.__main__ import main
main()
"""


@pytest.mark.parametrize("command", ["replay", "import"])
def test_a_full_disk(bars_csv, command):
    words = {
        "replay": ["replay", "--bars", "bars.csv", "--json"],
        "import": ["import", "bars.csv", "--out", "store"],
    }[command]
    limit = {"replay": 64_000, "import": 2_000}[command]
    done = subprocess.run(
        [sys.executable, "-c", FULL.format(limit=limit, words=words)],
        capture_output=True, text=True, timeout=60, check=False, cwd=bars_csv.parent,
    )  # fmt: skip
    assert done.returncode == 6, done.stderr
    assert "Traceback" not in done.stderr
    assert "half-written" in done.stderr or "unchanged" in done.stderr
    assert not list(bars_csv.parent.rglob("*.tmp"))
    assert not list(bars_csv.parent.glob("store/1d/*"))
