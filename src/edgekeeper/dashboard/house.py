"""The dashboard of one run: what all its visitors share."""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from edgekeeper.api import Access, Grant
from edgekeeper.dashboard.curves import EquityReader
from edgekeeper.dashboard.evidence_curves import EvidenceReader
from edgekeeper.dashboard.facts import Facts, has_record, life_of, read_facts
from edgekeeper.dashboard.figures import WatchedFigures
from edgekeeper.dashboard.nodes import Node, encode
from edgekeeper.dashboard.parts import card, empty_state, heading
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.screens import SCREENS, screen_at
from edgekeeper.dashboard.shelf import Shelf
from edgekeeper.dashboard.shell import surround
from edgekeeper.dashboard.usage import Usage
from edgekeeper.dashboard.view import Screen, View
from edgekeeper.desk import Desk
from edgekeeper.desk.slowly import Slowly
from edgekeeper.errors import EdgekeeperError
from edgekeeper.ledger.record import ROLES
from edgekeeper.monitoring.bars_due import BarsDue

__all__ = ["House", "Page"]

_LOG = logging.getLogger("edgekeeper.dashboard")
_KEPT = 64
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent."""

    tree: str
    title: str
    url: str


class House:
    """Draws pages for whoever may look, each once for a state of the record.

    Parameters
    ----------
    desk : Desk
    access : Access
    """

    def __init__(self, desk: Desk, access: Access) -> None:
        self.desk, self.access = desk, access
        self.slowly = Slowly()
        self._shelf = Shelf()
        self._equity, self._evidence = EquityReader(desk), EvidenceReader(desk)
        self._figures = WatchedFigures(desk)
        self._usage = Usage()
        self._due = BarsDue(desk.folder)
        self._pages: OrderedDict[tuple[str, str, str], tuple[str, Page]] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop what works in the background."""
        self.slowly.close()

    def whose(self, cookie: str) -> Grant | None:
        """Return whose session a cookie opens; where that cannot be looked up, nobody's."""
        try:
            return self.access.session(cookie)
        except EdgekeeperError as error:
            _LOG.error("sessions cannot be looked up, nobody is let in: %s", error)
            return None

    def stamp(self) -> str:
        """State of the record and of the processes: while it is the same, so is every page.

        Raises
        ------
        EdgekeeperError
            The record cannot be read.
        """
        lives = {name: (life_of(beat), beat.pid) for name, beat in self.desk.beats().items()}
        heads = [self.desk.ledger.head(role) for role in ROLES] if has_record(self.desk) else []
        around = repr((sorted(lives.items()), self.slowly.count))
        return f"{_short(repr(heads))}-{_short(around)}"

    def page(self, grant: Grant, place: Place, stamp: str) -> Page:
        """Draw a page, or return the one that was drawn for another visitor like this one."""
        screen = screen_at(place.path)
        if screen.path == "/system":
            stamp = f"{stamp} {time.monotonic() // _FRESH_SECONDS}"
        key = (place.url, grant.role, grant.name)
        with self._lock:
            kept = self._pages.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        page = self._drawn(grant, place, screen, stamp)
        with self._lock:
            self._pages[key] = (stamp, page)
            self._pages.move_to_end(key)
            while len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        return page

    def _drawn(self, grant: Grant, place: Place, screen: Screen, stamp: str) -> Page:
        title = f"{screen.name} · Edgekeeper"
        try:
            facts = self._shelf.get("facts", stamp, lambda: read_facts(self.desk))
            view = self._view(facts, grant, place, stamp)
            inside = self._inside(view, screen)
        except EdgekeeperError as error:
            view = self._view(Facts(False, None, (), {}, {}, (), trouble=True), grant, place, stamp)
            inside = _trouble(str(error))
        return Page(encode(surround(view, SCREENS, screen, inside)), title, place.url)

    def _view(self, facts: Facts, grant: Grant, place: Place, stamp: str) -> View:
        return View(
            self.desk, facts, grant, place, stamp, self._shelf, self._equity, self._evidence,
            self._figures, self.slowly, self._usage, self._due,
        )  # fmt: skip

    def _inside(self, view: View, screen: Screen) -> list[Node]:
        try:
            return screen.draw(view)
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError):
            _LOG.exception("the screen %s could not be drawn", screen.path)
            return _trouble("This screen could not be drawn: the log of the process says why.")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _trouble(text: str) -> list[Node]:
    return [
        heading("The record cannot be shown now.", kicker="Trouble"),
        card(
            "What happened", empty_state("It will be tried again by itself.", text, sign="warning")
        ),
    ]
