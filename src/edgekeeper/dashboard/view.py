"""What a screen is made from: who looks, where, at which state of the record."""

from collections.abc import Callable
from dataclasses import dataclass

from edgekeeper.api import Grant
from edgekeeper.dashboard.curves import EquityReader
from edgekeeper.dashboard.evidence_curves import EvidenceReader
from edgekeeper.dashboard.facts import Facts
from edgekeeper.dashboard.figures import WatchedFigures
from edgekeeper.dashboard.nodes import Node
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.shelf import Shelf
from edgekeeper.dashboard.usage import Usage
from edgekeeper.dashboard.wishes import NEEDED
from edgekeeper.desk import Desk
from edgekeeper.desk.slowly import Slowly
from edgekeeper.monitoring.bars_due import BarsDue

__all__ = ["Screen", "View"]


@dataclass(frozen=True)
class View:
    """Everything a screen may ask.

    Attributes
    ----------
    stamp : str
        The state of the record: what was worked out for it can be kept under it.
    """

    desk: Desk
    facts: Facts
    grant: Grant
    place: Place
    stamp: str
    shelf: Shelf
    equity: EquityReader
    evidence: EvidenceReader
    figures: WatchedFigures
    slowly: Slowly
    usage: Usage
    due: BarsDue

    @property
    def record(self) -> str:
        """State of the record alone: for what takes seconds."""
        return self.stamp.partition("-")[0]

    def may_order(self, kind: str) -> bool:
        """Whether a button for this order belongs on the screen."""
        return self.facts.live and self.grant.may(NEEDED[kind])


@dataclass(frozen=True, slots=True)
class Screen:
    """One of the rooms.

    Attributes
    ----------
    path, name, icon : str
    draw : callable
        View to what stands in the middle of the page.
    """

    path: str
    name: str
    icon: str
    draw: Callable[[View], list[Node]]
