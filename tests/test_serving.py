"""A service as its user meets it: real processes in a folder, killed, stopped, begun again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from edgekeeper.api import Access
from edgekeeper.config import Config, NotifyConfig, ServeConfig
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.serving import serve
from edgekeeper.wanted import Wanted
from edgekeeper.watch import last_beat

PATIENCE = 60.0
NOTHING = Wanted("")


def test_what_starts_the_others_loads_no_tables():
    """It holds a lock and looks for signs of life; whoever starts it waits for what it loads."""
    heavy = "{'polars', 'numba', 'scipy', 'lightgbm', 'fastapi'}"
    code = f"import sys, edgekeeper.serving; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


class Service:
    """A service in a thread of this process, and someone who asks it."""

    def __init__(self, folder, **more):
        self.folder, self.said_, self.end, self.error = folder, [], None, None
        self._stop, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, kwargs=more)
        self._thread.start()
        while not self._ready.wait(0.05):
            assert self._thread.is_alive(), self.error
        token = Access(folder).create_token(f"test-{time.time_ns()}", "admin")
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=10.0
        )

    def _serve(self, wanted=NOTHING, port=0, config=None, ledger_url=None):
        try:
            self.end = serve(
                self.folder, wanted=wanted, config=config, host=None, port=port,
                ledger_url=ledger_url, teller=self, stop=self._stop.is_set,
            )  # fmt: skip
        except BaseException as error:
            self.error = error
            raise

    def ready(self, url, login, seconds):
        self.url, self.login, self.seconds = url, login, seconds
        self._ready.set()

    def said(self, sentence):
        self.said_.append(sentence)

    def stop(self):
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if hasattr(self, "client"):
            self.client.close()

    def until(self, holds):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                found = holds()
                if found:
                    return found
            except httpx.HTTPError:
                pass
            assert time.monotonic() < end, f"took too long; {self.said_}"
            time.sleep(0.05)

    def all_ready(self):
        return self.until(lambda: self.client.get("/health/ready").status_code == 200)

    def kill(self, name):
        """Kill a process, and wait until another one gives signs of life in its place."""
        pid = last_beat(self.folder, name).pid
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: (beat := last_beat(self.folder, name)).pid != pid
                   and beat.state == "alive")  # fmt: skip


@pytest.fixture
def service(tmp_path):
    begun = []

    def begin(folder="run", **more):
        begun.append(Service(tmp_path / folder, **more))
        return begun[-1]

    yield begin
    for one in begun:
        one.stop()


def a_signal(id):
    now = datetime.now(UTC).isoformat()
    return {"id": id, "symbol": "BTC/USD", "side": "long", "time": now}


def test_nothing_acknowledged_is_lost_whatever_is_killed(service):
    served = service()
    served.all_ready()
    first = a_signal("one")
    answer = served.client.post("/v1/signals", json=first)
    assert answer.status_code == 200, answer.text
    for name in ("web", "signals"):
        served.kill(name)
        served.all_ready()
        again = served.client.post("/v1/signals", json=first)
        assert (again.status_code, again.json()) == (200, answer.json())
    assert sum("ended by signal 9" in one for one in served.said_) == 2
    served.stop()
    assert served.end.states == {"web": "stopped", "signals": "stopped"}
    with Ledger.open(served.folder / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("sidecar_signals", ["id"])["id"].to_list() == ["one"]
        ledger.verify("signals")


def test_it_goes_on_where_it_ended(service):
    first = service()
    first.all_ready()
    sent = a_signal("one")
    answer = first.client.post("/v1/signals", json=sent).json()
    first.stop()
    second = service()
    second.all_ready()
    assert second.client.post("/v1/signals", json=sent).json() == answer


def test_a_folder_and_a_port_are_served_once(service):
    served = service(config=Config(serve=ServeConfig(sidecar=False)))
    port = int(served.url.rpartition(":")[2])
    more = {"wanted": NOTHING, "config": None, "host": None, "ledger_url": None,
            "teller": served, "stop": lambda: True}  # fmt: skip
    with pytest.raises(UsageError, match="another `edgekeeper serve`"):
        serve(served.folder, port=0, **more)
    with pytest.raises(UsageError, match="--port"):
        serve(served.folder.with_name("other"), port=port, **more)
    with pytest.raises(UsageError, match="--host"):
        serve(served.folder.with_name("other"), port=0, **{**more, "host": "no such name"})
    answer = served.client.post("/v1/signals", json=a_signal("one"))
    assert answer.status_code == 503


@pytest.mark.slow
def test_a_strategy_learns_beside_it_and_is_halted_and_resumed(service):
    served = service(wanted=Wanted("demo:20"), config=Config())
    served.all_ready()
    bars = served.until(lambda: served.client.get("/v1/status").json().get("bars"))
    served.until(lambda: served.client.get("/v1/status").json()["bars"] > bars)
    done = served.client.post("/v1/kill", json={"reason": "test"})
    assert done.status_code in (200, 202), done.text
    served.until(lambda: served.client.get("/v1/status").json()["standing"] != "ACTIVE")
    served.client.post("/v1/resume", json={"reason": "test"})
    served.until(lambda: served.client.get("/v1/status").json()["standing"] == "ACTIVE")
    served.kill("trade")
    served.until(lambda: served.client.get("/v1/status").json()["bars"] > bars)
    assert "trade: ended by signal 9" in " ".join(served.said_)


def test_an_outside_monitor_is_asked_where_nothing_trades(service):
    asked = []

    class Monitor(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Monitor) as monitor:
        thread = threading.Thread(target=monitor.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{monitor.server_port}/ping"
        notify = NotifyConfig(heartbeat_url=url, heartbeat_every_seconds=0.1)
        served = service(config=Config(notify=notify))
        served.until(lambda: len(asked) > 2)
        os.kill(last_beat(served.folder, "web").pid, signal.SIGKILL)
        served.until(lambda: any("ended by signal 9" in one for one in served.said_))
        served.stop()
        monitor.shutdown()
        thread.join()
    assert set(asked) == {"/ping"}


def test_who_does_not_say_http_is_no_reason_to_end(service):
    served = service()
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as rude:
        rude.sendall(b"\x00\xff" * 500)
    assert served.client.get("/health/live").status_code == 200
