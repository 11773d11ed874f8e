"""What people are told while a run goes on: the newest of it; all of it is on record."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

__all__ = ["Event", "Events"]

Event = tuple[int, str, str]
"""When, nanoseconds UTC; what kind; a sentence."""

_KEPT = 1_000


class Events:
    """Events in the order they came, of which the newest are kept.

    Attributes
    ----------
    count : int
        How many there were in all.

    Examples
    --------
    >>> events = Events(kept=2)
    >>> for hour in range(3):
    ...     events.append((hour, "pause", "loss streak"))
    >>> len(events), events.count, [time for time, _, _ in events.since(2)]
    (2, 3, [2])
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._newest: deque[Event] = deque(maxlen=kept)
        self.count = 0

    def append(self, event: Event) -> None:
        """Take note of one."""
        self._newest.append(event)
        self.count += 1

    def since(self, count: int) -> list[Event]:
        """Those that came when there were so many already, as far as they are kept."""
        return list(islice(self._newest, max(len(self._newest) - (self.count - count), 0), None))

    @property
    def newest(self) -> Event | None:
        """The last one; None: there was none."""
        return self._newest[-1] if self._newest else None

    def __len__(self) -> int:
        return len(self._newest)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._newest)
