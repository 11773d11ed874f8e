"""How messages go over the socket: one JSON object a line, each with a number.

A request is ``{"n": 1, "ask": "signal", "message": {…}}``; its reply ``{"n": 1, "answer": {…}}``
or ``{"n": 1, "error": "BadData", "says": "…"}``. Replies come as they are ready: the number says
which request is meant.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgekeeper.errors import BadData, EdgekeeperError, Refused, StorageError, UsageError
from edgekeeper.sidecar.exchange import SOCKET, Conflict, UnknownSignal

__all__ = ["MOST_BYTES", "error_of", "failure", "parse_line", "said_by", "socket_path", "success"]

MOST_BYTES = 8 * 2**20
"""Longest line: ten thousand bars, and room to spare."""

_LONGEST_PATH = 100
_KINDS: dict[str, type[EdgekeeperError]] = {
    kind.__name__: kind
    for kind in (BadData, Conflict, Refused, StorageError, UnknownSignal, UsageError)
}


def socket_path(folder: Path, descriptor: int) -> str:
    """Return the socket's path, by an open descriptor of its folder where it would be too long."""
    path = str(folder / SOCKET)
    return path if len(path) < _LONGEST_PATH else f"/proc/self/fd/{descriptor}/{SOCKET}"


def parse_line(line: bytes) -> tuple[int, str, dict[str, Any]]:
    """Return number, what is asked, and the message of a request.

    Raises
    ------
    BadData
        Not such a line.
    """
    try:
        request = json.loads(line)
        number, ask, message = request["n"], request["ask"], request["message"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadData('expected {"n": …, "ask": …, "message": {…}} on one line') from error
    if type(number) is not int or type(ask) is not str or not isinstance(message, dict):
        raise BadData("expected a whole number as n, a word as ask, an object as message")
    return number, ask, message


def success(number: int, answer: str) -> bytes:
    """Return the reply with an answer that is JSON already."""
    return b'{"n":%d,"answer":%s}\n' % (number, answer.encode())


def failure(number: int | None, error: EdgekeeperError) -> bytes:
    """Return the reply that says what was wrong."""
    said = {"n": number, "error": type(error).__name__, "says": str(error)}
    return json.dumps(said).encode() + b"\n"


def error_of(reply: dict[str, Any]) -> EdgekeeperError | None:
    """Return the error that a reply tells of."""
    if "error" not in reply:
        return None
    return _KINDS.get(str(reply["error"]), BadData)(str(reply.get("says", "")))


def said_by(error: ValidationError) -> BadData:
    """Return what is wrong with a message, in words, without repeating what a stranger sent."""
    parts = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:5]:
        where = ".".join(str(part)[:60] for part in item["loc"]) or "message"
        parts.append(f"{where}: {item['msg']}")
    return BadData("; ".join(parts))
