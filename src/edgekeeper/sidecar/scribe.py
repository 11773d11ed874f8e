"""``Scribe``: writes what nobody waits for, and says later if it could not be written."""

from collections.abc import Mapping
from concurrent.futures import Future

from edgekeeper.ledger import GroupCommitter

__all__ = ["Scribe"]


class Scribe:
    """The process goes on with what it has decided to write; if that fails, it must end.

    Parameters
    ----------
    writer : GroupCommitter
    """

    def __init__(self, writer: GroupCommitter) -> None:
        self._writer = writer
        self._failure: BaseException | None = None

    def write(
        self,
        facts: Mapping[str, Mapping[str, object]],
        *,
        key: str | None = None,
        event_time_ns: int | None = None,
    ) -> None:
        """Hand in facts, after all that were handed in before."""
        receipt = self._writer.append(facts, key=key, event_time_ns=event_time_ns)
        receipt.add_done_callback(self._written)

    def _written(self, receipt: "Future[str]") -> None:
        self._failure = self._failure or receipt.exception()

    def check(self) -> None:
        """Raise what kept something from being written."""
        if self._failure is not None:
            raise self._failure
