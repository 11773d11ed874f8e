"""An HTTP server on this machine that speaks some vendor's protocol, and misbehaves as told."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Asked", "Fault", "FaultyServer", "Reply"]

Fault = int | tuple[int, dict[str, str], Any] | Literal["drop", "cut", "hang", "garbage", "html"]
Reply = tuple[int, dict[str, str], Any]
"""Status, headers and body; text and bytes as they are, everything else as JSON."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Message
    body: bytes

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of a query, a form or a JSON object; values of forms that are JSON parsed."""
        parts = urlsplit(self.path)
        found: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = self.headers.get_content_type()
        if kind == "application/json":
            said = json.loads(self.body)
            return {**found, **said} if isinstance(said, dict) else found
        if kind == "application/x-www-form-urlencoded":
            found |= dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        return {name: _parsed(value) for name, value in found.items()}


def _parsed(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


class FaultyServer(ThreadingHTTPServer):
    """Answers with :meth:`reply`, unless a fault is next.

    ``faults`` are taken one a request: a status, (status, headers, body), or one of ``drop`` (close
    without an answer), ``cut`` (close within it), ``hang`` (nothing until the server is closed),
    ``garbage`` (JSON cut off), ``html``; with ``faults_for``, only of requests whose path holds
    that. Used as a context manager.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults: list[Fault] = []
        self.faults_for = ""
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()
        self._thread.join(2.0)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def reply(self, asked: Asked) -> Reply:
        """Return what a server that behaves says."""
        raise NotImplementedError

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up here on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet
    server: FaultyServer

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, self.headers, self.rfile.read(length))
        self.server.asked.append(asked)
        due = self.server.faults and self.server.faults_for in self.path
        fault = self.server.faults.pop(0) if due else None
        if fault is None:
            self._send(*self.server.reply(asked))
        elif isinstance(fault, int):
            self._send(fault, {}, f"told to fail with {fault}")
        elif isinstance(fault, tuple):
            self._send(*fault)
        elif fault == "garbage":
            self._send(200, {"Content-Type": "application/json"}, '{"ok": tr')
        elif fault == "html":
            self._send(200, {"Content-Type": "text/html"}, "<html>sign in to this network</html>")
        else:
            self._break(fault)

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def _send(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        content = body if isinstance(body, bytes) else None
        if content is None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self, fault: str) -> None:
        if fault == "hang":
            self.server.over.wait(20)
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"ok": ')
            self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
