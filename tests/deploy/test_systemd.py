"""Units are what systemd takes, closed as far as they can be, and call commands that there are."""

import re
import subprocess
from pathlib import Path

import pytest
import typer

from edgekeeper.__main__ import app

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
TIMERS = sorted(UNITS.glob("*.timer"))
_MOST_EXPOSED = 20  # tenths, of 100; a unit that says nothing has 96


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The units of an instance called main, whose program is one that every machine has."""
    folder = tmp_path_factory.mktemp("units")
    for unit in (*SERVICES, *TIMERS):
        text = unit.read_text("utf-8").replace("/opt/edgekeeper/bin/edgekeeper", "/bin/true")
        (folder / unit.name.replace("@.", "@main.")).write_text(text)
    return folder


def test_systemd_takes_them(installed, program):
    analyze = program("systemd-analyze")
    units = sorted(installed.iterdir())
    assert len(units) == 7
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", *units]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_they_are_exposed_to_little(installed, program):
    analyze = program("systemd-analyze")
    for unit in sorted(installed.glob("*.service")):
        command = [analyze, "security", "--offline=true", "--no-pager",
                   f"--threshold={_MOST_EXPOSED}", unit]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_the_service_is_kept_alive_and_bounded():
    text = (UNITS / "edgekeeper@.service").read_text("utf-8")
    for line in ("Type=notify", "Restart=always", "StartLimitIntervalSec=0", "WatchdogSec=60",
                 "MemoryMax=2G", "After=network-online.target time-sync.target postgresql.service",
                 "Wants=network-online.target", "User=edgekeeper", "CapabilityBoundingSet=",
                 ):  # fmt: skip
        assert f"\n{line}\n" in text, line


def test_what_was_missed_is_made_up_for():
    for timer in TIMERS:
        text = timer.read_text("utf-8")
        assert "Persistent=true" in text, timer.name
        assert timer.with_suffix(".service").is_file()


def commands():
    for unit in SERVICES:
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
            yield pytest.param(line.split(), id=f"{unit.stem} {' '.join(line.split()[1:3])}")


@pytest.mark.parametrize("words", list(commands()))
def test_commands_and_their_options_exist(words):
    assert words[0] == "/opt/edgekeeper/bin/edgekeeper"
    command = typer.main.get_command(app())
    rest = words[1:]
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_no_secret_is_an_argument():
    for unit in SERVICES:
        text = unit.read_text("utf-8")
        assert not re.search(r"--\S*(token|password|key|ledger)", text, re.IGNORECASE), unit.name
