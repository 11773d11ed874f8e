"""What the record costs: share of a replay's time, one append, and what live paths wait for.

``python benchmarks/ledger.py [--live] [--url postgresql://...] [--json]``. Appends are decisions of
one or eight symbols, one link each, without fsync. On a machine that others use, percentiles of
wall time are theirs as well.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np


class Meter:
    """Time spent inside some functions, each moment counted once however they call one another."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._inside = False

    def wrap(self, original: Any) -> Any:
        """Count the time of every call: wall, and CPU of the calling thread."""

        def call(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return original(*arguments, **named)
            self._inside = True
            cpu = time.thread_time()  # asked outside of the interval: it takes a microsecond
            began = time.perf_counter()
            try:
                return original(*arguments, **named)
            finally:
                self.wall += time.perf_counter() - began
                self.cpu += time.thread_time() - cpu
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


def share_of_replay(symbols: int = 8, bars: int = 2500) -> dict[str, float]:
    """Seconds of a replay in a folder, and the shares of them that the record takes.

    Numerator: what would not be done without a ledger, from the first bar to the last. That is all
    of ``append`` and commit, seals, upkeep, what the loops read back, opening and claiming, and
    turning what happened into columns, which gathered steps are when enough of them were put.
    Denominator: the replay with its report. Reads for the report come after the last bar and are
    told apart. Where another thread waits for
    the disk, wall time is what the replay itself waits for that thread, and CPU is that of both.
    """
    from edgekeeper import build
    from edgekeeper.ledger import Gathering, Ledger, Transaction, Upkeep
    from edgekeeper.ledger.behind import Behind
    from edgekeeper.ledger.journal import Journal
    from edgekeeper.running import Run
    from edgekeeper.worlds import make_world

    world = make_world("planted", seed=10_000, symbols=symbols, bars=bars, net_sharpe=6.0)
    build.replay(make_world("planted", seed=1, symbols=2, bars=80).bars)  # load kernels
    places: dict[Any, tuple[str, ...]] = {
        Transaction: ("append", "__exit__"),
        Ledger: ("transaction", "seal", "read", "verify", "check_seals", "close"),
        Upkeep: ("look", "month_end"),
        Gathering: ("put", "write"),
        Journal: ("write", "write_group", "settle", "head"),
    }
    aside = {Behind: ("_do",)}
    with (
        tempfile.TemporaryDirectory() as folder,
        metered(places) as meter,
        metered(aside) as writer,
    ):
        run = Path(folder) / "run"
        told = Run.tell
        at_end = np.zeros(3)

        def tell(*arguments: Any, **named: Any) -> Any:
            at_end[:] = meter.wall, meter.cpu, writer.cpu
            return told(*arguments, **named)

        began, cpu = time.perf_counter(), time.process_time()
        with patch.object(Run, "tell", tell):
            build.replay(world.bars, out=run)
        took, worked = time.perf_counter() - began, time.process_time() - cpu
        wall, cpu, behind = at_end
        figures = {
            "replay_seconds": took,
            "replay_cpu_seconds": worked,
            "record_seconds": wall,
            "record_cpu_seconds": cpu + behind,
            "record_share_of_wall": wall / took,
            "record_share_of_cpu": (cpu + behind) / worked,
            "writing_thread_share_of_cpu": behind / worked,
            "report_reads_share_of_cpu": (meter.cpu - cpu) / worked,
        }
        return figures | verifying(run / "ledger.sqlite")


def verifying(file: Path) -> dict[str, float]:
    """Rows a second that recomputing a chain takes, in CPU time; best of three."""
    from edgekeeper.ledger import Ledger

    took = []
    with Ledger.open(file, read_only=True) as ledger:
        for _ in range(3):
            began = time.thread_time()
            rows = ledger.verify("trade").rows
            took.append(time.thread_time() - began)
    return {
        "rows": rows,
        "bytes_per_row": file.stat().st_size / rows,
        "verify_rows_per_cpu_second": rows / min(took),
    }


def append_microseconds(
    url: str | None = None, rows: int = 8, links: int = 500, rounds: int = 20
) -> dict[str, Any]:
    """Latency of one decision's append: a link of so many rows, on a growing ledger.

    In rounds, because others on the machine own the tail of a long one: the best round and the
    median one. ``undisturbed`` leaves out links before or in which the system gave the core to
    somebody else, whose data then fill its caches.
    """
    from edgekeeper.ledger import Ledger

    alone, all_links, kept = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(url or Path(folder) / "l.sqlite") as ledger,
    ):
        _append_links(ledger, 0, links, rows)
        for number in range(1, rounds + 1):
            took, disturbed = _append_links(ledger, number * links, links, rows)
            all_links.append(np.percentile(took, (50, 99)))
            alone.append(np.percentile(took[~disturbed], (50, 99)))
            kept.append(1.0 - disturbed.mean())
    name = f"append_{rows}_rows"
    figures = {f"{name}_share_undisturbed": float(np.mean(kept))}
    for which, found in (("", all_links), ("_undisturbed", alone)):
        for pick in (np.min, np.median):
            for at, value in zip((50, 99), pick(found, axis=0), strict=True):
                best = "best" if pick is np.min else "median"
                figures[f"{name}{which}_p{at}_us_{best}"] = float(value)
    return figures


