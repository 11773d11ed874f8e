"""Do open dashboards slow decisions? ``python benchmarks/watched.py [--boards 50] [--rate 200]``.

Serves the demo's market with all processes, sends a bot's signals at a fixed rate, and takes turns:
nobody looks, everybody looks, nobody looks. Compares how long answers took, and forecasts of bars.
"""

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from open_dashboards import PATHS, Viewer

from edgekeeper.api import Access
from edgekeeper.ledger import Ledger

SECONDS = 12.0


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--boards", type=int, default=50)
    options.add_argument("--rate", type=float, default=200.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekeeper-watched-") as place:
        run, said = Path(place) / "run", Path(place) / "said"
        command = [sys.executable, "-m", "edgekeeper", "serve", "--data", str(run), "--port", "0",
                   "--source", "demo:2"]  # fmt: skip
        with said.open("w") as file:
            service = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            await compare(run, await address(said), asked)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()


async def compare(run: Path, url: str, asked: argparse.Namespace) -> None:
    access = Access(run)
    token = access.create_token("bot", "admin")
    cookie, _ = access.open_session(access.create_token("viewer", "read"))
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    answers: dict[str, list[float]] = {"alone": [], "watched": []}
    forecasts: dict[str, list[float]] = {"alone": [], "watched": []}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits) as client:
        await bars(run, 20)
        for turn in range(2 * asked.rounds + 1):
            who = "watched" if turn % 2 else "alone"
            viewers = []
            for k in range(asked.boards if turn % 2 else 0):
                viewers.append(Viewer(url, cookie, PATHS[k % len(PATHS)]))
                await viewers[-1].open()
            await asyncio.sleep(2.0)
            before = taken(run)
            answers[who] += await send(client, asked.rate, turn)
            forecasts[who] += latencies(run)[before:]
            await asyncio.gather(*(viewer.close() for viewer in viewers))
            await asyncio.sleep(1.0)
    for name, one in (("answers to signals", answers), ("forecasts of a bar", forecasts)):
        alone, watched = (statistics.median(one[who]) for who in ("alone", "watched"))
        tails = [sorted(one[who])[int(0.99 * len(one[who]))] for who in ("alone", "watched")]
        print(
            f"{name}: median {alone:.2f} ms alone, {watched:.2f} ms beside {asked.boards} "
            f"dashboards ({watched / alone - 1.0:+.1%}); p99 {tails[0]:.1f} and {tails[1]:.1f} ms; "
            f"{len(one['alone'])} and {len(one['watched'])} of them"
        )


async def address(said: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for word in said.read_text().split():
            if word.startswith("http://"):
                return word.split("/login")[0]
        await asyncio.sleep(0.2)
    raise SystemExit(said.read_text())


async def bars(run: Path, least: int) -> None:
    """Wait until the loop has taken some bars: first it fits."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if taken(run) >= least:
            return
        await asyncio.sleep(0.5)
    raise SystemExit(f"fewer than {least} bars within three minutes: see {run}/logs")


def taken(run: Path) -> int:
    return len(latencies(run))


def latencies(run: Path) -> list[float]:
    """Milliseconds of the forecasts of each bar so far."""
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read("stretches", ["latency_ms"], where={"kind": "bars"})[
            "latency_ms"
        ].to_list()


async def send(client: httpx.AsyncClient, rate: float, turn: int) -> list[float]:
    """Send signals at a rate, whether or not answers come; return how long each took."""
    took: list[float] = []

    async def one(number: int) -> None:
        told = {"id": f"t{turn}-{number}", "symbol": "BTC/USD", "side": "long",
                "time": datetime.now(UTC).isoformat(), "features": {"a": 0.5}}  # fmt: skip
        began = time.perf_counter()
        reply = await client.post("/v1/signals", content=json.dumps(told))
        reply.raise_for_status()
        took.append(1e3 * (time.perf_counter() - began))

    began, tasks = time.perf_counter(), []
    for number in range(int(rate * SECONDS)):
        wait = began + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return took


if __name__ == "__main__":
    asyncio.run(main())
