"""``Memory``: the newest messages by their ids, and what is answered once they are on disk."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekeeper.errors import BadData
from edgekeeper.sidecar.exchange import UnknownSignal

__all__ = ["Known", "Memory"]

_REMEMBERED = 5_000


@dataclass(slots=True)
class Known:
    """A signal or outcome that came: what it said, and its answer to come."""

    told: Mapping[str, object]
    answer: "asyncio.Future[Any]"


class Memory:
    """Messages on their way to the disk, and the newest of those that are there."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._settled: deque[str] = deque()

    def get(self, id: str) -> Known | None:
        """Return a message that is remembered."""
        return self._known.get(id)

    def begin(
        self,
        id: str,
        told: Mapping[str, object],
        doing: Awaitable[Any],
        before: Callable[[BadData], Awaitable[Any]],
    ) -> Known:
        """Start writing; where the id stands on record already, ``before`` says what was."""
        task = asyncio.ensure_future(self._settle(id, doing, before))
        task.add_done_callback(_seen)
        known = self._known[id] = Known(told, task)
        return known

    async def _settle(
        self, id: str, doing: Awaitable[Any], before: Callable[[BadData], Awaitable[Any]]
    ) -> Any:
        try:
            try:
                answer = await doing
            except BadData as error:
                if isinstance(error, UnknownSignal):
                    raise
                answer = await before(error)
        except BaseException:
            self._known.pop(id, None)
            raise
        self._settled.append(id)
        if len(self._settled) > _REMEMBERED:
            self._known.pop(self._settled.popleft(), None)
        return answer


def _seen(task: "asyncio.Future[Any]") -> None:
    """Take note of a failure, which whoever asked has been told of, if they are still there."""
    if not task.cancelled():
        task.exception()
