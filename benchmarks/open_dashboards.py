"""What open dashboards cost whoever serves them: ``python benchmarks/open_dashboards.py RUN``.

Pages are opened as a browser opens them, over HTTP and a websocket, without drawing them: memory
and processor time are of the server alone. Give it a copy of a run: an order is written to it.
"""

import ast
import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import socketio

from edgekeeper.api import Access
from edgekeeper.desk import Desk
from edgekeeper.monitoring.processes import process_use

SERVING = Path(__file__).resolve().parent.parent / "tests" / "dashboard" / "serving.py"
PATHS = ("/", "/models", "/decisions", "/system")
IDLE_SECONDS = 20.0


class Viewer:
    """One open page."""

    def __init__(self, url: str, cookie: str, path: str) -> None:
        self._url, self._path = url, path
        self._headers = {"Cookie": f"edgekeeper_session={cookie}"}
        self._socket = socketio.AsyncClient()
        self.updates = 0
        self.newest = 0.0

    async def open(self) -> float:
        """Open the page; return how long its HTML took, in seconds."""
        began = time.perf_counter()
        html = await asyncio.to_thread(self._page)
        took = time.perf_counter() - began
        query = ast.literal_eval(re.search(r"query: (\{.*?\}),\n", html).group(1))
        query |= {"tab_id": os.urandom(8).hex(), "document_id": os.urandom(8).hex()}
        text = "&".join(f"{name}={str(value).lower()}" for name, value in query.items())
        self._socket.on("update", self._updated)
        await self._socket.connect(
            f"{self._url}?{text}", socketio_path="/_nicegui_ws/socket.io", headers=self._headers,
            transports=["websocket"],
        )  # fmt: skip
        if not query.get("implicit_handshake"):
            assert await self._socket.call("handshake", query)
        return took

    async def close(self) -> None:
        """Close it."""
        await self._socket.disconnect()

    def _page(self) -> str:
        request = urllib.request.Request(self._url + self._path, headers=self._headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read().decode()

    async def _updated(self, message: object) -> None:
        self.updates += 1
        self.newest = time.perf_counter()


async def measure(folder: Path) -> None:
    """Serve, look, count."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    access = Access(folder)
    cookie, _ = access.open_session(access.create_token(f"viewer-{time.time_ns()}", "read"))
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, str(SERVING), str(folder), str(port)])
    try:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(f"{url}/login", timeout=5).close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        print(f"ready after {time.perf_counter() - began:.1f} s, {memory(process):.0f} MB")
        await idle(process, "nobody looks")
        viewers: list[Viewer] = []
        for wanted in (1, 10, 50):
            times = []
            while len(viewers) < wanted:
                viewers.append(Viewer(url, cookie, PATHS[len(viewers) % len(PATHS)]))
                times.append(await viewers[-1].open())
            times.sort()
            print(
                f"{wanted} open: {memory(process):.0f} MB; a page took "
                f"{1e3 * times[len(times) // 2]:.0f} ms (median), {1e3 * times[-1]:.0f} (most)"
            )
            await idle(process, f"{wanted} look on, nothing happens")
        await news(process, folder, viewers)
    finally:
        process.terminate()
        process.wait(20)


async def idle(process: subprocess.Popen, told: str) -> None:
    """Measure the processor while nothing happens."""
    before = process_use(process.pid).cpu_seconds
    await asyncio.sleep(IDLE_SECONDS)
    share = (process_use(process.pid).cpu_seconds - before) / IDLE_SECONDS
    print(f"  {told}: {100 * share:.1f} % of a core")


async def news(process: subprocess.Popen, folder: Path, viewers: list[Viewer]) -> None:
    """Change the record once, and see how long it takes until everybody was told."""
    for viewer in viewers:
        viewer.updates = 0
    before = process_use(process.pid).cpu_seconds
    with Desk(folder) as desk:
        desk.order("freeze", actor="benchmark", reason="to see who is told")
    began = time.perf_counter()
    await asyncio.sleep(5.0)
    told = [viewer.newest - began for viewer in viewers if viewer.updates]
    used = process_use(process.pid).cpu_seconds - before
    await asyncio.gather(*(viewer.close() for viewer in viewers))
    print(
        f"a change reached {len(told)} of {len(viewers)} within {max(told):.2f} s; "
        f"{1e3 * used:.0f} ms of processor in 5 s, {memory(process):.0f} MB"
    )


def memory(process: subprocess.Popen) -> float:
    """Resident memory in MB."""
    return process_use(process.pid).resident_bytes / 1e6


if __name__ == "__main__":
    asyncio.run(measure(Path(sys.argv[1])))
