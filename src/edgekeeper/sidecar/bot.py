"""A client for bots: one file, Python's standard library alone. Copy it beside your bot.

>>> bot = Bot("http://127.0.0.1:8765", token="…", folder="bot-state")    # doctest: +SKIP
>>> verdict = bot.signal("BTC/USDT", "long", id="2026-01-05T10:00-BTC-long",
...                      features={"rsi": 31.0})                          # doctest: +SKIP
>>> if verdict.trade:                                                     # doctest: +SKIP
...     buy(stake * verdict.size)
>>> bot.outcome(verdict.id, 0.0123, exit_reason="target")                 # doctest: +SKIP

It never holds a bot up: an answer that takes longer than ``timeout_seconds`` counts as none, and
then ``on_unreachable`` decides. A halt once seen stays in force while nobody can be asked. Outcomes
go to a folder first and are sent from there, again and again, until they are taken.
"""

import hashlib
import http.client
import json
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Bot", "Unreachable", "Verdict", "WrongMessage"]

_LOCAL = ("127.0.0.1", "localhost", "::1")
_FOLLOW_BOT, _SKIP = "follow_bot", "skip"
_BACKGROUND_SECONDS = 5.0
_LATER = (401, 403, 408, 425, 429)


class Unreachable(Exception):
    """Nobody answered in time, or what answered was not Edgekeeper."""


