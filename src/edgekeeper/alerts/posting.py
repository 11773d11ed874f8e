"""One HTTP POST to a channel, and what it says; no error holds a secret."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from edgekeeper.alerts.delivering import Undelivered
from edgekeeper.alerts.notice import one_line
from edgekeeper.alerts.secret import blotted
from edgekeeper.waiting import told_wait

__all__ = ["Answered", "ask", "check_status", "prepare_http"]

_MOST_BYTES = 65_536
_PATIENCE = 3.0  # whole answers may take so many times as long as silence may


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server said.

    Attributes
    ----------
    status : int
    headers : mapping
    content : bytes
        At most 64 KiB of it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> dict[str, Any] | None:
        """The answer as an object; None where it is not one."""
        try:
            said = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None

    @property
    def start(self) -> str:
        """The first words of its text."""
        return blotted(one_line(self.content[:200].decode(errors="replace")))

    @property
    def wait_seconds(self) -> float | None:
        """How long it asked to be left alone."""
        return told_wait(self.headers.get("Retry-After"), time.time_ns())


def prepare_http() -> None:
    """Load the library and the list of authorities, which takes a while."""
    _trusted()


def ask(
    method: str,
    url: str,
    what: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    silence_seconds: float,
) -> Answered:
    """Send a request and return the answer, whatever its status. Redirects are not followed.

    Parameters
    ----------
    method, url : str
    what : str
        Whom errors name; never the address, which may hold a secret.
    content : bytes
    headers : mapping, optional
    silence_seconds : float
        Longest wait for the connection, and for the next bytes.

    Raises
    ------
    Undelivered
        No answer, or a broken one.
    """
    import httpx

    deadline = time.monotonic() + _PATIENCE * silence_seconds
    # Without the chain: what the library raises may quote the address.
    try:
        with (
            httpx.Client(
                timeout=silence_seconds, follow_redirects=False, verify=_trusted()
            ) as client,
            client.stream(method, url, content=content, headers=dict(headers or {})) as response,
        ):
            got = bytearray()
            for part in response.iter_bytes():
                got += part
                if len(got) > _MOST_BYTES:
                    break
                if time.monotonic() > deadline:
                    raise Undelivered(f"{what}: the answer was cut short, it took long", "passing")
            return Answered(response.status_code, response.headers, bytes(got[:_MOST_BYTES]))
    except httpx.TimeoutException:
        told = f"{what}: no answer for {silence_seconds:g} s"
        raise Undelivered(told, "passing") from None
    except httpx.HTTPError as error:
        told = blotted(f"{what}: {one_line(str(error)) or type(error).__name__}")
        raise Undelivered(told, "passing") from None
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise Undelivered(f"{what}: its address cannot be used", "refused") from None


def check_status(answer: Answered, what: str, *, hopeless: tuple[int, ...] = ()) -> None:
    """Raise unless a message was taken.

    Raises
    ------
    Undelivered
        With the server's words.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    told = f"{what}: {status} {answer.start}".strip()
    if status in (408, 425, 429) or status >= 500:
        raise Undelivered(told, "passing", answer.wait_seconds)
    raise Undelivered(told, "hopeless" if status in hopeless else "refused", answer.wait_seconds)


@cache
def _trusted() -> ssl.SSLContext:
    """Authorities to trust; reading their list takes a tenth of a second."""
    import httpx

    context: ssl.SSLContext = httpx.create_ssl_context()
    return context
