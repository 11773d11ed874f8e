"""What the API itself costs a signal: HTTP, token, limits, message in and answer out, no ledger.

The service runs in a process of its own under uvicorn with the settings it is served with; the
exchange answers in that process at once. Beside it a bare ASGI application on the same server, so
that what is ours can be told from what is HTTP. Both are asked over connections that stay open.

    python benchmarks/api.py [--json]
"""

import argparse
import asyncio
import json
import multiprocessing
import multiprocessing.connection
import statistics
import tempfile
import threading
import time
from pathlib import Path

SECONDS, CONNECTIONS = 3.0, (1, 8, 32)
FEATURES = {f"feature_{n}": n / 7 for n in range(20)}


class AtOnce:
    """Answers without looking."""

    async def signal(self, signal):
        from edgekeeper.sidecar import Answer

        return Answer(id=signal.id, decision="take", size=1.0, reasons=("at once",))


async def bare(scope, receive, send):
    """The least an application can do."""
    if scope["type"] == "http":
        await receive()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


def serve(pipe: multiprocessing.connection.Connection, what: str) -> None:
    """Serve until told to end; then say how much processor time it took."""
    import socket

    import uvicorn

    from edgekeeper.api import Access, ApiSettings, make_api, uvicorn_settings
    from edgekeeper.desk import Desk

    with tempfile.TemporaryDirectory() as folder, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        access = Access(Path(folder))
        limits = ApiSettings(messages_per_second=1e6, messages_burst=1e6)
        app = make_api(Desk(Path(folder)), access, exchange=AtOnce(), settings=limits)
        chosen = {**uvicorn_settings(), "lifespan": "off"}
        server = uvicorn.Server(uvicorn.Config(bare if what == "bare" else app, **chosen))
        pipe.send((listening.getsockname()[1], access.create_token("bot", "trade")))

        def end() -> None:
            pipe.recv()
            server.should_exit = True

        threading.Thread(target=end, daemon=True).start()
        began = time.process_time()
        server.run(sockets=[listening])
        pipe.send(time.process_time() - began)


async def ask(port: int, token: str, connections: int) -> list[float]:
    """Seconds that each answer took."""
    took: list[float] = []
    until = time.monotonic() + SECONDS

    async def bot(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /v1/signals HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        sent = 0
        while time.monotonic() < until:
            signal = {"id": f"{connections}-{number}-{sent}", "symbol": "BTC/USD", "side": "long",
                      "time": "2026-03-02T15:00:00Z", "features": FEATURES}  # fmt: skip
            body = json.dumps(signal)
            began = time.perf_counter()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in answer[:20]:
                raise SystemExit(answer.decode())
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            sent += 1
        writer.close()

    await asyncio.gather(*(bot(number) for number in range(connections)))
    return took


def measure(what: str) -> dict[str, object]:
    """Figures of one application."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(theirs, what))
    process.start()
    port, token = ours.recv()
    time.sleep(0.5)
    found: dict[str, object] = {}
    asked = 0
    for connections in CONNECTIONS:
        took = sorted(asyncio.run(ask(port, token, connections)))
        asked += len(took)
        found[f"{connections} connections"] = {
            "per_second": round(len(took) / SECONDS),
            "p50_ms": round(1e3 * statistics.median(took), 2),
            "p99_ms": round(1e3 * took[int(0.99 * len(took))], 2),
        }
    ours.send(None)
    found["processor_us_a_signal"] = round(1e6 * ours.recv() / asked)
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    found = {what: measure(what) for what in ("api", "bare")}
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for what, figures in found.items():
        for name, value in figures.items():
            print(f"{what:6} {name:24} {value}")


if __name__ == "__main__":
    main()
