"""``Exchange``: how a face hands messages of bots to the process that answers them."""

from typing import Protocol

from edgekeeper.sidecar.messages import Answer, BarsIn, OutcomeIn, OutcomeNoted, SignalIn

__all__ = ["SOCKET", "Exchange"]

SOCKET = "signals.sock"
"""Name of the socket in the folder of a run."""


class Exchange(Protocol):
    """Takes messages, and answers once what it answers is safe on disk.

    What is wrong with a message is raised as :class:`~edgekeeper.errors.BadData`; a process that
    does not answer as :class:`~edgekeeper.errors.StorageError`.
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
