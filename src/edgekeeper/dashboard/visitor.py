"""One open page in somebody's browser."""

import asyncio
import itertools

from nicegui import Client

from edgekeeper.api import Grant
from edgekeeper.dashboard.board import Board
from edgekeeper.dashboard.house import House, Page
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.wishes import Answer, carry_out

__all__ = ["Visitor"]

_NUMBERS = itertools.count(1)


class Visitor:
    """Where one browser is, whose session it has, and what it is shown.

    Parameters
    ----------
    house : House
    client : Client
        The open page, as NiceGUI keeps it.
    cookie : str
        Of the session; asked about again before every order.
    grant : Grant
    page : Page
        What is shown at first.
    """

    def __init__(self, house: House, client: Client, cookie: str, grant: Grant, page: Page) -> None:
        self._house, self._client, self._cookie = house, client, cookie
        self.grant, self.place = grant, Place.of(page.url)
        with client.layout:
            self._board = Board(
                page.tree, page.title, page.url, on_go=self._go, on_order=self._order
            )

    async def check(self) -> bool:
        """Look whether the session still holds; where it does not, send the browser to sign in."""
        grant = await asyncio.to_thread(self._house.whose, self._cookie)
        if grant is None:
            self._client.open("/login")
            return False
        self.grant = grant
        return True

    async def refresh(self, stamp: str) -> None:
        """Show the present state of where the visitor is."""
        place = self.place
        page = await asyncio.to_thread(self._house.page, self.grant, place, stamp)
        if place == self.place and not self._client.is_deleted:
            self._board.show(page.tree, page.title, page.url)

    async def _go(self, url: object) -> None:
        if not isinstance(url, str) or not await self.check():
            return
        self.place = Place.of(url)
        await self.refresh(await asyncio.to_thread(self._house.stamp))

    async def _order(self, wish: object) -> None:
        grant = await asyncio.to_thread(self._house.whose, self._cookie)
        answer: Answer = await asyncio.to_thread(carry_out, self._house.desk, grant, wish)
        if grant is None:
            self._client.open("/login")
            return
        await self.refresh(await asyncio.to_thread(self._house.stamp))
        if not self._client.is_deleted:
            self._board.tell(answer.text, answer.tone, answer.keep, next(_NUMBERS))
