import importlib.metadata
import os
import shutil
import sys

import pytest

from edgekeeper.cli import machine
from edgekeeper.cli.machine import check_machine
from edgekeeper.ledger import Ledger
from edgekeeper.watch import Heart, last_beat

NAMES = {"Python", "Processor", "Memory", "Disk", "Folder", "Clock", "Time zones", "Compiled code",
         "Terminal"}  # fmt: skip


def by_name(folder):
    return {check.name: check for check in check_machine(folder)}


def test_this_machine_is_fit(edgekeeper):
    done = edgekeeper("doctor", "--json")
    assert done.code == 0
    assert done.json["ok"] is True
    checks = {check["name"]: check for check in done.json["checks"]}
    assert set(checks) > NAMES | {"numpy", "lightgbm", "protobuf"}
    assert checks["numpy"]["found"] == importlib.metadata.version("numpy")
    shown = edgekeeper("doctor").out
    assert "✓ Python" in shown
    assert "✓ Libraries" in shown
    assert "Fit to work" in shown or "All is well" in shown


def test_whatever_fails_says_the_fix(tmp_path):
    assert all(check.fix for check in check_machine(tmp_path) if check.outcome != "ok")


def test_a_missing_library_fails(edgekeeper, monkeypatch):
    monkeypatch.setattr(
        machine.metadata, "requires", lambda _: ["no-such-thing>=1", "numpy>=999", "typer>=0.1"]
    )
    done = edgekeeper("doctor")
    assert done.code == 1
    assert "✗ no-such-thing" in done.out
    assert "✗ numpy" in done.out
    assert "fix: expected >=999" in done.out
    assert "2 things keep Edgekeeper from working" in done.out


@pytest.mark.parametrize(
    ("found", "bounds", "fits"),
    [
        ("2.0", ">=2.0.0", True),
        ("6.33.6", ">=6.33,<7", True),
        ("7.0.0", ">=6.33,<7", False),
        ("1.19", ">=2.4", False),
        ("2.10.1", ">=2.4", True),
        ("2.13.0+cpu", ">=2.13", True),
    ],
)
def test_versions_are_compared_as_numbers(found, bounds, fits, monkeypatch):
    monkeypatch.setattr(machine.metadata, "requires", lambda _: [f"thing{bounds}"])
    monkeypatch.setattr(machine.metadata, "version", lambda _: found)
    (check,) = machine._libraries()
    assert (check.outcome == "ok") is fits


def test_a_folder_that_is_not_there_yet(tmp_path):
    checks = by_name(tmp_path / "not" / "yet")
    assert checks["Folder"].outcome == "ok"
    assert "GB free" in checks["Disk"].found


def test_a_read_only_place(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    checks = by_name(tmp_path)
    assert checks["Folder"].outcome == checks["Compiled code"].outcome == "fail"
    assert "NUMBA_CACHE_DIR" in checks["Compiled code"].fix


def test_a_clock_before_the_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.time, "time", lambda: 86_400.0)
    check = by_name(tmp_path)["Clock"]
    assert (check.outcome, check.fix) == ("fail", "set the clock")
    assert check.found.startswith("1970-01-02")


def test_a_terminal_that_cannot_draw(tmp_path, monkeypatch):
    class Ascii:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stdout", Ascii())
    assert by_name(tmp_path)["Terminal"].outcome == "warn"


def test_it_says_what_chance_does_to_the_streak_guard(edgekeeper):
    checks = {check["name"]: check for check in edgekeeper("doctor", "--json").json["checks"]}
    assert (
        "3 losing bars in a row pause the model: by chance alone once in 14 results"
        in (checks["Streak guard"]["found"])
    )
    assert "Watch" not in checks


def looked_at(edgekeeper, folder):
    done = edgekeeper("doctor", "--run", folder, "--json")
    checks = {check["name"]: check for check in done.json["checks"]}
    return {name: checks[name] for name in ("Trading", "Watch", "Streak guard")}, done.code


def test_a_run_is_looked_at_too(edgekeeper, fitted, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(fitted, folder)
    found, code = looked_at(edgekeeper, folder)
    assert (found["Trading"]["found"], found["Trading"]["outcome"]) == ("never began here", "ok")
    assert code == 0
    trade = Heart(folder, "trade", 0.0)
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        ledger.transaction("trade")  # as the loop does: it holds the right to write
        trade.beat("alive")
        found, code = looked_at(edgekeeper, folder)
        assert (found["Watch"]["outcome"], code) == ("fail", 1)
        assert "edgekeeper watch --run" in found["Watch"]["fix"]
        Heart(folder, "watch", 0.0).beat()
        found, code = looked_at(edgekeeper, folder)
        assert (found["Watch"]["outcome"], code) == ("ok", 0)
        trade.beat("failed")
        found, code = looked_at(edgekeeper, folder)
        assert (found["Trading"]["outcome"], code) == ("fail", 1)
        assert "ended by an error" in found["Trading"]["found"]


def test_a_runs_own_share_of_losses_counts(edgekeeper, fitted, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(fitted, folder)
    with (
        Ledger.open(folder / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=10**18) as tx,
    ):
        tx.append("trades", {"exit_time_ns": [10**18 + k for k in range(40)],
                             "account": "edgekeeper", "symbol": "A", "side": "long",
                             "quantity": 1.0, "entry_price": 1.0, "model": "m",
                             "net_return": [-0.1] * 8 + [0.1] * 32})  # fmt: skip
    found, _ = looked_at(edgekeeper, folder)
    assert (
        "once in 155 results, at its model's own 20% of losing bars"
        in (found["Streak guard"]["found"])
    )


def test_the_watch_agrees_with_a_replays_guards(edgekeeper, fitted, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(fitted, folder)
    done = edgekeeper("watch", "--run", folder, "--seconds", "0.1", "--json")
    assert (done.code, done.json["ordered"]) == (0, [])
    assert last_beat(folder, "watch").state == "stopped"
    with (
        Ledger.open(folder / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=10**18) as tx,
    ):
        tx.append("equity", {"event_time_ns": 10**18, "account": "edgekeeper", "equity": 1.0})
    done = edgekeeper("watch", "--run", folder, "--seconds", "0.1")
    assert done.code == 5
    assert "Ordered a halt: account drawdown" in " ".join(done.out.split())
