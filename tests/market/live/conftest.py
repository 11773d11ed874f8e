"""A clock that sleeping moves, and a source that says what a test tells it to."""

import threading
from dataclasses import dataclass, field

import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.market import Convention
from edgekeeper.market.live import BarPoller, live_rows

from .vendor import Vendor

HOUR = 3_600 * 10**9
MINUTE = 60 * 10**9
START = 1_700_006_400 * 10**9  # 2023-11-15 00:00 UTC
assert START % (24 * HOUR) == 0


def bar(symbol, close_ns, price=100.0, **changed):
    """A raw row of a bar of one hour that closes at ``close_ns``."""
    values = {
        "open": price,
        "high": price + 1,
        "low": price - 1,
        "close": price + 0.5,
        "volume": 10.0,
        **changed,
    }
    return symbol, close_ns - HOUR, values, [symbol, close_ns, *values.values()]


@dataclass
class Scripted:
    """Answers with ``rows``, or raises the next of ``troubles``."""

    clock: ManualClock
    rows: list = field(default_factory=list)
    troubles: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    name: str = "scripted"
    convention: Convention = field(default_factory=lambda: Convention(venue="24/7"))
    honest: bool = True
    look_back: int = 10
    idle_seconds: float = 600.0

    def check(self, symbols, interval_ns):
        pass

    def history(self, symbols, interval_ns, start_ns, end_ns):
        self.asked.append(self.clock.now_ns())
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble
        until_ns = self.clock.now_ns() if self.honest else 2 * START
        return live_rows(
            row for row in self.rows if row[1] is None or start_ns - HOUR <= row[1] <= until_ns
        )


@dataclass
class Desk:
    """A poller over a scripted source, with time in hand."""

    clock: ManualClock
    source: Scripted
    folder: object
    slept: list = field(default_factory=list)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.time_ns += round(seconds * 10**9)

    def poller(self, symbols=("BTC/USD",), interval="1h", **options):
        return BarPoller(
            self.source,
            symbols,
            interval,
            clock=self.clock,
            store_folder=self.folder,
            sleep=self.sleep,
            **options,
        )

    def at(self, hours):
        """Move to this many hours after the start, and three seconds."""
        self.clock.time_ns = START + round(hours * HOUR) + 3 * 10**9


@pytest.fixture
def desk(tmp_path):
    clock = ManualClock(START)
    return Desk(clock, Scripted(clock), tmp_path / "store")


@pytest.fixture
def serve():
    """Start vendors; they end with the test."""
    running = []

    def start(reply):
        server = Vendor(reply)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