def _append_links(ledger: Any, first: int, links: int, rows: int) -> tuple[Any, Any]:
    """Wall microseconds of each link, and whether another process had the core just before."""
    took, switches = np.empty(links), np.empty(links + 1)
    switches[0] = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    for link in range(links):
        epoch = first + link
        columns = {
            "event_time_ns": epoch, "symbol": [f"S{i}" for i in range(rows)],
            "account": "bot", "side": "long", "decision": "take", "size": 0.1,
            "reason": "band",
        }  # fmt: skip
        began = time.perf_counter_ns()
        with ledger.transaction("trade", event_time_ns=epoch) as tx:
            tx.append("decisions", columns)
        took[link] = time.perf_counter_ns() - began
        switches[link + 1] = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    return took / 1e3, np.diff(switches) > 0


def live_paths(
    url: str | None = None, callers: int = 4, seconds: float = 3.0, pace: float = 50.0
) -> dict[str, Any]:
    """Stand in for live trading: threads that decide so often a second, and order now and then.

    Each decision is handed in as telemetry and gone on from; every tenth becomes an order whose
    durable acknowledgement is waited for, as one does before it is sent. Then the same without a
    pace, all of it durable: how much one writer takes.
    """
    from threading import Thread

    from edgekeeper.ledger import Ledger

    handed, safe, busy = [], [], []

    def decide(live: Any, caller: int, until: float) -> None:
        number = 0
        while time.perf_counter() < until:
            number += 1
            facts = {"decisions": {
                "event_time_ns": number, "symbol": f"S{caller}", "account": "bot", "side": "long",
                "decision": "take", "size": 0.1, "reason": "band",
            }}  # fmt: skip
            began = time.perf_counter_ns()
            live.append(facts, event_time_ns=number)
            handed.append(time.perf_counter_ns() - began)
            if number % 10 == 0:
                key = f"{caller}-{number}"
                began = time.perf_counter_ns()
                live.append(_order(key, number), key=key, durable=True).result()
                safe.append(time.perf_counter_ns() - began)
            time.sleep(1.0 / pace)

    def press(live: Any, caller: int, until: float) -> None:
        number, waiting = 0, []
        while time.perf_counter() < until:
            number += 1
            key = f"p{caller}-{number}"
            waiting.append(live.append(_order(key, number), key=key, durable=True))
            if len(waiting) == 64:
                for receipt in waiting:
                    receipt.result()
                busy.append(len(waiting))
                waiting.clear()

    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(url or Path(folder) / "l.sqlite") as ledger,
        ledger.live("trade") as live,
    ):
        for work in (decide, press):
            until = time.perf_counter() + seconds
            threads = [Thread(target=work, args=(live, n, until)) for n in range(callers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    return {
        **_percentiles("live_decision_handed_in", handed),
        **_percentiles("live_order_durable", safe),
        "live_durable_orders_per_second": sum(busy) / seconds,
    }


def _order(key: str, number: int) -> dict[str, dict[str, object]]:
    return {"orders": {
        "event_time_ns": number, "id": key, "account": "bot", "symbol": "S", "side": "long",
        "action": "open", "quantity": 1.0,
    }}  # fmt: skip


def _percentiles(name: str, nanoseconds: list[int]) -> dict[str, float]:
    return {f"{name}_p{at}_us": float(np.percentile(nanoseconds, at)) / 1e3 for at in (50, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--url", help="another database than a file")
    parser.add_argument("--live", action="store_true", help="leave the replay out")
    arguments = parser.parse_args()
    figures = {
        **append_microseconds(arguments.url, rows=1),
        **(append_microseconds(rows=8) if arguments.url is None else {}),
        **live_paths(arguments.url),
        **({} if arguments.live else share_of_replay()),
    }
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:34} {value:14,.3f}")


if __name__ == "__main__":
    main()
