"""A server on this machine that speaks a vendor's protocol, and misbehaves as told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class Vendor(ThreadingHTTPServer):
    """Answers GET with ``reply(path, params, headers)``, a JSON value, unless a fault is next.

    ``faults`` are taken one a request: None (behave), a status, (status, headers, body), or one of
    ``drop`` (close without an answer), ``cut`` (close within it), ``hang`` (nothing until the end),
    ``drip`` (a byte now and then), ``garbage`` (JSON cut off), ``html``, ``nonsense`` (other JSON).
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, reply):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.faults = []
        self.asked = []
        self.over = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Clients hang up here on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # head and body in one packet

    def do_GET(self):
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query))
        self.server.asked.append((parts.path, params, dict(self.headers)))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is None:
            self._send(200, json.dumps(self.server.reply(parts.path, params, self.headers)))
        elif isinstance(fault, int):
            self._send(fault, json.dumps({"message": f"told to fail with {fault}"}))
        elif isinstance(fault, tuple):
            status, headers, body = fault
            self._send(status, json.dumps(body), headers)
        else:
            getattr(self, f"_{fault}")()

    def _send(self, status, text, headers=None):
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _drop(self):
        self.close_connection = True
        self.connection.close()

    def _cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"bars": {')
        self.wfile.flush()
        self._drop()

    def _hang(self):
        self.server.over.wait(20)

    def _drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.over.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _garbage(self):
        self._send(200, '{"bars": {"AAPL": [{"t": "2023')

    def _html(self):
        self._send(200, "<html>We are improving things for you</html>")

    def _nonsense(self):
        self._send(200, '["bars", 7, null]')

    def log_message(self, *_):
        """Quiet."""
