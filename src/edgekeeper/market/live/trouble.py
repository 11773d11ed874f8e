"""What can be wrong with a vendor: trouble that passes, and a refusal that needs a person."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

from edgekeeper.errors import BadData, UsageError

__all__ = ["LONGEST_WAIT_SECONDS", "SourceRefused", "SourceTrouble", "Trouble", "told_wait"]

Trouble = Literal["timeout", "lost connection", "server error", "rate limit", "unreadable answer"]
LONGEST_WAIT_SECONDS = 3_600.0
"""A vendor may ask for longer; nobody waits more than this without looking again."""


class SourceTrouble(BadData):
    """A vendor did not answer, or not with bars; asking again later may help.

    Attributes
    ----------
    kind : str
        One of :data:`Trouble`.
    wait_seconds : float or None
        How long the vendor asked to be left alone; None where it did not say.
    """

    def __init__(self, kind: Trouble, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_seconds = wait_seconds


class SourceRefused(UsageError):
    """A vendor understood and said no: keys, plan, symbol or interval. A person has to act."""


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
