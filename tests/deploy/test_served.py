"""The real service, as systemd and Prometheus meet it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from edgekeeper.api.access import Access

COUNTED = 'edgekeeper_http_request_seconds_count{method="GET",route="/metrics",status="200"}'
MEMORY = re.compile(r'^edgekeeper_process_resident_memory_bytes\{process="(\w+)"\} (\S+)$', re.M)
_PATIENCE_SECONDS = 90  # of a machine that does other things, too


class Systemd:
    """The socket on which systemd listens."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(str(path))
        self.listener.settimeout(_PATIENCE_SECONDS)

    def hears(self, word):
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            said = self.listener.recv(8_192).decode()
            if word in said.splitlines():
                return said
        pytest.fail(f"{word} was never said")


@pytest.fixture
def served(live_run, tmp_path, free_port):
    """`edgekeeper serve` of a run that goes on, as the unit starts it."""
    systemd, port = Systemd(tmp_path / "notify"), free_port()
    command = [sys.executable, "-m", "edgekeeper", "serve", "--data", live_run, "--port", str(port)]
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "60000000",
    }
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   env=environment)  # fmt: skip
    try:
        yield process, systemd, f"http://127.0.0.1:{port}", live_run
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)
        systemd.listener.close()


@pytest.mark.slow
def test_it_says_when_it_is_ready_alive_and_stopping_and_can_be_scraped(served):
    process, systemd, url, folder = served
    assert f"MAINPID={process.pid}" in systemd.hears("READY=1")
    systemd.hears("WATCHDOG=1")
    token = Access(folder).create_token("prometheus", "read")
    head = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/metrics").status_code == 401
    wanted, end, held, text = (
        {"web", "serve", "signals"},
        time.monotonic() + _PATIENCE_SECONDS,
        {},
        "",
    )
    while time.monotonic() < end and not (wanted <= held.keys() and COUNTED in text):
        text = httpx.get(f"{url}/metrics", headers=head, timeout=10).text
        held = dict(MEMORY.findall(text))
        time.sleep(0.2)
    assert wanted <= held.keys(), held
    assert sum(map(float, held.values())) < 2e9
    assert COUNTED in text
    process.send_signal(signal.SIGTERM)
    systemd.hears("STOPPING=1")
    assert process.wait(_PATIENCE_SECONDS) == 0
