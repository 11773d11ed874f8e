"""A monitor elsewhere is asked for as long as all is well; when the asking stops, it raises alarm.

That covers what nothing on this machine can: the machine itself, its power, its network. What the
monitor answers, and whether it does, means nothing for trading.
"""

import math
import threading
import time
from collections.abc import Callable

from edgekeeper.alerts import Secret, Undelivered
from edgekeeper.alerts.posting import Answered, ask, prepare_http
from edgekeeper.config import NotifyConfig
from edgekeeper.errors import UsageError

__all__ = ["OutsideMonitor"]

_WHAT = "the outside monitor"


class OutsideMonitor:
    """Asks an address every so often, in a thread of its own, while it is told that all is well.

    Parameters
    ----------
    settings : NotifyConfig
        With a ``heartbeat_url``, or where it lies.
    stale_seconds : float
        What was told longer ago counts for nothing: who tells has to live as well.
    monotonic : callable
    """

    def __init__(
        self,
        settings: NotifyConfig,
        stale_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._stale, self._monotonic = settings, stale_seconds, monotonic
        self._told = (-math.inf, False)
        self._alarm = False  # it is to be told that something failed
        self._over = threading.Event()
        self._stir = threading.Event()
        self._thread: threading.Thread | None = None
        self.asked = self.failed = 0
        self.last_error: str | None = None

    def start(self) -> None:
        """Begin asking."""
        self._thread = threading.Thread(target=self._run, name="outside-monitor", daemon=True)
        self._thread.start()

    def tell(self, *, well: bool) -> None:
        """Say whether all is well; costs nothing."""
        if self._told[1] is not well:
            self._alarm = not well and self._told[1] and self._settings.heartbeat_fail
            self._stir.set()
        self._told = (self._monotonic(), well)

    def close(self) -> None:
        """Ask no more. One that hangs is left to end by itself."""
        self._over.set()
        self._stir.set()
        if self._thread is not None:
            self._thread.join(0.2)

    def step(self) -> None:
        """Ask once, if there is reason to."""
        when, well = self._told
        if self._alarm:
            self._alarm = False
            self._ask("/fail")
        elif well and self._monotonic() - when <= self._stale:
            self._ask("")

    def _run(self) -> None:
        prepare_http()
        while not self._over.is_set():
            self.step()
            self._stir.wait(self._settings.heartbeat_every_seconds if self.asked else 1.0)
            self._stir.clear()

    def _ask(self, suffix: str) -> None:
        self.asked += 1
        try:
            answer = self._answer(suffix)
        except (Undelivered, UsageError) as error:
            self.failed += 1
            self.last_error = str(error)
            return
        if answer.status >= 300:
            self.failed += 1
            self.last_error = f"{_WHAT}: {answer.status}"

    def _answer(self, suffix: str) -> Answered:
        to = self._settings
        hidden = Secret(f"the address of {_WHAT}", to.heartbeat_url_env, to.heartbeat_url_file)
        url = to.heartbeat_url or hidden.reveal()
        return ask(
            "POST" if suffix else "GET",
            url.rstrip("/") + suffix if suffix else url,
            _WHAT,
            silence_seconds=to.timeout_seconds,
        )
