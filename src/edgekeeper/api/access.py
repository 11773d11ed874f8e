"""``Access``: who may do what with a run: tokens of programs, sessions of browsers.

Tokens, sessions and login codes are random numbers of 256 bits, so they are kept as plain SHA-256:
nothing about them can be guessed that a slower hash would protect.
"""

import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from edgekeeper.api.grants import (
    ROLES,
    Grant,
    Role,
    TokenOnRecord,
    digest,
    find_record,
    is_over,
    nanoseconds_of,
    on_record,
)
from edgekeeper.api.secret_file import SecretFile
from edgekeeper.errors import UsageError, nearest

__all__ = ["CODE_MINUTES", "COOKIE", "SESSION_HOURS", "Access"]

COOKIE = "edgekeeper_session"
SESSION_HOURS = 12
CODE_MINUTES = 10

_PREFIX = "ek_"
_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,39}")
_SECOND_NS = 10**9
_MOST_SESSIONS = 500
_MOST_CODES = 20
_CODE = ("sha256", "name", "role", "expires_ns")
_TOKEN = ("id", "name", "role", "sha256", "created_ns", "expires_ns", "revoked_ns")


class Access:
    """Tokens and browser sessions of a data folder. Safe to use from several threads.

    Other processes see a new or a revoked token within half a second.

    Parameters
    ----------
    folder : Path
        Of the run; ``tokens.json`` and ``sessions.json`` lie there, readable by their owner alone.
    now_ns : callable
        Wall time.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     access = Access(Path(folder))
    ...     token = access.create_token("bot", "trade")
    ...     access.role_of(token).role, access.role_of("ek_guessed")
    ('trade', None)
    """

    def __init__(
        self,
        folder: Path,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._now_ns = now_ns
        self._tokens = SecretFile(folder / "tokens.json", {"tokens": _TOKEN}, monotonic_ns)
        self._browsers = SecretFile(
            folder / "sessions.json", {"codes": _CODE, "sessions": (*_CODE, "token")}, monotonic_ns
        )

    # -- tokens ---------------------------------------------------------------------------------

    def create_token(self, name: str, role: Role, expires: datetime | None = None) -> str:
        """Make a token and return it; it is nowhere to be seen again.

        Parameters
        ----------
        name : str
            Whose it is: letters, digits, dots and dashes. Orders are recorded under it.
        role : {"read", "trade", "admin"}
            Look; also send signals, halt and resume; also decide about models.
        expires : datetime with zone, optional

        Raises
        ------
        UsageError
            A name that is taken or cannot be one, an unknown role, an end that is past.
        """
        if role not in ROLES:
            raise UsageError(f"expected a role of {', '.join(ROLES)}, got {str(role)[:40]!r}")
        if not _NAME.fullmatch(name):
            raise UsageError(
                "expected a name of up to 40 letters, digits, dots, dashes and underscores, got "
                f"{name[:60]!r}"
            )
        now, end = self._now_ns(), nanoseconds_of(expires)
        if is_over(end, now):
            raise UsageError(f"expected an end in the future, got {expires}")
        token = _PREFIX + secrets.token_urlsafe(_BYTES)
        with self._tokens.change() as records:
            taken = {one.name for one in on_record(records["tokens"]) if one.revoked_ns is None}
            if name in taken:
                raise UsageError(
                    f"there is a token named {name!r} already: choose another name, or revoke it "
                    "first with `edgekeeper token revoke`"
                )
            records["tokens"].append(
                {
                    "id": secrets.token_hex(4),
                    "name": name,
                    "role": role,
                    "sha256": digest(token),
                    "created_ns": now,
                    "expires_ns": end,
                    "revoked_ns": None,
                }
            )
        return token

    def tokens(self) -> list[TokenOnRecord]:
        """Return what is on record of all tokens, the oldest first."""
        return on_record(self._tokens.read()["tokens"])

    def revoke(self, which: str) -> TokenOnRecord:
        """Let a token open nothing any more, nor the sessions that were opened with it.

        Parameters
        ----------
        which : str
            Its id or its name.

        Raises
        ------
        UsageError
            No such token that is not revoked yet.
        """
        with self._tokens.change() as records:
            alive = [one for one in records["tokens"] if one["revoked_ns"] is None]
            found = [one for one in alive if which in (one["id"], one["name"])]
            if len(found) != 1:
                names = [str(one["name"]) for one in alive]
                raise UsageError(
                    f"expected the id or name of one token that is in force, got {which[:60]!r}"
                    f"{nearest(which, names)} (in force: {', '.join(names) or 'none'})"
                )
            found[0]["revoked_ns"] = self._now_ns()
            return on_record(found)[0]

    def role_of(self, token: str) -> Grant | None:
        """Return what a token allows; None: nothing, or no more.

        Raises
        ------
        BadData, StorageError
            The file of tokens cannot be used: nobody is let in.
        """
        if not token.startswith(_PREFIX):
            return None
        found = find_record(self._tokens.read()["tokens"], token)
        return None if found is None else self._granted(found)

    # -- browsers -------------------------------------------------------------------------------

    def login_link(self, base_url: str, role: Role = "admin") -> str:
        """Return a link that opens one session within the next minutes, without a token."""
        code = secrets.token_urlsafe(_BYTES)
        now = self._now_ns()
        with self._browsers.change() as records:
            self._forget(records, now)
            record = {"sha256": digest(code), "role": role, "name": "login-link",
                      "expires_ns": now + CODE_MINUTES * 60 * _SECOND_NS}  # fmt: skip
            records["codes"] = [*records["codes"][1 - _MOST_CODES :], record]
        return f"{base_url.rstrip('/')}/login?code={code}"

    def open_session(self, code_or_token: str) -> tuple[str, Grant] | None:
        """Open a session of a browser; return its cookie's value, and what it allows.

        A code works once. None: neither a code nor a token that opens anything.
        """
        given, now = code_or_token.strip(), self._now_ns()
        grant = self.role_of(given)
        if grant is None and find_record(self._browsers.read()["codes"], given) is None:
            return None
        cookie = secrets.token_urlsafe(_BYTES)
        with self._browsers.change() as records:
            if grant is None:
                code = find_record(records["codes"], given)
                if code is None or is_over(code["expires_ns"], now):
                    return None
                records["codes"].remove(code)
                grant = Grant(code["name"], code["role"])
            self._forget(records, now)
            record = {"sha256": digest(cookie), "name": grant.name, "role": grant.role,
                      "token": grant.id,
                      "expires_ns": now + SESSION_HOURS * 3_600 * _SECOND_NS}  # fmt: skip
            records["sessions"] = [*records["sessions"][1 - _MOST_SESSIONS :], record]
        return cookie, grant

    def session(self, cookie: str | None) -> Grant | None:
        """Return what a browser's cookie allows; None: nothing, or no more."""
        if not cookie:
            return None
        found = find_record(self._browsers.read()["sessions"], cookie)
        if found is None or is_over(found["expires_ns"], self._now_ns()):
            return None
        if not found["token"]:
            return Grant(found["name"], found["role"])
        tokens = self._tokens.read()["tokens"]
        token = next((one for one in tokens if one["id"] == found["token"]), None)
        return None if token is None else self._granted(token)

    def close_session(self, cookie: str | None) -> None:
        """End a session; one that is not there is no error."""
        if not cookie or find_record(self._browsers.read()["sessions"], cookie) is None:
            return
        with self._browsers.change() as records:
            found = find_record(records["sessions"], cookie)
            if found is not None:
                records["sessions"].remove(found)

    def _granted(self, token: dict[str, Any]) -> Grant | None:
        found = on_record([token])[0]
        if found.state(self._now_ns()) != "valid":
            return None
        return Grant(found.name, found.role, found.id)

    def _forget(self, records: dict[str, list[dict[str, Any]]], now_ns: int) -> None:
        """Leave out what is over."""
        for name, held in records.items():
            records[name] = [one for one in held if not is_over(one["expires_ns"], now_ns)]
