"""Signals a second to a durable decision, over the socket and over HTTP; and 10,000 hostile ones.

``python benchmarks/signals.py [--seconds 10] [--rate 1000] [--http] [--ledger URL]``

Open loop: signals are sent at the rate asked for whether or not answers come, so a stall shows up
in the latencies of all that wait behind it. Prints figures and the machine; asserts no times, but
that each signal was decided once and none lost.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edgekeeper.api import Access
from edgekeeper.errors import EdgekeeperError
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar import Client, SignalIn

_WEB = """
import sys, uvicorn
from pathlib import Path
from edgekeeper.api import Access, ApiSettings, make_api, uvicorn_settings
from edgekeeper.desk import Desk
from edgekeeper.sidecar import connect
folder = Path(sys.argv[1])
settings = ApiSettings(requests_per_second=1e6, requests_burst=1e6)
app = make_api(Desk(folder), Access(folder), exchange=connect(folder), settings=settings)
uvicorn.run(app, **{**uvicorn_settings(), "host": "127.0.0.1", "port": int(sys.argv[2])})
"""


def signal_of(number: int, tag: str) -> SignalIn:
    """A signal with twenty features."""
    return SignalIn(
        id=f"{tag}-{number}", symbol="BTC/USDT", side="long", time=datetime.now(UTC),
        confidence=0.6, features={f"f{k}": number * 0.1 + k for k in range(20)},
    )  # fmt: skip


@contextlib.contextmanager
def running(folder: Path, ledger: str) -> Iterator[subprocess.Popen[bytes]]:
    """The side-car as ``serve`` starts it."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "edgekeeper.sidecar", str(folder)], stdin=subprocess.PIPE
    )
    assert child.stdin is not None
    child.stdin.write(f"{ledger}\n".encode())
    child.stdin.flush()
    while not (folder / "signals.sock").exists():
        time.sleep(0.01)
    print(f"ready after {time.perf_counter() - began:.2f} s")
    try:
        yield child
    finally:
        child.stdin.close()
        child.wait(60)


