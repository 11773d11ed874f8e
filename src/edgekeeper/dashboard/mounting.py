"""``add_dashboard``: the pages on an application, after its other routes."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, app, ui

from edgekeeper.api import COOKIE, Access
from edgekeeper.dashboard.board import CLIENT
from edgekeeper.dashboard.house import House
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.pulse import Pulse
from edgekeeper.dashboard.screens import SCREENS
from edgekeeper.dashboard.visitor import Visitor
from edgekeeper.desk import Desk
from edgekeeper.errors import EdgekeeperError

__all__ = ["add_dashboard"]

_Show = Callable[[Request, Client], Awaitable[Response | None]]

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" '
    'rx="5" fill="#005f96"/><path d="M5 16l5-5 3 3 6-7" fill="none" stroke="#fff" '
    'stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
_COLOURS_FIRST = (
    "<script>document.documentElement.dataset.theme = localStorage.edgekeeperTheme ?? 'system'"
    "</script>"
)


def add_dashboard(application: FastAPI, desk: Desk, access: Access, *, storage_secret: str) -> None:
    """Mount the dashboard at ``/``; once in a process.

    Parameters
    ----------
    application : FastAPI
        Its routes go before the dashboard's: /login and /logout among them.
    desk : Desk
        Of the run that is shown.
    access : Access
        Who has a session; whoever has none is sent to /login.
    storage_secret : str
        Signs what NiceGUI keeps in a cookie of its own.
    """
    house = House(desk, access)
    pulse = Pulse(house)

    async def show(request: Request, client: Client) -> Response | None:
        cookie = request.cookies.get(COOKIE, "")
        grant = await asyncio.to_thread(house.whose, cookie)
        if grant is None:
            return RedirectResponse(f"/login?next={request.url.path}")
        query = f"?{request.url.query}" if request.url.query else ""
        place = Place.of(request.url.path + query)
        try:
            stamp = await asyncio.to_thread(house.stamp)
        except EdgekeeperError as error:
            stamp = f"trouble: {error}"
        page = await asyncio.to_thread(house.page, grant, place, stamp)
        ui.page_title(page.title)
        pulse.add(client.id, Visitor(house, client, cookie, grant, page))
        client.on_delete(lambda: pulse.remove(client.id))
        return None

    for screen in SCREENS:
        _add_page(screen.path, show)
    ui.add_head_html(_COLOURS_FIRST, shared=True)
    ui.add_css((CLIENT / "board.css").read_text("utf-8"), shared=True)
    app.on_startup(pulse.begin)
    app.on_shutdown(pulse.end)
    ui.run_with(
        application,
        title="Edgekeeper",
        favicon=_ICON,
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=10.0,
        message_history_length=4,
        show_welcome_message=False,
        storage_secret=storage_secret,
    )


def _add_page(path: str, show: _Show) -> None:
    @ui.page(path)
    async def page(request: Request) -> Response | None:
        return await show(request, ui.context.client)
