"""When the next bar is due, by the hours of its venue: none is late while that is closed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.errors import EdgekeeperError

if TYPE_CHECKING:
    from edgekeeper.market.live.closing import Calendar

__all__ = ["BarsDue"]

_WANTED = "paper.json"


class BarsDue:
    """Says how late bars are.

    Parameters
    ----------
    folder : path
        Of the run. One that takes no bars of its own has none due.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _WANTED
        self._calendar: Calendar | None = None

    @property
    def interval_seconds(self) -> float | None:
        """Length of a bar; None: not known."""
        calendar = self._known()
        return None if calendar is None else calendar.interval_ns / 1e9

    def overdue_seconds(self, last_bar_ns: int, now_ns: int) -> float | None:
        """Return how long the bar after ``last_bar_ns`` has been due; zero before it is."""
        calendar = self._known()
        if calendar is None:
            return None
        try:
            return max(0.0, (now_ns - calendar.next_due(last_bar_ns)) / 1e9)
        except EdgekeeperError:  # beyond the last session that is known
            return None

    def _known(self) -> "Calendar | None":
        if self._calendar is None and self._file.is_file():
            from edgekeeper.market.convention import Convention
            from edgekeeper.market.interval import parse_interval
            from edgekeeper.market.live.closing import Calendar

            try:
                wanted = json.loads(self._file.read_text("utf-8"))
                length = parse_interval(wanted["interval"])
                self._calendar = Calendar(tuple(wanted["symbols"]), length, Convention())
            except (OSError, ValueError, KeyError, TypeError, EdgekeeperError):
                return None
        return self._calendar
