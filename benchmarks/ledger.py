"""What the record costs: share of a replay's time, and microseconds of one append.

``python benchmarks/ledger.py [--json]``. Time inside ``Transaction`` (casting, hashing, writing) is
counted within a whole replay; appends are decisions of eight symbols, one link each, without fsync.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def share_of_replay(symbols: int = 8, bars: int = 1500) -> dict[str, float]:
    """Seconds of a replay in a folder, and the share of them that the ledger takes."""
    from edgekeeper.build import replay
    from edgekeeper.ledger import Ledger, Transaction
    from edgekeeper.worlds import make_world

    spent = spent_cpu = 0.0

    def timed(original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal spent, spent_cpu
            began, cpu = time.perf_counter(), time.process_time()
            try:
                return original(*arguments, **named)
            finally:
                spent += time.perf_counter() - began
                spent_cpu += time.process_time() - cpu

        return call

    world = make_world("planted", seed=10_000, symbols=symbols, bars=bars, net_sharpe=6.0)
    replay(make_world("planted", seed=1, symbols=2, bars=80).bars)  # compile or load kernels
    originals = {name: getattr(Transaction, name) for name in ("append", "__exit__")}
    with tempfile.TemporaryDirectory() as folder:
        for name, original in originals.items():
            setattr(Transaction, name, timed(original))
        began, cpu = time.perf_counter(), time.process_time()
        replay(world.bars, out=Path(folder) / "run")
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        for name, original in originals.items():
            setattr(Transaction, name, original)
        with Ledger.open(Path(folder) / "run" / "ledger.sqlite", read_only=True) as ledger:
            began = time.perf_counter()
            rows = ledger.verify("trade").rows
            verifying = time.perf_counter() - began
        size = (Path(folder) / "run" / "ledger.sqlite").stat().st_size
    return {
        "replay_seconds": took,
        "ledger_share": spent / took,
        "ledger_share_of_cpu": spent_cpu / cpu,
        "rows": rows,
        "bytes_per_row": size / rows,
        "verify_rows_per_second": rows / verifying,
    }


def append_microseconds(url: str | None = None, links: int = 3000, rows: int = 8) -> dict[str, Any]:
    """Latency of one decision's append: a link of so many rows, on a growing ledger."""
    from edgekeeper.ledger import Ledger

    took, worked = np.empty(links), np.empty(links)
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(url or Path(folder) / "l.sqlite") as ledger,
    ):
        for epoch in range(links):
            columns = {
                "event_time_ns": epoch, "symbol": [f"S{i}" for i in range(rows)],
                "account": "bot", "side": "long", "decision": "take", "size": 0.1,
                "reason": "band",
            }  # fmt: skip
            began, cpu = time.perf_counter_ns(), time.thread_time_ns()
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("decisions", columns)
            took[epoch] = time.perf_counter_ns() - began
            worked[epoch] = time.thread_time_ns() - cpu
    took, worked = took[links // 10 :] / 1e3, worked[links // 10 :] / 1e3
    return {
        f"append_{rows}_rows_p50_us": float(np.percentile(took, 50)),
        f"append_{rows}_rows_p99_us": float(np.percentile(took, 99)),
        f"append_{rows}_rows_p99_cpu_us": float(np.percentile(worked, 99)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {**append_microseconds(rows=1), **append_microseconds(rows=8), **share_of_replay()}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:26} {value:14,.3f}")


if __name__ == "__main__":
    main()
