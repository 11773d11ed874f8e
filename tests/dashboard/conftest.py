"""The real application in a process of its own, and a real browser before it."""

import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
_SERVING = Path(__file__).with_name("serving.py")


@dataclass
class Served:
    """A folder that is served, and sessions of everybody who may look at it."""

    folder: Path
    url: str
    cookies: dict[str, str]


def _cookies(folder):
    """Sessions by role, opened before the server looks for the first time."""
    from edgekeeper.api import Access

    access = Access(folder)
    names = {"read": "read", "trade": "trade", "admin": "admin", "guest": "read"}
    tokens = {
        name: access.create_token(f"{name}-{time.monotonic_ns()}", role)
        for name, role in names.items()
    }
    return {name: access.open_session(token)[0] for name, token in tokens.items()}


@pytest.fixture(scope="module")
def serve():
    """Return what serves a folder; all are stopped at the end of the module."""
    processes = []

    def begin(folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, str(_SERVING), str(folder), str(port)]
        served = Served(Path(folder), f"http://127.0.0.1:{port}", _cookies(Path(folder)))
        processes.append(subprocess.Popen(command))
        until = time.monotonic() + 30.0
        while True:
            try:
                urllib.request.urlopen(f"{served.url}/login", timeout=5).close()
            except urllib.error.URLError:
                assert time.monotonic() < until
                assert processes[-1].poll() is None
                time.sleep(0.1)
            else:
                return served

    yield begin
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(20)


@pytest.fixture(scope="module")
def lived_copy(lived, tmp_path_factory):
    """A copy of the live run that a module may write orders to."""
    return Path(shutil.copytree(lived, tmp_path_factory.mktemp("copy") / "run"))


@pytest.fixture(scope="module")
def browser():
    """One browser for a module."""
    if not CHROMIUM.exists():
        pytest.skip("expected a browser at /usr/bin/chromium, found none")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Return what opens a page; errors in its console and requests elsewhere fail the test."""
    contexts, wrong = [], []

    def open_(served, path="/", role="admin", wait="#heading", **look):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **look})
        contexts.append(context)
        if role is not None:
            cookie = {"name": "edgekeeper_session", "value": served.cookies[role]}
            context.add_cookies([{**cookie, "url": served.url}])

        def here(route):
            if route.request.url.startswith((served.url, "data:", "blob:")):
                route.continue_()
            else:
                wrong.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", here)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(f"{served.url}{path}")
        page.wait_for_selector(wait)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not wrong, wrong


class Loop:
    """A live run that waits for bars which never come, and obeys meanwhile."""

    def __init__(self, folder):
        self._folder, self._ending = folder, threading.Event()
        self.failed = None
        self._thread = threading.Thread(target=self._live)

    def __enter__(self):
        self._thread.start()
        until = time.monotonic() + 60.0
        while not self._waits():
            assert self._thread.is_alive(), self.failed
            assert time.monotonic() < until
            time.sleep(0.1)
        return self

    def __exit__(self, *ended):
        self._ending.set()
        self._thread.join()
        assert self.failed is None

    def _waits(self):
        from edgekeeper.watch import last_beat

        beat = last_beat(self._folder, "trade")
        return beat is not None and beat.state == "alive" and beat.runs

    def _live(self):
        from edgekeeper.build import PaperWanted, paper
        from edgekeeper.clock import ManualClock
        from edgekeeper.ledger import Ledger
        from edgekeeper.running import Blank

        try:
            with Ledger.open(self._folder / "ledger.sqlite", read_only=True) as ledger:
                now = int(ledger.read("stretches", ["event_time_ns"])["event_time_ns"][-1])
            paper(
                PaperWanted(""), None, out=self._folder, screen=Blank(), stop=self._ending.is_set,
                clock=ManualClock(now), sleep=lambda seconds: time.sleep(0.02),
                patience_seconds=0.1, watched=False,
            )  # fmt: skip
        except BaseException as error:
            self.failed = error


@pytest.fixture(scope="module")
def loop():
    """Return what lets a live run go on: a context."""
    return Loop


HELD = """
epoch = "bar"
refits.process = false
gates = { min_samples = 10, max_auc = 0.51, max_sharpe = 0.01, veto_errors = 50.0 }
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 100
refit_epochs = 1000
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Folder of a live run whose only fit is held as too good to be true."""
    import numpy as np
    import polars as pl

    from edgekeeper.build import PaperWanted, paper
    from edgekeeper.clock import ManualClock
    from edgekeeper.config import parse_config
    from edgekeeper.running import Blank

    folder = tmp_path_factory.mktemp("held")
    (folder / "files").mkdir()
    hour, start, seen = 3_600 * 10**9, 1_700_006_400 * 10**9, []
    times = (start + hour * np.arange(320)).astype("datetime64[ns]").astype("datetime64[s]")
    for seed, name in enumerate("CD"):
        moves = np.random.default_rng(seed).normal(0, 0.01, 320)
        for k in range(1, 320):
            moves[k] += 0.9 * moves[k - 1]  # what anybody would call too good to be true
        close = 100 * np.exp(np.cumsum(moves))
        opened = np.append(100.0, close[:-1])
        pl.DataFrame(
            {
                "time": [f"{time}Z" for time in times],
                "open": opened,
                "high": np.maximum(opened, close) * 1.001,
                "low": np.minimum(opened, close) * 0.999,
                "close": close,
                "volume": 1_000.0 + np.arange(320) % 7,
            }
        ).write_csv(folder / "files" / f"{name}%2FUSD.csv")
    clock = ManualClock(start + 300 * hour)

    def sleep(seconds):
        clock.advance_to(clock.now_ns() + max(round(seconds * 1e9), hour // 2))

    paper(
        PaperWanted(f"folder:{folder / 'files'}", ("C/USD", "D/USD"), "1h"), parse_config(HELD),
        out=folder / "run", screen=Blank(), stop=lambda: len(seen) > 4,
        told=lambda live, poller: seen.append(live.now_ns), clock=clock, sleep=sleep,
        patience_seconds=3_600.0, watched=False,
    )  # fmt: skip
    return folder / "run"
