"""Token buckets: how often somebody may do something."""

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Buckets"]


class Buckets:
    """A bucket for each key, filled at a steady rate; the longest unused are forgotten.

    Parameters
    ----------
    per_second, burst : float
        Rate of refill, and size.
    most : int
        Keys that are remembered.

    Examples
    --------
    >>> buckets = Buckets(2.0, 1.0, monotonic=lambda: 0.0)
    >>> buckets.take("bot"), buckets.take("bot")
    (0.0, 0.5)
    """

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        most: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._most = per_second, burst, most
        self._monotonic = monotonic
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; return 0, or the seconds until there is one again."""
        now = self._monotonic()
        left, since = self._held.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        short = 1.0 - left
        self._held[key] = (left if short > 0.0 else left - 1.0, now)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return max(0.0, short / self._rate)
