"""What the record costs: share of a replay's time, and microseconds of one append.

``python benchmarks/ledger.py [--json]``. Time inside ``Transaction`` (casting, hashing, writing) is
counted within a whole replay; appends are decisions of eight symbols, one link each, without fsync.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


class Meter:
    """Time spent inside some functions, each moment counted once however they call one another."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._inside = False

    def wrap(self, original: Any) -> Any:
        """Count the time of every call."""

        def call(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return original(*arguments, **named)
            self._inside = True
            began, cpu = time.perf_counter(), time.process_time()
            try:
                return original(*arguments, **named)
            finally:
                self.wall += time.perf_counter() - began
                self.cpu += time.process_time() - cpu
                self._inside = False

        return call


@contextmanager
def metered(places: dict[Any, tuple[str, ...]]) -> Iterator[Meter]:
    """Meter these functions of these modules and classes inside the block."""
    meter = Meter()
    originals = [(owner, name, getattr(owner, name)) for owner in places for name in places[owner]]
    for owner, name, original in originals:
        setattr(owner, name, meter.wrap(original))
    try:
        yield meter
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def share_of_replay(symbols: int = 8, bars: int = 1500) -> dict[str, float]:
    """Seconds of a replay in a folder, and the shares of them that the record takes.

    ``ledger`` is what ``Transaction`` does (casting, hashing, writing) with opening, verifying,
    reading and sealing; ``record`` adds turning what happened into columns.
    """
    from edgekeeper import build
    from edgekeeper.ledger import Ledger, Transaction
    from edgekeeper.trade import loop
    from edgekeeper.worlds import make_world

    world = make_world("planted", seed=10_000, symbols=symbols, bars=bars, net_sharpe=6.0)
    build.replay(make_world("planted", seed=1, symbols=2, bars=80).bars)  # load kernels
    inside = {
        Transaction: ("append", "__exit__"),
        Ledger: ("seal", "read", "verify", "check_seals"),
    }
    around = {
        loop: tuple(name for name in loop.__dict__ if name.startswith("write_")),
        loop.Recorder: ("write",),
    }
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, places in (("ledger", inside), ("record", {**inside, **around})):
            run = Path(folder) / kind
            with metered(places) as meter:
                began, cpu = time.perf_counter(), time.process_time()
                build.replay(world.bars, out=run)
                took, cpu = time.perf_counter() - began, time.process_time() - cpu
            figures[f"replay_seconds_{kind}"] = took
            figures[f"{kind}_share_of_wall"] = meter.wall / took
            figures[f"{kind}_share_of_cpu"] = meter.cpu / cpu
        with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
            began = time.perf_counter()
            rows = ledger.verify("trade").rows
            verifying = time.perf_counter() - began
        size = (run / "ledger.sqlite").stat().st_size
    return figures | {
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
