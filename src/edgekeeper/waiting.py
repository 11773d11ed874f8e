"""How long to wait before asking again: as told, or longer each time, never all at once."""

from datetime import UTC
from email.utils import parsedate_to_datetime

import numpy as np

__all__ = ["LONGEST_WAIT_SECONDS", "Backoff", "told_wait"]

LONGEST_WAIT_SECONDS = 3_600.0
"""A server may ask for longer; nobody waits more than this without looking again."""


class Backoff:
    """Waits that double from one failure to the next, with jitter from a seeded generator.

    Jitter keeps many processes that lost the same vendor from coming back in the same instant.

    Parameters
    ----------
    seed : int
    first_seconds, longest_seconds : float
        Bounds of the wait before jitter, which multiplies it by .5 to 1.

    Examples
    --------
    >>> backoff = Backoff(seed=7)
    >>> waits = [backoff.wait(failures) for failures in (1, 2, 3, 30)]
    >>> [low <= wait <= 2 * low for wait, low in zip(waits, (0.5, 1.0, 2.0, 30.0))]
    [True, True, True, True]
    """

    def __init__(
        self, seed: int, first_seconds: float = 1.0, longest_seconds: float = 60.0
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._first = first_seconds
        self.longest_seconds = longest_seconds

    def wait(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row (at least one)."""
        doublings = min(max(failures - 1, 0), 30)
        full = min(self._first * 2.0**doublings, self.longest_seconds)
        return float(full * self._random.uniform(0.5, 1.0))


def told_wait(header: str | None, now_ns: int) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110: seconds, or a date) as seconds from now.

    Returns
    -------
    float or None
        At least 0, at most :data:`LONGEST_WAIT_SECONDS`; None where there is no readable header.

    Examples
    --------
    >>> told_wait("30", 0), told_wait("Thu, 01 Jan 1970 00:01:00 GMT", 0), told_wait("soon", 0)
    (30.0, 60.0, None)
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
            seconds = date.timestamp() - now_ns / 10**9
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS) if seconds == seconds else None
