"""``Market``: what the side-car knows of prices, where it knows any."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edgekeeper.errors import Refused
from edgekeeper.sidecar.messages import BarsIn, Side, SignalIn

__all__ = ["Blind", "Market", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A symbol at its last close before a signal.

    Attributes
    ----------
    bars : bool
        Whether bars will show how a trade that begins now would end.
    close, stop_distance, target_distance : float or None
        The last two as fractions of the close.
    """

    features: Mapping[str, float] = field(default_factory=dict)
    bars: bool = False
    close: float | None = None
    stop_distance: float | None = None
    target_distance: float | None = None

    def brackets(self, side: Side) -> tuple[float | None, float | None]:
        """Return prices of stop and target."""
        if self.close is None or self.stop_distance is None or self.target_distance is None:
            return None, None
        direction = 1.0 if side == "long" else -1.0
        return (
            self.close * (1.0 - direction * self.stop_distance),
            self.close * (1.0 + direction * self.target_distance),
        )


class Market(Protocol):
    """Bars that bots sent, or a run in the same folder takes."""

    def before(self, symbol: str, time_ns: int) -> Seen:
        """Say what was known of a symbol at its last close, at or before an instant."""
        ...

    def signal_noted(self, signal: SignalIn, time_ns: int) -> None:
        """Take a signal that is on record: its outcome may have to come from bars."""
        ...

    def take(self, bars: BarsIn) -> int:
        """Take bars; return how many were new. Called from a thread."""
        ...


class Blind:
    """Knows no prices: what a skipped signal would have brought stays unknown."""

    def before(self, symbol: str, time_ns: int) -> Seen:
        """Know nothing."""
        return Seen()

    def signal_noted(self, signal: SignalIn, time_ns: int) -> None:
        """Wait for nothing."""

    def take(self, bars: BarsIn) -> int:
        """Refuse."""
        raise Refused("this side-car takes no bars")
