"""Steps of a run that can be lived again: recorded some at once, a link each."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from edgekeeper.ledger.batches import Draft
from edgekeeper.ledger.drafts import Drafts
from edgekeeper.ledger.journal import Journal

__all__ = ["Gathering"]

S = TypeVar("S")

_STEPS_THAT_WAIT = 32
_BARS_THAT_WAIT = 2_000
"""Beyond it there is nothing left to gain, and what waits takes memory."""


class Gathering(Generic[S]):
    """Takes steps, and has them turned into facts when enough wait, or when somebody asks.

    Parameters
    ----------
    role : str
    record : callable
        Appends the facts of some steps to links, one for each. It is called by whichever thread
        asks for the record next, so it may look only at what no longer changes, and not at the
        ledger.
    journal_of : callable
        Claims the role and returns what writes, or raises as :meth:`Ledger.transaction` does.
    translating : callable
    """

    def __init__(
        self,
        role: str,
        record: Callable[[Drafts, Sequence[S]], None],
        journal_of: Callable[[], Journal],
        translating: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._role = role
        self._record = record
        self._journal_of = journal_of
        self._translating = translating
        self._waiting: list[tuple[int, S]] = []
        self._bars = 0

    def put(self, event_time_ns: int, step: S, *, bars: int = 1) -> None:
        """Record a step, of so many bars, soon: together with others, which is much cheaper.

        Whatever the ledger is asked to read or write next comes after it, and raises what it
        raised.
        """
        journal = self._journal_of()
        with self._translating():
            journal.gather(self, lambda: self._take(event_time_ns, step, bars))

    def write(self, event_time_ns: int, step: S, *, durable: bool = False) -> None:
        """Record a step now; ``durable``: have it reach the disk."""
        journal = self._journal_of()
        with self._translating():
            if self._waiting:
                journal.settle()
            for draft in self._drafts([(event_time_ns, step)]):
                journal.write(draft, durable=durable)

    def _take(self, event_time_ns: int, step: S, bars: int) -> None:
        self._waiting.append((event_time_ns, step))
        self._bars += bars

    @property
    def is_full(self) -> bool:
        """Whether enough steps wait."""
        return len(self._waiting) >= _STEPS_THAT_WAIT or self._bars >= _BARS_THAT_WAIT

    def collect(self) -> list[Draft]:
        """Links of all steps that wait; none waits any more. For the journal, under its lock."""
        waiting, self._waiting, self._bars = self._waiting, [], 0
        return self._drafts(waiting) if waiting else []

    def _drafts(self, steps: Sequence[tuple[int, S]]) -> list[Draft]:
        drafts = Drafts(self._role, [time for time, _ in steps])
        self._record(drafts, [step for _, step in steps])
        return drafts.finished()
