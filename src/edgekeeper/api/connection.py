"""A connection that neither waits for ever nor takes headers without end, as the server's does."""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedConnection"]

_MOST_HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 10.0
_BODY_SECONDS = 30.0


class BoundedConnection(HttpToolsProtocol):
    """HTTP by httptools, with bounds on what comes before a request is there to be judged.

    The head of a request may have 64 KiB and take ten seconds, its body thirty; how large a body
    may be is judged by the path it is for.
    """

    _timer: TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait(_HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless they are of a head that has become too long."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > _MOST_HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin with a head."""
        super().on_message_begin()
        self._in_head = True
        self._wait(_HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Go on with the body."""
        self._in_head, self._head_bytes = False, 0
        self._wait(_BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait no more: from here on the server's own bounds hold."""
        self._head_bytes = 0
        self._wait(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to its next protocol."""
        self._wait(None)
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait(None)
        super().connection_lost(exc)

    def _wait(self, seconds: float | None) -> None:
        """Close the connection unless something comes in time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self.transport.close)
