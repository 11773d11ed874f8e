"""What the disk, other processes and the clock do to a run: said plainly, exit code 6, no harm."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from edgekeeper.clock import WallClock
from edgekeeper.ledger import Ledger


@pytest.fixture
def again(edgekeeper, fitted, tmp_path):
    """Replay once more into a copy of a finished run."""
    run = shutil.copytree(fitted, tmp_path / "run")
    words = ("replay", "--bars", fitted.parent / "bars.csv", "--config",
             fitted.parent / "small.toml", "--out", run)  # fmt: skip
    return run, lambda: edgekeeper(*words)


def holds(edgekeeper, run):
    done = edgekeeper("audit", "--run", run)
    assert (done.code, "The record is whole" in done.out) == (0, True), done.err


def test_another_process_that_writes_the_same_ledger(edgekeeper, again):
    run, replay = again
    with Ledger.open(run / "ledger.sqlite") as other, other.transaction("trade"):
        done = replay()
    assert done.code == 6
    assert f"only writer of role 'trade', but process {os.getpid()}" in done.err
    holds(edgekeeper, run)


def test_a_locked_database(edgekeeper, fitted, tmp_path, monkeypatch):
    """It is longer held than anybody waits."""
    place = tmp_path / "run" / "ledger.sqlite"
    Ledger.open(place).close()
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patient = Ledger.open.__kwdefaults__
    monkeypatch.setitem(patient, "patience_s", 0.1)
    words = ("replay", "--bars", fitted.parent / "bars.csv", "--config",
             fitted.parent / "small.toml", "--out", place.parent)  # fmt: skip
    done = edgekeeper(*words)
    assert (done.code, "another process holds the database" in done.err) == (6, True)
    other.execute("ROLLBACK")
    other.close()
    assert edgekeeper(*words).code == 0
    holds(edgekeeper, place.parent)


def test_a_folder_that_takes_no_writes(fitted, tmp_path):
    """Permissions do not stop root: the folder is mounted for reading."""
    unshare = shutil.which("unshare")
    probe = [unshare, "-m", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if unshare is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a folder of their own")
    script = (
        'mount -t tmpfs -o ro tmpfs "$1" && exec "$2" -m edgekeeper replay --bars "$3" --out "$1"'
    )
    words = [tmp_path, sys.executable, fitted.parent / "bars.csv"]
    done = subprocess.run(
        [unshare, "-m", "sh", "-c", script, "sh", *map(str, words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 6, done.stderr
    assert "may be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_clock_that_goes_backwards_changes_nothing(edgekeeper, again):
    """Signs of life stand in the order of writing, whatever the machine's clock said."""
    run, _ = again
    with Ledger.open(run / "ledger.sqlite") as ledger:
        for wall in (3_000, 1_000, 2_000):
            with ledger.transaction("operations") as tx:
                tx.append("heartbeats", {"wall_time_ns": wall, "process": "t", "state": "alive"})
        assert ledger.read("heartbeats")["wall_time_ns"].to_list() == [3_000, 1_000, 2_000]
    holds(edgekeeper, run)


def test_a_run_that_keeps_no_detail_says_so(edgekeeper, again):
    run, replay = again
    with Ledger.open(run / "ledger.sqlite") as ledger:
        ledger.archive(WallClock()).stop_detail("4.0% of the disk is free, less than 10%")
    why = "of the disk is free, less than 10%"
    assert why in " ".join(edgekeeper("status", "--run", run).out.split())
    (told,) = edgekeeper("status", "--run", run, "--json").json["not_kept"]
    assert told.startswith("forecasts were not kept from")
    assert told in " ".join(replay().out.split())
    (gap,) = json.loads((run / "summary.json").read_text())["not_kept"]
    assert (gap["table"], gap["told"]) == ("forecasts", told)
