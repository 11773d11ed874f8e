"""TradingView: an adapter between its webhooks, which cannot carry a token, and Edgekeeper.

    EDGEKEEPER_TOKEN=… WEBHOOK_SECRET=… python tradingview_webhook.py BTCUSDT=BTC/USDT

The alert's message, as JSON (TradingView fills in what stands in double braces):

    {"secret": "…", "symbol": "{{ticker}}", "side": "long", "time": "{{timenow}}",
     "price": {{close}}, "features": {"rsi": {{plot_0}}}}

It listens on this machine only: put a proxy with TLS before it that lets in nothing but
TradingView's addresses and this one path. Whoever knows the secret can propose trades and nothing
else: it is no token of Edgekeeper, symbols are those named at the start, an old message is answered
with skip, and the same alert sent twice is one signal. What was answered is printed, a JSON object
a line, for whatever trades.
"""

import hashlib
import hmac
import json
import os
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

try:
    from edgekeeper_bot import Bot
except ImportError:
    from edgekeeper.sidecar.bot import Bot

_MOST_BYTES = 8_192
_MOST_A_MINUTE = 120
_SHORTEST_SECRET = 24
_KNOWN = {"secret", "symbol", "side", "time", "price", "confidence", "features"}


class Refused(Exception):
    """A message that is not passed on; its status is all that the sender is told."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Webhook:
    """Checks messages and passes them on."""

    def __init__(self, bot, secret, symbols):
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"WEBHOOK_SECRET: expected {_SHORTEST_SECRET} characters or more")
        self.bot, self.symbols = bot, symbols
        self._secret = hashlib.sha256(secret.encode()).digest()
        self._lock, self._times = threading.Lock(), []

    def take(self, body):
        """Return what Edgekeeper says of a message; raise Refused."""
        self._limit_rate()
        try:
            message = json.loads(body)
            given = message.pop("secret")
            if not isinstance(given, str) or set(message) - _KNOWN:
                raise Refused(400)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refused(400) from error
        if not hmac.compare_digest(hashlib.sha256(given.encode()).digest(), self._secret):
            raise Refused(403)
        try:
            when = datetime.fromisoformat(message["time"].replace("Z", "+00:00"))
            symbol = self.symbols[message["symbol"]]
            name = json.dumps(message, sort_keys=True).encode()
            verdict = self.bot.signal(
                symbol,
                message["side"],
                id="tv-" + hashlib.sha256(name).hexdigest()[:32],
                time=when,
                source="tradingview",
                price=message.get("price"),
                confidence=message.get("confidence"),
                features=message.get("features"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Refused(422) from error
        return {
            "id": verdict.id, "symbol": symbol, "side": message["side"], "trade": verdict.trade,
            "stake_share": verdict.stake_share, "decision": verdict.decision,
            "reached": verdict.reached, "reasons": list(verdict.reasons),
        }  # fmt: skip

    def _limit_rate(self):
        with self._lock:
            now = time.monotonic()
            self._times = [one for one in self._times if now - one < 60.0]
            if len(self._times) >= _MOST_A_MINUTE:
                raise Refused(429)
            self._times.append(now)


def make_server(webhook, port=8766):
    """Return a server of this machine; start it with ``serve_forever``."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0
        server_version, sys_version = "webhook", ""

        def do_POST(self):
            try:
                length = int(self.headers.get("Content-Length", ""))
                if self.path != "/tradingview":
                    raise Refused(404)
                if not 0 < length <= _MOST_BYTES:
                    raise Refused(413)
                said = webhook.take(self.rfile.read(length))
            except ValueError:
                self._reply(411, {})
            except Refused as error:
                self._reply(error.status, {})
            else:
                print(json.dumps(said), flush=True)
                self._reply(200, said)

        def _reply(self, status, content):
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Keep requests out of the log: they carry the secret."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(*symbols):
    """Serve until Ctrl-C."""
    names = dict(one.split("=", 1) for one in symbols)
    bot = Bot(os.environ.get("EDGEKEEPER_URL", "http://127.0.0.1:8765"), folder="tradingview-bot")
    webhook = Webhook(bot, os.environ["WEBHOOK_SECRET"], names)
    make_server(webhook).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
