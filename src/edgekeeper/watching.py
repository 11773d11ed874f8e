"""``Watchdog``: the trading loop's side of the watch. Without a sign of life it stops trading.

What it orders goes on record like an order of a person, so that a run that is lived again stops
at the same place.
"""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from edgekeeper.config import WatchConfig
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.settings import LINE_PREFIX
from edgekeeper.trade import Order
from edgekeeper.watch.heartbeat import Heart, HeartState, last_beat

__all__ = ["Inbox", "Watchdog"]

_START_SECONDS = 60.0
_LOOK_SECONDS = 0.05


class Watchdog:
    """Starts a watch, gives signs of life to it, and expects its own.

    Parameters
    ----------
    folder : path
        Of the run.
    settings : WatchConfig
        Where it is not ``enabled`` no watch is started, none is expected.
    halted : callable
        Whether the account is halted now.
    ledger_url : str, optional
    """

    def __init__(
        self,
        folder: Path,
        settings: WatchConfig,
        halted: Callable[[], bool],
        *,
        ledger_url: str | None = None,
    ) -> None:
        self._folder, self._settings, self._halted = folder, settings, halted
        self._heart = Heart(folder, "trade", settings.heartbeat_seconds)
        self._ledger_url = ledger_url
        self._child: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._started = 0.0

    def __enter__(self) -> Self:
        self.beat("starting")
        if self._settings.enabled:
            beat = last_beat(self._folder, "watch")
            if beat is None or self.silence() is not None or not beat.runs:
                self._start()
                self._await_first_beat()
        self.beat("alive")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        by_will = kind is None or issubclass(kind, KeyboardInterrupt)
        self.beat("stopped" if by_will else "failed")
        self._end_child(in_peace=not by_will)

    def beat(self, state: HeartState) -> None:
        """Give a sign of life."""
        self._heart.beat(state)

    def orders(self) -> Iterator[Order]:
        """Order a halt where the watch is silent, and start another one in its place."""
        if not self._settings.enabled:
            return
        why = self.silence()
        if why is None:
            return
        if not self._halted():
            yield Order(f"watchdog-{secrets.token_hex(6)}", "kill", "", "watchdog", why)
        if time.monotonic() - self._started > max(_START_SECONDS, self._most):
            self._end_child(in_peace=False)
            self._start()

    def silence(self) -> str | None:
        """Say why the watch counts as dead; None: it lives."""
        beat = last_beat(self._folder, "watch")
        if beat is None:
            return "no watch has given a sign of life"
        if beat.state != "alive":
            return f"the watch (process {beat.pid}) has {beat.state}"
        age = beat.age_seconds()
        if age <= self._most:
            return None
        return f"the watch (process {beat.pid}) has given no sign of life for {self._most:g} s"

    @property
    def _most(self) -> float:
        return self._settings.dead_after_seconds

    # -- the child ------------------------------------------------------------------------------

    def _start(self) -> None:
        """Start a watch whose standard input is a pipe that ends with this process."""
        self._started = time.monotonic()
        self._log = (self._folder / "watch.log").open("ab")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "edgekeeper.watch", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
        )
        assert self._child.stdin is not None
        # By the pipe, not as an argument: it may hold a password.
        self._child.stdin.write(f"{self._ledger_url or ''}\n".encode())
        self._child.stdin.flush()

    def _await_first_beat(self) -> None:
        assert self._child is not None
        until = time.monotonic() + _START_SECONDS
        while self._child.poll() is None and time.monotonic() < until:
            beat = last_beat(self._folder, "watch")
            if beat is not None and beat.pid == self._child.pid:
                return
            time.sleep(_LOOK_SECONDS)

    def _end_child(self, *, in_peace: bool) -> None:
        """End the child: at once, or after it wrote down what it saw."""
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        if in_peace:
            try:
                child.wait(self._most)
            except subprocess.TimeoutExpired:
                child.kill()
        else:
            child.kill()
        child.wait()
        if self._log is not None:
            self._log.close()


class Inbox:
    """Orders on record that were not obeyed yet; then, if need be, the watchdog's.

    Orders about lines of a side-car in the same record are its own to obey.
    """

    def __init__(self, ledger: Ledger, watchdog: Watchdog) -> None:
        self._ledger, self._watchdog = ledger, watchdog
        self._seen: set[str] = set(ledger.read("obeyed", ["id"])["id"].to_list())

    def __call__(self) -> Iterator[Order]:
        """Yield each once, the next one only when that before was obeyed."""
        rows = self._ledger.read("commands").iter_rows(named=True)
        for order in [Order.of(row) for row in rows if row["id"] not in self._seen]:
            self._seen.add(order.id)
            if not order.subject.startswith(LINE_PREFIX):
                yield order
        yield from self._watchdog.orders()  # after those were obeyed: one may have resumed
