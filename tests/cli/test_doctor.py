import importlib.metadata
import os
import sys

import pytest

from edgekeeper.cli import machine
from edgekeeper.cli.machine import check_machine

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
