"""What is worked out once for a state of the world, and given to all who ask meanwhile."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept(Generic[T]):
    """The last result, with the state that it belongs to; worked out by one thread at a time.

    Examples
    --------
    >>> asked = []
    >>> kept = Kept(lambda: asked.append("again") or len(asked))
    >>> kept.get("monday"), kept.get("monday"), kept.get("tuesday")
    (1, 1, 2)
    """

    def __init__(self, work_out: Callable[[], T]) -> None:
        self._work_out = work_out
        self._lock = threading.Lock()
        self._held: tuple[Hashable, T] | None = None

    def get(self, state: Hashable) -> T:
        """Return the result for a state."""
        with self._lock:
            if self._held is None or self._held[0] != state:
                self._held = (state, self._work_out())
            return self._held[1]
