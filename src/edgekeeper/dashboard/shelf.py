"""What was worked out for one state of the record, kept until the record changes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

__all__ = ["Shelf"]

T = TypeVar("T")
_MOST = 200


class Shelf:
    """Keeps results by key and stamp; the same key is worked out by one thread at a time.

    Examples
    --------
    >>> shelf = Shelf()
    >>> shelf.get("sum", "1", lambda: 5), shelf.get("sum", "1", lambda: 6)
    (5, 5)
    >>> shelf.get("sum", "2", lambda: 6)
    6
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, stamp: str, work_out: Callable[[], T]) -> T:
        """Return what is kept for this stamp, or work it out."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._lock:
                found = self._kept.get(key)
                if found is not None and found[0] == stamp:
                    self._kept.move_to_end(key)
                    return cast("T", found[1])
            value = work_out()
            with self._lock:
                self._kept[key] = (stamp, value)
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST:
                    old, _ = self._kept.popitem(last=False)
                    self._locks.pop(old, None)
            return value
