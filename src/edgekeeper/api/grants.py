"""What a token or a session allows, and how one is found among those on record."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from edgekeeper.errors import UsageError

__all__ = [
    "ROLES",
    "Grant",
    "Role",
    "TokenOnRecord",
    "digest",
    "find_record",
    "is_over",
    "nanoseconds_of",
    "on_record",
]

Role = Literal["read", "trade", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_LONGEST = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token or a session allows.

    Attributes
    ----------
    name : str
        Whose: it stands on record with every order.
    role : {"read", "trade", "admin"}
    id : str
        Of the token; empty for a session from a login link.
    """

    name: str
    role: Role
    id: str = ""

    def may(self, role: Role) -> bool:
        """Whether this is enough for what asks for ``role``.

        Examples
        --------
        >>> Grant("bot", "trade").may("read"), Grant("bot", "trade").may("admin")
        (True, False)
        """
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class TokenOnRecord:
    """A token as it is kept: everything but the token.

    Attributes
    ----------
    created_ns, expires_ns, revoked_ns : int or None
        Wall time.
    """

    id: str
    name: str
    role: Role
    created_ns: int
    expires_ns: int | None
    revoked_ns: int | None

    def state(self, now_ns: int) -> Literal["valid", "expired", "revoked"]:
        """Whether it still opens anything."""
        if self.revoked_ns is not None:
            return "revoked"
        return "expired" if is_over(self.expires_ns, now_ns) else "valid"


def find_record(records: list[dict[str, Any]], secret: str) -> dict[str, Any] | None:
    """The record of a secret; every one is compared, and each in constant time."""
    if len(secret) > _LONGEST:
        return None
    wanted, found = digest(secret), None
    for record in records:
        if hmac.compare_digest(str(record["sha256"]), wanted):
            found = record
    return found


def on_record(records: list[dict[str, Any]]) -> list[TokenOnRecord]:
    """Return tokens as they may be shown."""
    return [
        TokenOnRecord(**{name: value for name, value in one.items() if name != "sha256"})
        for one in records
    ]


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_over(end_ns: int | None, now_ns: int) -> bool:
    """Whether an end has come; without one it never does."""
    return end_ns is not None and now_ns >= end_ns


def nanoseconds_of(when: datetime | None) -> int | None:
    """Nanoseconds since 1970.

    Raises
    ------
    UsageError
        A time without a zone.
    """
    if when is None:
        return None
    if when.tzinfo is None:
        raise UsageError(f"expected an end with a zone, such as UTC, got {when}")
    return (when - _EPOCH) // timedelta(microseconds=1) * 1_000
