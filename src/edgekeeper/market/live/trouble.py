"""What can be wrong with a vendor: trouble that passes, and a refusal that needs a person."""

from typing import Literal

from edgekeeper.errors import BadData, UsageError

__all__ = ["SourceRefused", "SourceTrouble", "Trouble"]

Trouble = Literal["timeout", "lost connection", "server error", "rate limit", "unreadable answer"]


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
