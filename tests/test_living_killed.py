"""A live run killed with -9 between and inside steps goes on as if nothing had happened."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("living", sys.argv[1])
living = importlib.util.module_from_spec(spec)
spec.loader.exec_module(living)
from pathlib import Path
bars = living.make_world("planted", seed=2, symbols=2, bars=420, net_sharpe=14.0).bars
desk = living.Desk(Path(sys.argv[2]), living.upto(bars, 250))
desk.live.relive(bars)
start = len(desk.live.run.feed.instants)
for k in range(start, 300):
    desk.take(bars, k, k + 1)
    print(k, flush=True)
print("head", desk.close(), flush=True)
"""


def living():
    spec = importlib.util.spec_from_file_location("living", HERE / "test_living.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(folder, until=None):
    """Run the child; kill it once it says that a step is done. Return what it said."""
    command = [sys.executable, "-c", CHILD, str(HERE / "test_living.py"), str(folder)]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            said.append(line.strip())
            if until is not None and line.strip() == str(until):
                os.kill(child.pid, signal.SIGKILL)
                break
    return said


@pytest.mark.slow
def test_kills_leave_no_trace_in_the_record(tmp_path):
    module = living()
    bars = module.make_world("planted", seed=2, symbols=2, bars=420, net_sharpe=14.0).bars
    whole = module.Desk(tmp_path / "whole", module.upto(bars, 250))
    whole.take(bars, 250, 300)
    head = whole.close()
    folder = tmp_path / "killed"
    for until in (252, 261, 283):
        said = run(folder, until)
        assert said[-1] == str(until)
    assert run(folder)[-1] == f"head {head}"
