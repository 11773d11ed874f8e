"""How long a full refit of 50,000 rows takes, in the process that fits for ``paper``.

``python benchmarks/refit.py [--symbols 10] [--bars 5000] [--search] [--lines trees,linear]``

A live run is begun on an invented market, with the default recipes. Each line is then fitted twice
by the run's own learner process, as at a boundary: on all rows, with features, labels, hold-out,
gates, packaging and what goes on record. The first fit of a process computes features and loads
libraries; the second is what a refit costs. ``--search`` gives each recipe the default search for
parameters, and adds a fit with one. CPU is that of the process.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edgekeeper.alerts import Fanout
from edgekeeper.auditing import registry_of
from edgekeeper.config import Config, SearchConfig, parse_config
from edgekeeper.learn import FitRequest, LearnerProcess, Wish
from edgekeeper.ledger import Ledger
from edgekeeper.living import Live
from edgekeeper.market import save_snapshot
from edgekeeper.market.live.run_folder import Traded, write_traded
from edgekeeper.running import Blank
from edgekeeper.watch import Sentinel
from edgekeeper.worlds import make_world

PATIENCE_SECONDS = 1_200.0


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> int:
    """Largest memory of a process so far."""
    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def timed(learner: LearnerProcess, request: FitRequest) -> dict[str, Any]:
    """Ask for a fit, and wait for what becomes of it."""
    before = cpu_seconds(learner.process_id) if learner.process_id else 0.0
    began = time.perf_counter()
    learner.ask(request)
    (answer,) = learner.answers(wait_seconds=PATIENCE_SECONDS)
    wall = time.perf_counter() - began
    if answer.package is None or learner.process_id is None:
        raise SystemExit(f"no fit of {request.line}: {answer.problem or 'too little data'}")
    return {
        "wall s": round(wall, 1),
        "CPU s": round(cpu_seconds(learner.process_id) - before, 1),
        "peak MB": peak_mb(learner.process_id),
    }


def measure(folder: Path, config: Config, symbols: int, bars: int, *, search: bool) -> Any:
    """Begin a live run, and have each of its lines fitted beside it."""
    history = make_world("planted", seed=1, symbols=symbols, bars=bars).bars
    save_snapshot(folder / "bars", history)
    write_traded(folder, Traded("demo:1", history.symbols, "1d"))
    command = [sys.executable, "-m", "edgekeeper.learning", str(folder)]
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        ledger.start_over(["trade"])
        learner = LearnerProcess(command, config.refits, folder / "learner.log")
        try:
            live = Live(history, config, ledger, registry_of(folder, config),
                        Sentinel(ledger, Fanout([])), Blank(), learner)  # fmt: skip
            live.begin()
            found: dict[str, Any] = {"rows": len(history)}
            for name, asked in live.run.requests.items():
                found[name] = {
                    "first fit of the process": timed(learner, asked),
                    "refit": timed(learner, asked),
                }
                if search:
                    tuned = FitRequest(name, asked.now_ns, asked.epoch, Wish(tune=True))
                    found[name]["refit with a search"] = timed(learner, tuned)
            found["packages"] = [
                {
                    "line": line,
                    "verdict": verdict,
                    "rows": live.registry.manifest(one).provenance.data.rows,
                }
                for one, line, verdict in ledger.read(
                    "packages", ["hash", "line", "verdict"]
                ).rows()
            ]
            return found
        finally:
            learner.close()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--bars", type=int, default=5_000)
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--lines", default="")
    asked = parser.parse_args()
    config = parse_config({})
    if asked.search:
        lines = tuple(one.model_copy(update={"search": SearchConfig()}) for one in config.lines)
        config = config.model_copy(update={"lines": lines})
    if asked.lines:
        lines = tuple(one for one in config.lines if one.name in asked.lines.split(","))
        config = config.model_copy(update={"lines": lines})
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place), config, asked.symbols, asked.bars, search=asked.search)
    found["load at the end"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
