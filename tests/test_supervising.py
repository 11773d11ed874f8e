"""Processes that die, fall silent or will not end, and a supervisor that is killed itself."""

import os
import signal
import subprocess
import sys
import time

import pytest

from edgekeeper.supervising import Role, Supervisor

PATIENCE = 20.0
GOOD = """
import sys, time
from pathlib import Path
from edgekeeper.child import Parent
from edgekeeper.watch import Heart
parent = Parent()
folder = Path(sys.argv[1])
(folder / "said").write_text(parent.first_line)
heart = Heart(folder, "one", 0.0)
while not parent.gone.wait(0.02):
    heart.beat()
(folder / "ended").write_text("in peace")
"""


@pytest.fixture
def supervise(tmp_path):
    made = []

    def make(program, **more):
        told = []
        role = Role("one", [sys.executable, "-c", program, str(tmp_path)], "secret line", **more)
        made.append(Supervisor([role], tmp_path, told.append))
        return made[-1], told

    yield make
    for one in made:
        one.end()


def until(supervisor, holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "took too long"
        supervisor.look()
        time.sleep(0.02)


def test_what_the_user_has_set_counts_more_than_what_a_role_would(supervise, tmp_path, monkeypatch):
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    say = (
        "import os, sys; from pathlib import Path; names = 'POLARS_MAX_THREADS', 'LEAN'; "
        "(Path(sys.argv[1]) / 'said').write_text(' '.join(os.environ[name] for name in names))"
    )
    supervisor, _ = supervise(say, environment={"POLARS_MAX_THREADS": "1", "LEAN": "yes"})
    until(supervisor, lambda: (tmp_path / "said").is_file() and (tmp_path / "said").read_text())
    assert (tmp_path / "said").read_text() == "3 yes"


def test_a_child_is_told_and_ends_in_peace(supervise, tmp_path):
    supervisor, _ = supervise(GOOD)
    until(supervisor, (tmp_path / "heartbeat-one.json").is_file)
    assert (tmp_path / "said").read_text() == "secret line"
    assert supervisor.states == {"one": "running"}
    supervisor.end()
    assert (tmp_path / "ended").read_text() == "in peace"
    assert supervisor.states == {"one": "stopped"}
    assert supervisor.pids == {}


def test_a_killed_child_is_started_again(supervise, tmp_path):
    supervisor, told = supervise(GOOD)
    until(supervisor, (tmp_path / "heartbeat-one.json").is_file)
    first = supervisor.pids["one"]
    os.kill(first, signal.SIGKILL)
    until(supervisor, lambda: supervisor.pids.get("one", first) != first)
    assert told[0].startswith("one: ended by signal 9; started again in 0.5 s")


def test_a_frozen_child_is_killed_and_started_again(supervise, tmp_path):
    supervisor, told = supervise(GOOD, silent_seconds=1.0)
    until(supervisor, (tmp_path / "heartbeat-one.json").is_file)
    first = supervisor.pids["one"]
    os.kill(first, signal.SIGSTOP)
    until(supervisor, lambda: supervisor.pids.get("one", first) != first)
    assert "no sign of life" in told[0]


def test_one_that_starts_slowly_is_waited_for_but_not_for_ever(supervise, tmp_path):
    slow = f"import time\ntime.sleep(1.0)\n{GOOD}"
    supervisor, told = supervise(slow, silent_seconds=0.3)
    until(supervisor, (tmp_path / "heartbeat-one.json").is_file)
    assert told == []
    supervisor.end()
    (tmp_path / "heartbeat-one.json").unlink()
    supervisor, told = supervise(
        "import time\ntime.sleep(99)", silent_seconds=0.1, starting_seconds=0.5
    )
    until(supervisor, lambda: told)
    assert "no sign of life" in told[0]


def test_one_that_fails_again_and_again_is_started_less_often(supervise):
    supervisor, told = supervise("raise SystemExit('no luck')")
    until(supervisor, lambda: len(told) >= 3)
    assert [f"started again in {delay} s: no luck" in one for delay, one in
            zip(("0.5", "1", "2"), told, strict=False)] == [True] * 3  # fmt: skip


@pytest.mark.parametrize("code", [2, 3])
def test_one_whose_settings_or_data_are_wrong_is_not_started_again(supervise, code):
    program = f"import sys\nsys.stderr.write('--port: expected a port')\nsys.exit({code})"
    supervisor, told = supervise(program)
    until(supervisor, lambda: supervisor.states["one"] == "failed")
    supervisor.look()
    assert told == [
        f"one: ended with code {code} and is not started again: --port: expected a port"
    ]


def test_a_child_ends_with_a_supervisor_that_was_killed(tmp_path):
    program = f"""
import sys, time
from pathlib import Path
from edgekeeper.supervising import Role, Supervisor
role = Role("one", [sys.executable, "-c", {GOOD!r}, {str(tmp_path)!r}])
Supervisor([role], Path({str(tmp_path)!r})).run(lambda: False)
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "heartbeat-one.json").is_file():
        assert time.monotonic() < end
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    while not (tmp_path / "ended").is_file():
        assert time.monotonic() < end
        time.sleep(0.02)
