"""``Exchange``: how a face hands messages of bots to the process that answers them."""

from typing import Protocol

from edgekeeper.errors import BadData
from edgekeeper.sidecar.messages import Answer, BarsIn, OutcomeIn, OutcomeNoted, SignalIn

__all__ = ["SOCKET", "Conflict", "Exchange", "UnknownSignal"]

SOCKET = "signals.sock"
"""Name of the socket in the folder of a run."""


class Conflict(BadData):
    """An id that stands on record with other facts: ``409``. The message names what differs."""


class UnknownSignal(BadData):
    """An outcome of a signal that never came: ``404``. Send the signal, then the outcome again."""


class Exchange(Protocol):
    """Takes messages, and answers once what it answers is safe on disk.

    What is wrong with a message is raised as :class:`~edgekeeper.errors.BadData`, of which
    :class:`Conflict` and :class:`UnknownSignal` are kinds; a process that does not answer as
    :class:`~edgekeeper.errors.StorageError`.
    """

    async def signal(self, signal: SignalIn) -> Answer:
        """Decide about a signal; the same id gets the same answer."""
        ...

    async def outcome(self, outcome: OutcomeIn) -> OutcomeNoted:
        """Note how a signal's trade ended."""
        ...

    async def bars(self, bars: BarsIn) -> int:
        """Take bars; return how many were new."""
        ...