class WrongMessage(ValueError):
    """The message was refused for good; its text says why."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status


@dataclass(frozen=True)
class Verdict:
    """What to do about a signal.

    Attributes
    ----------
    size : float
        Share of the usual stake: 1 take, between for less, 0 skip.
    reached : bool
        Whether Edgekeeper answered; if not, ``on_unreachable`` decided.
    """

    id: str
    decision: str
    size: float
    mode: str
    halted: bool
    reached: bool
    stop: float | None = None
    target: float | None = None
    model: str | None = None
    reasons: tuple[str, ...] = ()
    forecast: dict[str, Any] = field(default_factory=dict)

    @property
    def trade(self) -> bool:
        """Whether to trade at all: never during a halt; else as told, where answers are orders."""
        if self.halted:
            return False
        return self.size > 0.0 if self.mode == "enforce" or not self.reached else True

    @property
    def stake_share(self) -> float:
        """Share of the usual stake to trade with, in the mode that is set."""
        if not self.trade:
            return 0.0
        return self.size if self.mode == "enforce" else 1.0


class Bot:
    """Sends signals and outcomes of one bot.

    Parameters
    ----------
    url : str
        Where Edgekeeper is served. A token goes over plain HTTP to this machine only.
    token : str, optional
        Of role trade; else from the variable ``EDGEKEEPER_TOKEN``.
    folder : path
        For outcomes that wait, and a halt that was seen. One for each bot.
    timeout_seconds : float
    on_unreachable : {"follow_bot", "skip"}
        What a signal gets that nobody answers: what the bot would do without us, or nothing.
    background : bool
        Send what waits from a thread; else call :meth:`flush` yourself.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8765",
        token: str | None = None,
        *,
        folder: str | os.PathLike[str] = "edgekeeper-bot",
        timeout_seconds: float = 0.2,
        on_unreachable: str = _FOLLOW_BOT,
        background: bool = True,
    ) -> None:
        if on_unreachable not in (_FOLLOW_BOT, _SKIP):
            raise ValueError(f"on_unreachable: expected follow_bot or skip, got {on_unreachable!r}")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: expected http://… or https://…, got {url!r}")
        self._token = token if token is not None else os.environ.get("EDGEKEEPER_TOKEN", "")
        if self._token and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise ValueError(
                f"url: a token must not go over plain HTTP to {parts.hostname}: use https://, or a "
                "tunnel to this machine"
            )
        self._secure, self._host = parts.scheme == "https", parts.hostname
        self._port, self._base = parts.port, parts.path.rstrip("/")
        self._folder = Path(folder)
        for name in ("waiting", "refused"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._timeout, self._unreachable = timeout_seconds, on_unreachable
        self._sending = threading.Lock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._background = background
        if background and any((self._folder / "waiting").iterdir()):
            self._start()

    # -- signals --------------------------------------------------------------------------------

    def signal(
        self,
        symbol: str,
        side: str,
        *,
        id: str,
        time: datetime | None = None,
        confidence: float | None = None,
        source: str | None = None,
        price: float | None = None,
        features: dict[str, float | None] | None = None,
    ) -> Verdict:
        """Ask about a trade; the same id gets the same answer.

        Raises
        ------
        WrongMessage
            The message cannot be taken, or the id was used for something else.
        """
        message = {
            "id": id, "symbol": symbol, "side": side, "time": _text(time), "source": source,
            "confidence": confidence, "price": price, "features": features or {},
        }  # fmt: skip
        message = {name: value for name, value in message.items() if value is not None}
        try:
            answer = self._post("/v1/signals", message, self._timeout)
        except Unreachable:
            self._keep("signal", message)
            return self._unanswered(id)
        self._note_halt(bool(answer["halted"]))
        return Verdict(
            id, answer["decision"], float(answer["size"]), answer["mode"], bool(answer["halted"]),
            True, answer.get("stop"), answer.get("target"), answer.get("model"),
            tuple(answer.get("reasons", ())), dict(answer.get("forecast") or {}),
        )  # fmt: skip

    @property
    def halted(self) -> bool:
        """Whether a halt was seen and no end of it: also after a restart of the bot."""
        return (self._folder / "halted").exists()

    def _note_halt(self, halted: bool) -> None:
        if halted and not self.halted:
            (self._folder / "halted").write_text(_text(None))
        elif not halted and self.halted:
            (self._folder / "halted").unlink(missing_ok=True)

    def _unanswered(self, id: str) -> Verdict:
        if self.halted:
            why = "a halt was in force when Edgekeeper was last reached"
            return Verdict(id, "skip", 0.0, "enforce", True, False, reasons=(why,))
        take = self._unreachable == _FOLLOW_BOT
        why = f"Edgekeeper was not reached: {self._unreachable}"
        size = 1.0 if take else 0.0
        return Verdict(id, "take" if take else "skip", size, "enforce", False, False,
                       reasons=(why,))  # fmt: skip

    # -- outcomes -------------------------------------------------------------------------------

    def outcome(
        self,
        id: str,
        net_return: float,
        *,
        closed_at: datetime | None = None,
        exit_reason: str | None = None,
        entry_price: float | None = None,
        exit_price: float | None = None,
        quantity: float | None = None,
        fees: float | None = None,
    ) -> None:
        """Say how a trade ended, net of costs, as a fraction of the entry value; never waits."""
        message = {
            "id": id, "closed_at": _text(closed_at), "return": net_return,
            "exit_reason": exit_reason, "entry_price": entry_price, "exit_price": exit_price,
            "quantity": quantity, "fees": fees,
        }  # fmt: skip
        self._keep("outcome", {name: value for name, value in message.items() if value is not None})

    def not_traded(self, id: str) -> None:
        """Say that nothing came of a signal: an order that was not filled, say."""
        self.outcome(id, 0.0, exit_reason="not_traded")

    def flush(self, timeout_seconds: float = 5.0) -> int:
        """Send what waits, oldest first; return how much still does."""
        with self._sending:
            waiting = sorted((self._folder / "waiting").glob("*.json"))
            for done, path in enumerate(waiting):
                kept = json.loads(path.read_text("utf-8"))
                try:
                    self._post(f"/v1/{kept['kind']}s", kept["message"], timeout_seconds)
                except Unreachable:
                    return len(waiting) - done
                except WrongMessage as error:
                    kept["refused"] = str(error)
                    _write(self._folder / "refused" / path.name, kept)
                path.unlink()
            return 0

    def close(self, wait_seconds: float = 2.0) -> None:
        """Send what can be sent, and end the thread; the rest waits in the folder."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(wait_seconds)

    def _keep(self, kind: str, message: dict[str, Any]) -> None:
        """Put a message on disk, once; signals before the outcomes that need them."""
        name = hashlib.sha256(f"{kind} {message['id']}".encode()).hexdigest()[:24]
        if not any((self._folder / "waiting").glob(f"*-{name}.json")):
            path = self._folder / "waiting" / f"{time.time_ns():020d}-{name}.json"
            _write(path, {"kind": kind, "message": message})
        if self._background:
            self._start()
            self._wake.set()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._send, name="edgekeeper-bot", daemon=True)
            self._thread.start()

    def _send(self) -> None:
        pause = 0.0
        while not self._closing.is_set():
            self._wake.wait(pause or None)
            self._wake.clear()
            left = self.flush(_BACKGROUND_SECONDS)
            pause = min(max(2.0 * pause, 0.5), 60.0) if left else 0.0

    # -- HTTP -----------------------------------------------------------------------------------

    def _post(self, path: str, message: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Post a message; follows no redirect, which could lead the token elsewhere."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        try:
            connection.request("POST", self._base + path, json.dumps(message), headers)
            reply = connection.getresponse()
            body = json.loads(reply.read(1_000_000))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(str(error)) from error
        finally:
            connection.close()
        if reply.status >= 500 or reply.status in _LATER or not isinstance(body, dict):
            raise Unreachable(f"{reply.status}: {body}")
        if reply.status >= 300:
            raise WrongMessage(reply.status, str(body.get("detail") or body.get("title") or body))
        return body


def _text(when: datetime | None) -> str:
    when = when or datetime.now(UTC)
    if when.tzinfo is None:
        raise ValueError("expected a time with a zone, such as datetime.now(timezone.utc)")
    return when.isoformat()


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
