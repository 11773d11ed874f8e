"""One question to a vendor's HTTP interface, and a JSON answer or a reason why there is none."""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from edgekeeper.clock import Clock
from edgekeeper.errors import UsageError
from edgekeeper.market.live.trouble import SourceRefused, SourceTrouble
from edgekeeper.waiting import told_wait

__all__ = ["HttpLimits", "get_json"]

_REFUSALS = (400, 401, 402, 403, 404, 405, 410, 422)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one answer may cost.

    Attributes
    ----------
    silence_seconds : float
        Longest wait for the connection or for the next bytes.
    total_seconds : float
        Longest time for a whole answer, against servers that drip.
    most_bytes : int
    """

    silence_seconds: float = 10.0
    total_seconds: float = 60.0
    most_bytes: int = 64 * 2**20


def get_json(
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    clock: Clock,
    limits: HttpLimits,
    secrets: tuple[str, ...] = (),
) -> object:
    """Return the answer to a GET, parsed.

    Redirects are not followed, since the headers may carry keys. ``secrets`` are blotted out of
    whatever the vendor says.

    Raises
    ------
    SourceTrouble
        No answer, a broken one, a server error or a rate limit.
    SourceRefused
        The vendor's no, with its words.
    UsageError
        ``httpx`` is not installed.
    """
    try:
        import httpx
    except ImportError as error:
        raise UsageError(
            "asking a vendor over HTTP needs httpx, which is not installed: pip install httpx"
        ) from error
    try:
        with (
            httpx.Client(
                timeout=limits.silence_seconds, follow_redirects=False, verify=_trusted()
            ) as client,
            client.stream("GET", url, params=dict(params), headers=dict(headers)) as response,
        ):
            deadline = time.monotonic() + limits.total_seconds
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > limits.most_bytes:
                    raise SourceTrouble(
                        "unreadable answer", f"{url}: more than {limits.most_bytes:,} bytes came"
                    )
                if time.monotonic() > deadline:
                    raise SourceTrouble(
                        "timeout", f"{url}: not complete after {limits.total_seconds:g} s"
                    )
    # without the chain: what the library raises may quote headers
    except httpx.TimeoutException:
        raise SourceTrouble(
            "timeout", f"{url}: no answer for {limits.silence_seconds:g} s"
        ) from None
    except httpx.TransportError as error:
        raise SourceTrouble(
            "lost connection", _blotted(f"{url}: {error or type(error).__name__}", secrets)
        ) from None
    except httpx.HTTPError as error:
        raise SourceTrouble("unreadable answer", _blotted(f"{url}: {error}", secrets)) from None
    _check_status(url, response.status_code, response.headers, bytes(content), clock, secrets)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        start = _blotted(bytes(content[:80]).decode(errors="replace"), secrets)
        raise SourceTrouble("unreadable answer", f"{url}: expected JSON, got {start!r}") from None


@cache
def _trusted() -> ssl.SSLContext:
    """Authorities to trust; reading their list takes a tenth of a second."""
    import httpx

    context: ssl.SSLContext = httpx.create_ssl_context()
    return context


def _check_status(
    url: str,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    clock: Clock,
    secrets: tuple[str, ...],
) -> None:
    if status == 200:
        return
    said = _blotted(f"{url}: {status} {_message(content)}".strip(), secrets)
    if status == 429:
        now_ns = clock.now_ns()
        wait = told_wait(headers.get("Retry-After"), now_ns)
        if wait is None and (reset := headers.get("X-RateLimit-Reset")):
            # seconds since 1970 at which the count begins anew, as Alpaca sends it
            wait = told_wait(reset if not reset.isdigit() else str(int(reset) - now_ns / 10**9), 0)
        raise SourceTrouble("rate limit", said, wait)
    if status in _REFUSALS:
        raise SourceRefused(said)
    if status == 408:
        raise SourceTrouble("timeout", said)
    wait = told_wait(headers.get("Retry-After"), clock.now_ns()) if status == 503 else None
    raise SourceTrouble("server error", said, wait)


def _message(content: bytes) -> str:
    """What a vendor says about an error: the ``message`` of its JSON, or the first of its text."""
    text = content[:2_000].decode(errors="replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(text.split())[:160]
    told = answer.get("message") if isinstance(answer, dict) else None
    return str(told)[:300] if told else ""


def _blotted(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text
