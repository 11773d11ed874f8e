"""``Days``: signals gathered by day (UTC), each day handed on once all of it is known.

One observation a day, never one a trade: trades of a day share its weather. And days are counted
by when signals were decided, not by when trades were closed: who lets losers run has closed only
winners so far. A signal that came while a trade of an earlier counted day was still open counts for
nothing, since the two shared a market: so no outcome of one observation was under way when the next
one was decided, and a bet on them cannot win twice from one move.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edgekeeper.sidecar.facts import DAY_NS
from edgekeeper.sidecar.student import OutcomeNote, SignalNote

__all__ = ["Day", "DaySignal", "Days"]


@dataclass(slots=True)
class DaySignal:
    """A signal of a day that counts.

    Attributes
    ----------
    weight : float
        One over the chance that its outcome comes to be known.
    net_return : float or None
        None: it never came.
    """

    event_time_ns: int
    weight: float
    sizes: Mapping[str, float]
    net_return: float | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is over.

    Attributes
    ----------
    end_ns : int
    closed_ns : int
        Last instant at which a trade of this or an earlier counted day was closed.
    """

    end_ns: int
    signals: tuple[DaySignal, ...]
    closed_ns: int


@dataclass(slots=True)
class _Open:
    note: SignalNote
    outcome: OutcomeNote | None = None


@dataclass(slots=True)
class Days:
    """A pure function of the signals and outcomes on record: no clock is read.

    Parameters
    ----------
    patience_days : int
        Days after which an outcome that was not told never came.
    """

    patience_days: int
    closed_ns: int = 0
    done_ns: int = 0
    latest_ns: int = 0
    _days: dict[int, dict[str, _Open]] = field(default_factory=dict)
    _day_of: dict[str, int] = field(default_factory=dict)

    def signal(self, note: SignalNote) -> None:
        """Take a signal; one that comes after its day was handed on counts for nothing."""
        self.latest_ns = max(self.latest_ns, note.event_time_ns)
        day = note.event_time_ns // DAY_NS
        if (day + 1) * DAY_NS <= self.done_ns or not self._counts(note):
            return
        self._days.setdefault(day, {})[note.id] = _Open(note)
        self._day_of[note.id] = day

    @staticmethod
    def _counts(note: SignalNote) -> bool:
        """Whether its outcome comes to be known by the rules, whatever it is."""
        return bool(note.chance) and (note.size > 0.0 or note.chance == 1.0)

    def outcome(self, note: OutcomeNote) -> None:
        """Take an outcome; the first one on record is what evidence counts."""
        self.latest_ns = max(self.latest_ns, note.closed_ns)
        day = self._day_of.get(note.id)
        if day is not None and self._days[day][note.id].outcome is None:
            self._days[day][note.id].outcome = note

    @property
    def waiting(self) -> int:
        """Signals that count and whose outcome has not come."""
        return sum(one.outcome is None for day in self._days.values() for one in day.values())

    def over(self) -> Iterator[Day]:
        """Hand on the days that are over, oldest first; the first that is not holds up the rest."""
        for day in sorted(self._days):
            end = (day + 1) * DAY_NS
            if self.latest_ns < end:
                return
            late = self.latest_ns >= end + self.patience_days * DAY_NS
            if not late and any(one.outcome is None for one in self._days[day].values()):
                return
            yield self._close(day, end)

    def _close(self, day: int, end: int) -> Day:
        signals, closed = [], self.closed_ns
        for id, one in self._days.pop(day).items():
            del self._day_of[id]
            outcome, note = one.outcome, one.note
            if note.event_time_ns < self.closed_ns:
                continue  # it shared the market with an earlier day
            if outcome is not None and outcome.net_return is None:
                continue  # never traded
            closed = max(closed, note.event_time_ns if outcome is None else outcome.closed_ns)
            net = None if outcome is None else outcome.net_return
            signals.append(
                DaySignal(note.event_time_ns, 1.0 / (note.chance or 1.0), note.sizes, net)
            )
        self.closed_ns, self.done_ns = closed, end
        return Day(end, tuple(signals), closed)
