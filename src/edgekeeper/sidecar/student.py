"""``Student``: whoever has opinions on signals, and learns from how they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edgekeeper.sidecar.funnel import Opinion
from edgekeeper.sidecar.messages import SignalIn

__all__ = ["Follower", "OutcomeNote", "SignalNote", "Student"]


@dataclass(frozen=True, slots=True)
class SignalNote:
    """A signal on record, as evidence needs it.

    Attributes
    ----------
    size : float
        That was answered.
    chance : float or None
        See :class:`~edgekeeper.sidecar.funnel.Decided`; None: it counts for nothing.
    sizes : mapping of line to size
        That each line would have given it.
    """

    id: str
    event_time_ns: int
    size: float
    chance: float | None
    sizes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OutcomeNote:
    """An outcome on record; ``net_return`` None: the signal was not traded."""

    id: str
    source: str
    closed_ns: int
    net_return: float | None


class Student(Protocol):
    """Forecasts before, learns after. It is told only what is safe on disk."""

    def opinions(self, signal: SignalIn, bar_features: Mapping[str, float]) -> tuple[Opinion, ...]:
        """Say what each line makes of a signal."""
        ...

    def signal_noted(self, note: SignalNote) -> None:
        """Take a signal that is on record."""
        ...

    def outcome_noted(self, note: OutcomeNote) -> None:
        """Take an outcome that is on record."""
        ...


class Follower:
    """Has no opinion: the bot decides everything."""

    def opinions(self, signal: SignalIn, bar_features: Mapping[str, float]) -> tuple[Opinion, ...]:
        """Say nothing."""
        return ()

    def signal_noted(self, note: SignalNote) -> None:
        """Learn nothing."""

    def outcome_noted(self, note: OutcomeNote) -> None:
        """Learn nothing."""
