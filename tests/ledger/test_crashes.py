"""One run is killed with -9 at every step of the protocol, and ends as if it never had been."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgekeeper.build import audit
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Registry

CRASHES = Path(__file__).parents[2] / "benchmarks" / "crashes.py"
DEATHS = [
    ("migrate", 1), ("migrate", 7), ("bars", 1), ("order", 1), ("train", 1), ("package", 1),
    ("register", 1), ("recorded", 1), ("stage", 1), ("alert", 1), ("fill", 40), ("outcome", 30),
    ("seal", 2), ("swap", 1), ("swapped", 1), ("sealed", 1),
]  # fmt: skip


def replay(out, *words, **environment):
    done = subprocess.run(
        [sys.executable, str(CRASHES), "--live", str(out), "--bars", "300", *words],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done


def state(out, url=None):
    """Everything on record but the order in which roles took turns."""
    with Ledger.open(url or out / "ledger.sqlite", read_only=True) as ledger:
        heads = [ledger.verify(role).head for role in ("trade", "learn")]
        rows = {name: ledger.read(name).height for name in ledger.tables()}
        ledger.check_seals()
    return heads, rows, Registry(out / "models").pointer(), Registry(out / "models").list()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert replay(out).returncode == 0
    reached = state(out)
    assert reached[2].champion is not None, "a line has to be promoted for all steps to be there"
    return reached


@pytest.mark.slow
def test_a_run_killed_at_every_step_ends_as_if_it_had_not_been(undisturbed, tmp_path):
    out = tmp_path / "run"
    for step, call in DEATHS:
        done = replay(out, "--step", step, "--call", str(call))
        assert done.returncode == -signal.SIGKILL, f"{step} was not reached {call} times"
        registry = Registry(out / "models")
        for name in registry.pointer().packages:
            registry.manifest(name)
    assert replay(out).returncode == 0
    assert state(out) == undisturbed
    assert audit(out).complete


@pytest.mark.slow
def test_a_run_killed_on_postgresql_ends_as_one_in_a_file(undisturbed, tmp_path, server):
    out, url = tmp_path / "run", server.empty()
    for step, call in (("migrate", 7), ("recorded", 1), ("fill", 40), ("swap", 1)):
        done = replay(out, "--url", url, "--step", step, "--call", str(call))
        assert done.returncode == -signal.SIGKILL, f"{step} was not reached {call} times"
    assert replay(out, "--url", url).returncode == 0
    assert state(out, url) == undisturbed
    assert audit(out, ledger_url=url).complete


@pytest.mark.slow
def test_threads_leave_no_trace(undisturbed, tmp_path):
    out = tmp_path / "run"
    one = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    assert replay(out, **one).returncode == 0
    assert state(out) == undisturbed
