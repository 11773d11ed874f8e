"""Moving and letting go is killed with -9 between any two steps: nothing lost, nothing doubled."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest

from edgekeeper.ledger import Ledger, archive
from edgekeeper.ledger.stores import segment_folder

_PAGE = Path(__file__).with_name("monthly.py")
_MONTHLY = run_path(str(_PAGE))
CLOCK, NOW, answers = _MONTHLY["CLOCK"], _MONTHLY["NOW"], _MONTHLY["answers"]

CHILD = f"""
import os, signal, sys
from pathlib import Path
from runpy import run_path

from edgekeeper.ledger import Ledger, archive, months_before, stores

monthly = run_path({str(_PAGE)!r})
path, step, call = sys.argv[1], sys.argv[2], int(sys.argv[3])
archive.SEGMENT_ROWS, archive._DELETED_AT_ONCE = 50, 20


def die_before(owner, name):
    original, calls = getattr(owner, name), iter(range(1, 10**6))

    def dying(*arguments, **named):
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, name, dying)


STEPS = {{
    "write": (stores.FileStore, "put"),
    "flush": (stores.os, "fsync"),
    "rename": (stores.Path, "replace"),
    "record": (archive.Archive, "_record"),
    "leave": (archive.Archive, "_delete_moved"),
    "delete": (archive, "delete"),
    "remove": (stores.FileStore, "remove"),
    "shrink": (archive.Archive, "shrink"),
}}
die_before(*STEPS[step])
with Ledger.open(path) as ledger:
    box = ledger.archive(monthly["CLOCK"])
    box.move(monthly["NOW"], 1)
    box.let_go_before(months_before(monthly["NOW"], 3), "old")
    box.shrink()
"""
DEATHS = [
    ("write", 2), ("flush", 1), ("rename", 1), ("flush", 2), ("record", 1),
    ("leave", 3), ("delete", 2), ("remove", 1), ("shrink", 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "l.sqlite"
    with Ledger.open(path) as ledger:
        _MONTHLY["live"](ledger)
    return path


def run(path, step, call):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), step, str(call)],
        capture_output=True, text=True, check=False, timeout=100, env={**os.environ},
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def facts(path):
    with Ledger.open(path, read_only=True) as ledger:
        ledger.check_segments()
        ledger.check_seals()
        ledger.verify("operations")
        gone = sum(one.segment.rows for one in ledger.holdings().let_go.values())
        return ledger.read("forecasts", ["entry"])["entry"].to_list(), gone


def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(written, tmp_path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(written.read_bytes())
    before = answers(path)
    for step, call in DEATHS:
        assert run(path, step, call) == -signal.SIGKILL, f"{step} was not reached {call} times"
        entries, gone = facts(path)
        assert entries == list(range(gone + 1, 4 * 152 + 1)), (step, call)
    assert run(path, "write", 10**5) == 0
    entries, gone = facts(path)
    assert entries == list(range(gone + 1, 4 * 152 + 1))
    assert gone == 4 * 31, "January"
    assert answers(path)["heads"] == before["heads"]
    with Ledger.open(path) as ledger:
        ledger.archive(CLOCK).sweep()
        standing = {one.name for one in ledger.holdings().standing()}
        assert {file.name for file in segment_folder(path).iterdir()} == standing
    assert archive.SEGMENT_ROWS > 50, "the patches stayed in the processes that died"
