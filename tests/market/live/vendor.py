"""A server on this machine that speaks vendors' protocols, and misbehaves as told."""

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


def alpaca_bar(when, price=100.0, **changed):
    return {
        "t": when, "o": price, "h": price + 1, "l": price - 1, "c": price + 0.5, "v": 1_000,
        "n": 42, "vw": price, **changed,
    }  # fmt: skip


class Tape:
    """Bars by symbol, told as Alpaca tells them: sorted by symbol, in pages."""

    def __init__(self, bars, page=3):
        self.bars, self.page = bars, page

    def __call__(self, path, params, headers):
        start, end = params["start"], params["end"]
        rows = [
            (symbol, bar)
            for symbol in sorted(params["symbols"].split(","))
            for bar in self.bars.get(symbol, [])
            if not str(getattr(bar, "get", str)("t")).startswith("2023") or start <= bar["t"] <= end
        ]
        at = int(params.get("page_token") or 0)
        told = {}
        for symbol, bar in rows[at : at + self.page]:
            told.setdefault(symbol, []).append(bar)
        more = at + self.page < len(rows)
        return {"bars": told, "next_page_token": str(at + self.page) if more else None}


_START_S = 1_700_006_400


def candle(hour, price=100.0):
    """A candle of Kraken that opens at this hour: text, with a weighted price and a count."""
    numbers = (price, price + 1, price - 1, price + 0.5, price, 12.5)
    return [_START_S + hour * 3_600, *(f"{number:.5f}" for number in numbers), 17]


class Kraken:
    """Kraken's public interface: two pairs, 720 candles a page, the last of them still open."""

    def __init__(self, clock, page=720, last=50):
        self.clock, self.page = clock, page
        self.candles = [candle(hour, 100 + hour) for hour in range(-50, last)]

    def __call__(self, path, params, headers):
        told = getattr(self, "_" + path.rsplit("/", 1)[1])(params)
        return {"error": [], "result": told} if isinstance(told, dict) else {"error": told}

    def _Assets(self, params):  # noqa: N802
        def names(key, name):
            return key, {"aclass": "currency", "altname": name, "decimals": 10, "status": "enabled"}

        return dict(names(*one) for one in (("XXBT", "XBT"), ("XETH", "ETH"), ("ZUSD", "USD")))

    def _AssetPairs(self, params):  # noqa: N802
        def pair(base, name):
            return {
                "altname": f"{name}USD", "wsname": f"{name}/USD", "base": base, "quote": "ZUSD",
                "pair_decimals": 1, "lot_decimals": 8, "ordermin": "0.0001", "status": "online",
                "leverage_buy": [], "fees": [[0, 0.26]], "fees_maker": [[0, 0.16]],
            }  # fmt: skip

        return {"XXBTZUSD": pair("XXBT", "XBT"), "XETHZUSD": pair("XETH", "ETH")}

    def _OHLC(self, params):  # noqa: N802
        assert params["interval"] == "60"
        now_s = self.clock.now_ns() // 10**9
        begun = [c for c in self.candles if int(params.get("since", 0)) < c[0] <= now_s]
        told = begun[: self.page]
        return {params["pair"]: told, "last": told[-1][0] if told else 0}
