"""The guard around the application: hosts, sizes, headers, ids, times, and what nobody foresaw."""

import ipaddress
import logging
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgekeeper.api.packages import PACKAGES
from edgekeeper.api.problems import Problem, response_of
from edgekeeper.api.settings import ApiSettings

if TYPE_CHECKING:
    from edgekeeper.api.observing import Observer

__all__ = ["Guard"]

_LOG = logging.getLogger("edgekeeper.api")
_LOCAL = frozenset({"localhost", "localhost.localdomain"})
_OURS = ("/v1/", "/api/", "/health/", "/metrics", "/openapi.json")
_BARS = "/v1/bars"
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_DATA_ONLY = "default-src 'none'; frame-ancestors 'none'"
# The dashboard's framework compiles its templates in the browser and sets styles inline.
_PAGES = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_FOR_DATA = _raw(
    {**_EVERYWHERE, "Content-Security-Policy": _DATA_ONLY, "Cache-Control": "no-store"}
)
_FOR_PAGES = _raw({**_EVERYWHERE, "Content-Security-Policy": _PAGES})


class Guard:
    """Stands outermost: whatever happens inside, an answer leaves with its headers.

    Parameters
    ----------
    app : ASGIApp
    settings : ApiSettings
    observer : Observer or None
    """

    def __init__(
        self, app: ASGIApp, settings: ApiSettings, observer: "Observer | None" = None
    ) -> None:
        self._app, self._settings, self._observer = app, settings, observer
        self._hosts = _LOCAL | {host.lower() for host in settings.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request."""
        if scope["type"] == "websocket" and not self._known_host(scope):
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        scope["edgekeeper.request_id"] = secrets.token_hex(8)
        dressed = _Dressed(scope, send)
        try:
            problem = self._refused(scope)
            if problem is not None:
                await response_of(problem, Request(scope))(scope, receive, dressed)
            else:
                await self._app(scope, self._measured(scope, receive), dressed)
        except Exception:  # the last one to hear of it, so nobody else can answer
            _LOG.exception("request %s failed", scope["edgekeeper.request_id"])
            if dressed.status == 0:
                await response_of(_unforeseen(), Request(scope))(scope, receive, dressed)
        finally:
            if self._observer is not None:
                self._observer.request(scope, dressed.status, time.perf_counter() - began)

    def _refused(self, scope: Scope) -> Problem | None:
        if not self._known_host(scope):
            return Problem(
                421,
                "Unknown host",
                "expected a request for this service by its address, as localhost, or by a name "
                "that its settings allow, got another in the header Host",
            )
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isascii() or not said.isdigit():
            return Problem(400, "Malformed request", "expected a length of the body in digits")
        return _too_large(self._most(scope)) if int(said) > self._most(scope) else None

    def _known_host(self, scope: Scope) -> bool:
        given = Headers(scope=scope).getlist("host")
        if len(given) != 1:
            return False
        host = given[0].lower()
        name = host[1 : host.find("]")] if host.startswith("[") else host.split(":", 1)[0]
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _most(self, scope: Scope) -> int:
        if scope["path"] == PACKAGES:
            from edgekeeper.registry.parcel import MOST_BYTES  # late: it loads what models need

            return MOST_BYTES
        bars = scope["path"] == _BARS or not scope["path"].startswith((*_OURS, "/login"))
        return self._settings.bars_bytes if bars else self._settings.body_bytes

    def _measured(self, scope: Scope, receive: Receive) -> Receive:
        """Count a body that comes without its length."""
        most, taken = self._most(scope), 0

        async def measured() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _too_large(most)
            return message

        return measured


class _Dressed:
    """Sends an answer on, with the headers that none may lack."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            there = {name for name, _ in headers}
            wanted = _FOR_DATA if self._scope["path"].startswith(_OURS) else _FOR_PAGES
            headers += [pair for pair in wanted if pair[0] not in there]
            headers.append((b"x-request-id", self._scope["edgekeeper.request_id"].encode()))
            message["headers"] = headers
        await self._send(message)


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "Message too large",
        f"expected at most {most:,} bytes, got more: send it in parts",
        headers={"Connection": "close"},
    )


def _unforeseen() -> Problem:
    return Problem(
        500,
        "Something went wrong",
        "nobody foresaw this: the log of the service says more under the id of this request",
    )
