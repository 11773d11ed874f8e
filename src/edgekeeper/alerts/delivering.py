"""What a channel to the outside promises, and in which ways it may fail."""

from typing import Literal, Protocol

from edgekeeper.alerts.alert import Severity
from edgekeeper.alerts.notice import Notice

__all__ = ["Failure", "Messenger", "Undelivered"]

Failure = Literal["passing", "refused", "hopeless"]


class Undelivered(OSError):
    """A message was not taken.

    Attributes
    ----------
    kind : {"passing", "refused", "hopeless"}
        It may go better by itself; a person has to mend something; this message will never be
        taken, others may.
    wait_seconds : float or None
        How long the other side asked to be left alone.
    """

    def __init__(self, message: str, kind: Failure, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_seconds = wait_seconds


class Messenger(Protocol):
    """Carries messages to one place outside. Used by one thread."""

    @property
    def name(self) -> str:
        """Short name, with what distinguishes it from others of its kind."""
        ...

    @property
    def severity(self) -> Severity:
        """Least severity that it is for."""
        ...

    @property
    def longest(self) -> int:
        """Characters of the longest text that it takes."""
        ...

    def prepare(self) -> None:
        """Load what delivering needs, so that it costs nothing later."""
        ...

    def deliver(self, notice: Notice) -> None:
        """Deliver one message.

        Raises
        ------
        Undelivered
            It was not taken, or it is not known whether it was.
        UsageError
            A secret is missing.
        """
        ...
