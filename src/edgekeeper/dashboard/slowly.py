"""Work that takes seconds: done beside everything else, while the last result is shown."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from edgekeeper.errors import EdgekeeperError

__all__ = ["Found", "Slowly"]

_LOG = logging.getLogger("edgekeeper.dashboard")
_REST_FACTOR = 20.0


@dataclass(frozen=True, slots=True)
class Found:
    """A result, and how it stands with it.

    Attributes
    ----------
    value : object or None
        None: nothing was worked out yet, or it could not be.
    trouble : str
        Why it could not be, as a sentence.
    stamp : str
        State of the record it belongs to.
    at_seconds : float
        Wall time when it was done; 0 before.
    working : bool
        Whether a newer one is on its way.
    """

    value: Any = None
    trouble: str = ""
    stamp: str = ""
    at_seconds: float = 0.0
    working: bool = False


class Slowly:
    """One worker for all visitors. It rests twenty times as long as it worked, a minute at most.

    Parameters
    ----------
    done : callable
        Called from the worker's thread when something is finished.
    """

    def __init__(self, done: Callable[[], None] = lambda: None) -> None:
        self.done = done
        self.count = 0
        self._found: dict[str, Found] = {}
        self._spent: dict[str, float] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="dashboard-slowly")

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def get(self, name: str, stamp: str, work: Callable[[], Any]) -> Found:
        """Return the newest result; begin to work on a newer one if the record has changed."""
        with self._lock:
            found = self._found.get(name, Found())
            rest = min(60.0, _REST_FACTOR * self._spent.get(name, 0.0))
            rested = time.time() - found.at_seconds > rest
            if found.stamp == stamp or found.working or not (rested or found.value is None):
                return found
            found = Found(found.value, found.trouble, found.stamp, found.at_seconds, working=True)
            self._found[name] = found
        self._pool.submit(self._work, name, stamp, work)
        return found

    def _work(self, name: str, stamp: str, work: Callable[[], Any]) -> None:
        began = time.monotonic()
        kept = self._found[name]
        result = Found(kept.value, "it ended with an error: see the log", stamp, time.time())
        try:
            result = Found(work(), "", stamp, time.time())
        except EdgekeeperError as error:
            result = Found(None, str(error), stamp, time.time())
        except (ArithmeticError, LookupError, ValueError, TypeError, OSError):
            _LOG.exception("%s could not be worked out", name)
        finally:
            with self._lock:
                self._found[name] = result
                self._spent[name] = time.monotonic() - began
                self.count += 1
            self.done()