class Http:
    """As few bytes as a bot's HTTP client may send, over connections that stay open."""

    def __init__(self, port: int, token: str, connections: int = 16) -> None:
        self._port, self._token = port, token
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._connections = connections

    async def open(self) -> None:
        """Connect, as soon as somebody listens."""
        self._free = asyncio.Queue()
        for _ in range(self._connections):
            while True:
                with contextlib.suppress(OSError):
                    self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
                    break
                await asyncio.sleep(0.05)

    async def signal(self, signal: SignalIn) -> None:
        """Post a signal and wait for its answer."""
        reader, writer = pair = await self._free.get()
        body = signal.model_dump_json().encode()
        writer.write(
            b"POST /v1/signals HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {self._token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        self._free.put_nowait(pair)


async def load(
    ask: "Client | Http", rate: float, seconds: float, tag: str
) -> tuple[list[float], float]:
    """Send at a rate; return milliseconds to each answer, and how long all took."""
    latencies: list[float] = []

    async def one(number: int) -> None:
        await ask.signal(signal_of(number, tag))
        latencies.append(1e3 * (time.perf_counter() - due[number]))

    total = round(rate * seconds)
    begin = time.perf_counter()
    due = [begin + number / rate for number in range(total)]
    tasks = []
    for number in range(total):
        wait = due[number] - time.perf_counter()
        if wait > 0.0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return latencies, time.perf_counter() - begin


def told(what: str, latencies: list[float], seconds: float) -> None:
    """Print rate and percentiles."""
    p50, p99, most = np.percentile(latencies, [50, 99, 100])
    print(
        f"{what}: {len(latencies) / seconds:,.0f} signals/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
        f"longest {most:.1f} ms"
    )


async def flood(folder: Path, count: int) -> float:
    """As many as go through with 64 on their way."""
    client, room = Client(folder, 30.0), asyncio.Semaphore(64)

    async def one(number: int) -> None:
        async with room:
            await client.signal(signal_of(number, "flood"))

    begin = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    await client.close()
    return count / (time.perf_counter() - begin)


async def hostile(folder: Path, count: int) -> set[str]:
    """Duplicates, replays, reordering, broken connections; return the ids, each answered once."""
    clients = [Client(folder, 30.0) for _ in range(8)]
    first = [signal_of(number, "hostile") for number in range(count)]
    sent = first + random.Random(1).sample(first, count // 2) + first[: count // 10]
    random.Random(2).shuffle(sent)
    answers: dict[str, set[str]] = {}
    room = asyncio.Semaphore(256)

    async def one(place: int, signal: SignalIn) -> None:
        async with room:
            for _ in range(20):
                try:
                    answer = await clients[place % 8].signal(signal)
                except (EdgekeeperError, OSError) as error:
                    print("asked again:", str(error)[:80])
                    continue
                answers.setdefault(signal.id, set()).add(answer.model_dump_json())
                break
            if place % 211 == 0:
                clients[place % 8].drop()

    await asyncio.gather(*(one(place, signal) for place, signal in enumerate(sent)))
    for client in clients:
        await client.close()
    assert all(len(one) == 1 for one in answers.values()), "one id had two answers"
    return set(answers)


@contextlib.asynccontextmanager
async def web(folder: Path, port: int) -> AsyncIterator[Http]:
    """The API in a process of its own."""
    token = Access(folder).create_token("benchmark", "trade")
    child = subprocess.Popen([sys.executable, "-c", _WEB, str(folder), str(port)])
    try:
        http = Http(port, token)
        await http.open()
        yield http
    finally:
        child.terminate()
        child.wait(30)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def used_by(pid: int) -> str:
    """Memory and CPU time of a process so far; empty where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return ""
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    memory = next(line for line in status if line.startswith("VmRSS")).split()[1]
    return f"side-car: {int(memory) / 1024:.0f} MB, {seconds:.1f} s of CPU in all"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=1_000.0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--ledger", default="")
    asked = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with running(folder, asked.ledger) as child:
            latencies, took = asyncio.run(over_socket(folder, asked))
            told(f"socket at {asked.rate:g}/s for {asked.seconds:g} s", latencies, took)
            print(f"flood, 64 at once: {asyncio.run(flood(folder, asked.count)):,.0f} signals/s")
            begin = time.perf_counter()
            ids = asyncio.run(hostile(folder, asked.count))
            print(f"{asked.count:,} signals sent 1.6 times over, shuffled, connections breaking: "
                  f"{time.perf_counter() - begin:.1f} s")  # fmt: skip
            if asked.http:
                asyncio.run(over_http(folder, asked))
            print(used_by(child.pid))
        with Ledger.open(asked.ledger or folder / "ledger.sqlite", read_only=True) as ledger:
            ledger.verify("signals")
            known = ledger.read("sidecar_signals", ["id"])["id"]
        assert known.n_unique() == known.len(), "a signal was decided twice"
        assert ids <= set(known.to_list()), "an answered signal is not on record"
        print(json.dumps({"signals": known.len(), "decided twice": 0, "lost": 0}))


async def over_socket(folder: Path, asked: argparse.Namespace) -> tuple[list[float], float]:
    """The load at the socket, after some signals that find everything cold."""
    client = Client(folder, 30.0)
    await load(client, 200.0, 1.0, "cold")
    return await load(client, asked.rate, asked.seconds, "socket")


async def over_http(folder: Path, asked: argparse.Namespace) -> None:
    """The same load through the API."""
    async with web(folder, free_port()) as http:
        await load(http, 200.0, 1.0, "warm")
        latencies, took = await load(http, asked.rate, asked.seconds, "http")
        told(f"HTTP at {asked.rate:g}/s for {asked.seconds:g} s", latencies, took)


if __name__ == "__main__":
    main()
