"""What takes seconds to measure: measured beside the requests, once for a state of the record."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekeeper.errors import EdgekeeperError

__all__ = ["Measured", "Slowly"]

_LOG = logging.getLogger("edgekeeper.api")


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a state of the record.

    Attributes
    ----------
    figures : mapping or None
        None: none yet.
    head : str or None
        The state they are of.
    trouble : str
        Why there are none.
    """

    figures: Mapping[str, Any] | None = None
    head: str | None = None
    trouble: str = ""


class Slowly:
    """Measures in a thread of its own, one at a time; meanwhile the figures before are given.

    Parameters
    ----------
    measure : callable
    """

    def __init__(self, measure: Callable[[], Mapping[str, Any]]) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._last = Measured()
        self._at_work: threading.Thread | None = None

    def read(self, head: str, patience_seconds: float = 0.05) -> tuple[Measured, bool]:
        """Return the newest figures, and whether newer ones are on their way."""
        with self._lock:
            if self._last.head == head:
                return self._last, False
            if self._at_work is None:
                self._at_work = threading.Thread(target=self._run, args=(head,), daemon=True)
                self._at_work.start()
            working = self._at_work
        working.join(patience_seconds)
        with self._lock:
            return self._last, self._last.head != head

    def _run(self, head: str) -> None:
        found = Measured(head=head, trouble="nobody foresaw why: the log of the service says more")
        try:
            found = Measured(self._measure(), head)
        except EdgekeeperError as error:
            found = Measured(head=head, trouble=str(error))
        except Exception:  # of a thread nobody joins: it would be lost
            _LOG.exception("measuring failed")
        finally:
            with self._lock:
                self._last, self._at_work = found, None
