"""A hundred models swapped under a service that answers signals without pause.

``python benchmarks/swaps.py [--swaps 100] [--rate 200] [--most-seconds 230]``

A real side-car process is sent signals at a rate, whether or not answers come, and how some of
them ended. Each ten outcomes its own learner process fits a model, and the side-car swaps it in.
Said is: requests that failed; the longest wait for an answer, and the longest time between two
answers; forecasts that are not to the byte what the package they name says of that signal alone;
and packages that came back after they had been followed. Exits with 1 where there is any of these.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from edgekeeper.config import parse_config
from edgekeeper.errors import EdgekeeperError
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import Client, OutcomeIn, SignalIn
from edgekeeper.sidecar.inputs import SignalRow
from edgekeeper.sidecar.model import load_model
from edgekeeper.watch.local_settings import keep_local

SETTINGS = """
[sidecar]
lines = ["logistic"]
min_outcomes = 120
refit_outcomes = 10
"""
FEATURES = 10
OUTCOMES_A_SECOND = 40.0
FORECAST = ("probability", "expected_return", "lower", "upper", "risk", "minutes", "novelty")


@dataclass
class Seen:
    """What the bot saw."""

    errors: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    sent: dict[str, SignalIn] = field(default_factory=dict)


def signal_of(number: int, rng: random.Random) -> SignalIn:
    """A signal of which one feature tells a little of how it ends."""
    features = {f"f{k}": rng.gauss(0.0, 1.0) for k in range(FEATURES)}
    return SignalIn(id=f"s{number}", symbol="BTC/USD", side="long", time=datetime.now(UTC),
                    features=features)  # fmt: skip


def outcome_of(signal: SignalIn, rng: random.Random) -> OutcomeIn:
    """How it ended."""
    known = signal.features["f0"] or 0.0
    won = rng.random() < 0.5 + 0.2 * float(np.tanh(known))
    return OutcomeIn(id=signal.id, closed_at=signal.time + timedelta(milliseconds=1),
                     net_return=0.0095 if won else -0.0105)  # fmt: skip


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """The side-car as ``serve`` starts it."""
    keep_local(folder, parse_config(SETTINGS))
    command = [sys.executable, "-m", "edgekeeper.sidecar", str(folder)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()
    while not (folder / "signals.sock").exists():
        time.sleep(0.02)
    try:
        yield
    finally:
        child.stdin.close()
        child.wait(60)


async def ask(folder: Path, asked: argparse.Namespace) -> Seen:
    """Send signals until there were swaps enough, or no time is left."""
    seen, rng, client = Seen(), random.Random(0), Client(folder, 30.0)
    begin = time.perf_counter()

    async def one(number: int, due: float, *, ends: bool) -> None:
        signal = signal_of(number, rng)
        seen.sent[signal.id] = signal
        try:
            await client.signal(signal)
            now = time.perf_counter()
            seen.waits.append(now - due)
            seen.answered.append(now)
            if ends:
                await client.outcome(outcome_of(signal, rng))
        except (EdgekeeperError, OSError) as error:
            seen.errors.append(str(error))

    tasks, number, swaps = set(), 0, -1
    looked = begin
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as reader:
        while swaps < asked.swaps and time.perf_counter() < begin + asked.most_seconds:
            due = begin + number / asked.rate
            if due > time.perf_counter():
                await asyncio.sleep(due - time.perf_counter())
            ends = number % max(round(asked.rate / OUTCOMES_A_SECOND), 1) == 0
            task = asyncio.create_task(one(number, due, ends=ends))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            if time.perf_counter() > looked + 2.0:
                looked = time.perf_counter()
                rows = await asyncio.to_thread(reader.read, "sidecar_moves", ["package"])
                swaps = rows.height - 1
        await asyncio.gather(*tasks)
    await client.close()
    return seen


def judge(folder: Path, seen: Seen) -> dict[str, Any]:
    """Read back what the record says was answered, and ask each package alone."""
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        ledger.verify("signals")
        used = ledger.read("sidecar_moves", ["package"])["package"].to_list()
        fits = ledger.read("sidecar_fits", ["verdict"])["verdict"].to_list()
        made = ledger.read("sidecar_forecasts", ["id", "package", *FORECAST])
        on_record = ledger.read("sidecar_signals", ["id"])["id"]
    models = {one: load_model(folder, one) for one in dict.fromkeys(used)}
    mixed = 0
    for id, package, *said in made.iter_rows():
        sent = seen.sent[id]
        row = SignalRow(round(sent.time.timestamp() * 1e9), sent.symbol, sent.side, sent.source,
                        sent.confidence, sent.features, {})  # fmt: skip
        alone = models[package].forecast(row)
        mixed += said != [getattr(alone, name) for name in FORECAST]
    order = [
        one for k, one in enumerate(made["package"]) if k == 0 or one != made["package"][k - 1]
    ]
    waits, answered = np.array(seen.waits), np.sort(np.array(seen.answered))
    return {
        "signals": len(seen.sent),
        "answered": len(seen.waits),
        "on record": on_record.n_unique(),
        "decided twice": on_record.len() - on_record.n_unique(),
        "swaps": len(used) - 1,
        "fits": {one: fits.count(one) for one in dict.fromkeys(fits)},
        "packages that answered": len(set(order)),
        "errors": len(seen.errors),
        "first errors": seen.errors[:3],
        "forecasts checked": made.height,
        "mixed versions": mixed,
        "came back": len(order) - len(set(order)),
        "out of order": int(order != [one for one in used if one in set(order)]),
        "wait p50 ms": round(1e3 * float(np.median(waits)), 2),
        "wait p99 ms": round(1e3 * float(np.quantile(waits, 0.99)), 2),
        "longest wait ms": round(1e3 * float(waits.max()), 1),
        "longest gap between answers ms": round(1e3 * float(np.diff(answered).max()), 1),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=200.0, help="signals a second")
    parser.add_argument("--most-seconds", type=float, default=230.0)
    asked = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        began = time.perf_counter()
        with serving(folder):
            seen = asyncio.run(ask(folder, asked))
        found = {"seconds": round(time.perf_counter() - began, 1), **judge(folder, seen)}
    found["load at the end"] = round(os.getloadavg()[0], 1)
    print(json.dumps(found, indent=2))
    wrong = ("errors", "mixed versions", "came back", "out of order", "decided twice")
    lost = found["answered"] != found["on record"]
    sys.exit(bool(lost or any(found[one] for one in wrong)))


if __name__ == "__main__":
    main()
