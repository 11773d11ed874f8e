"""Work that takes seconds: done beside everything else, while the last result is shown."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from edgekeeper.errors import EdgekeeperError

__all__ = ["Found", "Slowly"]

_LOG = logging.getLogger("edgekeeper.desk")
_REST_FACTOR = 20.0
_LONGEST_REST_SECONDS = 120.0


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
        State of the record it belongs to; empty: of none yet.
    at_seconds : float
        Wall time when it was done; 0 before.
    took_seconds : float
    working : bool
        Whether a newer one is on its way.
    """

    value: Any = None
    trouble: str = ""
    stamp: str = ""
    at_seconds: float = 0.0
    took_seconds: float = 0.0
    working: bool = False


class Slowly:
    """One worker for all who ask. It rests twenty times as long as it worked, two minutes at most.

    Attributes
    ----------
    count : int
        How often something was finished.

    Examples
    --------
    >>> slowly = Slowly()
    >>> slowly.get("sum", "today", lambda: 2 + 2, patience_seconds=10.0).value
    4
    >>> slowly.close()
    """

    def __init__(self) -> None:
        self.count = 0
        self._found: dict[str, Found] = {}
        self._done = threading.Condition()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="slowly")

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def get(
        self, name: str, stamp: str, work: Callable[[], Any], *, patience_seconds: float = 0.0
    ) -> Found:
        """Return the newest result; begin to work on a newer one if the record has changed.

        Who has patience waits so long for one that is being worked on.
        """
        with self._done:
            found = self._found.get(name, Found())
            rest = min(_LONGEST_REST_SECONDS, _REST_FACTOR * found.took_seconds)
            rested = time.time() - found.at_seconds > rest
            if not found.working and found.stamp != stamp and (rested or found.value is None):
                self._found[name] = replace(found, working=True)
                self._pool.submit(self._work, name, stamp, work)
            self._done.wait_for(
                lambda: not self._found.get(name, Found()).working, timeout=patience_seconds
            )
            return self._found.get(name, Found())

    def _work(self, name: str, stamp: str, work: Callable[[], Any]) -> None:
        began = time.monotonic()
        value, trouble = None, "It ended with an error: the log of the process says which."
        try:
            value, trouble = work(), ""
        except EdgekeeperError as error:
            trouble = str(error)
        except Exception:  # of a thread nobody joins: it would be lost
            _LOG.exception("%s could not be worked out", name)
        finally:
            took = time.monotonic() - began
            with self._done:
                self._found[name] = Found(value, trouble, stamp, time.time(), took)
                self.count += 1
                self._done.notify_all()
