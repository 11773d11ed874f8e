"""Send a package to the API of a service, with a token."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from edgekeeper.errors import EdgekeeperError, Refused, StorageError, UsageError
from edgekeeper.registry.parcel import pack

__all__ = ["PATH", "upload"]

PATH = "/v1/packages"
_TIMEOUT_SECONDS = 120.0


def upload(url: str, files: Mapping[str, bytes], token: str) -> dict[str, object]:
    """Send a package's files as one parcel; return what the service says of it.

    Raises
    ------
    UsageError
        An address without TLS that is not this machine: the token could be read on the way.
    Refused
        The service would not have it, with its reason.
    StorageError
        It cannot be reached.
    """
    import httpx

    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"expected an address such as https://host:8765, got {parts.hostname!r}")
    if parts.scheme != "https" and not _is_here(parts.hostname):
        raise UsageError(
            f"expected https for {parts.hostname}, since a token would be read on the way: put the "
            "service behind TLS, or push by ssh"
        )
    try:
        answer = httpx.post(
            url.rstrip("/") + PATH,
            content=pack(files),
            headers={"authorization": f"Bearer {token}", "content-type": "application/x-tar"},
            timeout=_TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        raise StorageError(f"could not reach {parts.hostname}: {error}: does it serve?") from error
    return _told(answer.status_code, answer.content, parts.hostname)


def _told(status: int, content: bytes, host: str) -> dict[str, object]:
    import json

    try:
        said = json.loads(content)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    if status in (200, 201):
        return {str(name): value for name, value in said.items()}
    why = str(said.get("detail") or said.get("title") or f"it answered {status}")[:500]
    kind: type[EdgekeeperError] = Refused if 400 <= status < 500 else StorageError
    raise kind(f"{host} did not take the package: {why}")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
