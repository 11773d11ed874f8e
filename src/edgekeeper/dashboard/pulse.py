"""One look a second at the record, for all visitors: who has news is shown them."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable

from edgekeeper.dashboard.house import House
from edgekeeper.dashboard.visitor import Visitor
from edgekeeper.errors import EdgekeeperError

__all__ = ["Pulse"]

_LOG = logging.getLogger("edgekeeper.dashboard")
_LOOK_SECONDS = 1.0
_LOOKS_A_CHECK = 5
_LOOKS_A_SYSTEM = 5
_AT_ONCE = 2
"""Pages that are made side by side: who else asks of this process gets a turn in between."""


class Pulse:
    """Looks while anybody does; without visitors it costs nothing.

    Parameters
    ----------
    house : House
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._visitors: dict[str, Visitor] = {}
        self._task: asyncio.Task[None] | None = None
        self._looks = 0
        self._stamp = ""

    def __len__(self) -> int:
        return len(self._visitors)

    def begin(self) -> None:
        """Begin to look, on the loop that serves."""
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
        self._house.close()

    def add(self, name: str, visitor: Visitor) -> None:
        """Show a visitor what changes from now on."""
        self._visitors[name] = visitor

    def remove(self, name: str) -> None:
        """Forget a visitor."""
        self._visitors.pop(name, None)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._visitors:
                await self._look()

    async def _look(self) -> None:
        self._looks += 1
        everybody = list(self._visitors.values())
        if self._looks % _LOOKS_A_CHECK == 0:
            await _all(visitor.check() for visitor in everybody)
        try:
            stamp = await asyncio.to_thread(self._house.stamp)
        except EdgekeeperError as error:
            stamp = f"trouble: {error}"
        if stamp != self._stamp:
            self._stamp = stamp
            await _all(visitor.refresh(stamp) for visitor in everybody)
        elif self._looks % _LOOKS_A_SYSTEM == 0:
            await _all(v.refresh(stamp) for v in everybody if v.place.path == "/system")


async def _all(looks: Iterable[Awaitable[object]]) -> None:
    """Do all of it, a few at a time; whoever's page fails keeps nobody else from theirs."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(look: Awaitable[object]) -> object:
        async with turns:
            return await look

    for result in await asyncio.gather(*map(one, looks), return_exceptions=True):
        if isinstance(result, Exception):
            _LOG.error("a page could not be refreshed", exc_info=result)
