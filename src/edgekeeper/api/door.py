"""The door: who is let in, to what, and how often."""

import logging
import math
from typing import TYPE_CHECKING, Literal

from edgekeeper.api.access import COOKIE, Access
from edgekeeper.api.grants import Grant, Role
from edgekeeper.api.limits import Buckets
from edgekeeper.api.problems import Problem
from edgekeeper.api.settings import ApiSettings
from edgekeeper.errors import EdgekeeperError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["Door", "address_of"]

_LOG = logging.getLogger("edgekeeper.api")
Lane = Literal["requests", "messages"]


class Door:
    """Lets programs in by their token, and browsers by their session.

    A token that is in force passes however often others have failed from its address: on one
    machine all are 127.0.0.1, and nobody shall lock a bot out by guessing.

    Parameters
    ----------
    access : Access
    settings : ApiSettings
    """

    def __init__(self, access: Access, settings: ApiSettings) -> None:
        self.access = access
        self._lanes: dict[Lane, Buckets] = {
            "requests": Buckets(settings.requests_per_second, settings.requests_burst),
            "messages": Buckets(settings.messages_per_second, settings.messages_burst),
        }
        self._failures = Buckets(settings.failures_per_minute / 60.0, settings.failures_burst)

    def admit(self, request: "HTTPConnection", role: Role, lane: Lane = "requests") -> Grant:
        """Let a program in that has a token for ``role``.

        Raises
        ------
        Problem
            401 without a token in force, 403 with one that is not enough, 429 too often, 503
            where tokens cannot be looked up.
        """
        grant = self._granted(_bearer(request))
        if grant is None:
            raise self.failed(request, _no_token(request))
        seconds = self._lanes[lane].take(grant.id)
        if seconds > 0.0:
            raise too_often(seconds, f"token {grant.name!r} asks more often than it may")
        if not grant.may(role):
            raise Problem(
                403,
                "Not allowed",
                f"expected a token of role {role}, got one of role {grant.role}: make one with "
                f"`edgekeeper token create --role {role}`",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{role}"'},
            )
        return grant

    def browser(self, request: "HTTPConnection") -> Grant | None:
        """Return what the session of a browser allows, if it has one."""
        try:
            return self.access.session(request.cookies.get(COOKIE))
        except EdgekeeperError as error:
            raise _closed(error) from error

    def open_session(self, secret: str) -> tuple[str, Grant] | None:
        """Open a session with a token or a code, as :meth:`Access.open_session` does."""
        try:
            return self.access.open_session(secret)
        except EdgekeeperError as error:
            raise _closed(error) from error

    def failed(self, request: "HTTPConnection", problem: Problem) -> Problem:
        """Count what opened nothing; return the problem, or another after too many."""
        address = address_of(request)
        seconds = self._failures.take(address)
        _LOG.warning("nobody let in from %s: %s", address, problem.title)
        if seconds > 0.0:
            return too_often(seconds, "too many tokens from your address opened nothing")
        return problem

    def _granted(self, token: str | None) -> Grant | None:
        try:
            return None if token is None else self.access.role_of(token)
        except EdgekeeperError as error:
            raise _closed(error) from error


def too_often(seconds: float, why: str) -> Problem:
    """Return what is answered to somebody who asks too often."""
    wait = max(1, math.ceil(seconds))
    return Problem(
        429, "Too often", f"{why}: try again in {wait} s", headers={"Retry-After": str(wait)}
    )


def address_of(request: "HTTPConnection") -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "a local socket"


def _bearer(request: "HTTPConnection") -> str | None:
    """The token; None: none, or more than one."""
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _no_token(request: "HTTPConnection") -> Problem:
    came = "authorization" in request.headers
    challenge = 'Bearer realm="edgekeeper"' + (', error="invalid_token"' if came else "")
    detail = (
        "expected a token that is in force, got one that is unknown, expired or revoked"
        if came
        else "expected the header `Authorization: Bearer TOKEN`, got none"
    )
    return Problem(
        401,
        "No token in force",
        f"{detail}: make one with `edgekeeper token create --role read|trade|admin`",
        headers={"WWW-Authenticate": challenge},
    )


def _closed(error: EdgekeeperError) -> Problem:
    _LOG.error("tokens cannot be looked up, nobody is let in: %s", error)
    return Problem(
        503,
        "Tokens cannot be looked up",
        "nobody is let in: the log of the service says why",
        headers={"Retry-After": "5"},
    )
