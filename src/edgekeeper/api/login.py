"""Log in and out with a browser: a token in a form, or the one-time link that is printed."""

import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.access import COOKIE, SESSION_HOURS
from edgekeeper.api.auditing import note
from edgekeeper.api.door import Door
from edgekeeper.api.pages import page
from edgekeeper.api.problems import Problem
from edgekeeper.api.routes import Routes

__all__ = ["add_login", "way_onward"]

_TAG = "Login"
_FORM = "login.html.j2"
_HERE = re.compile(r"/(?!/)[A-Za-z0-9_\-./]*")


def add_login(routes: Routes, door: Door) -> None:
    """Add ``/login`` and ``/logout``."""

    async def form(request: Request) -> Response:
        """Show the form for a token, or take the code of a one-time link."""
        onward = way_onward(request.query_params.get("next", ""))
        code = request.query_params.get("code")
        if code is None:
            return _form(onward)
        return _opened(door, request, code, onward, "This link was used already, or is too old.")

    async def login(request: Request) -> Response:
        """Take a token and open a session."""
        if not _from_here(request.headers):
            raise Problem(403, "Not allowed", "expected the form of this service, got another's")
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5)
        onward = way_onward(fields.get("next", [""])[0])
        token = fields.get("token", [""])[0]
        return _opened(
            door, request, token, onward, "No token in force: check it, or make another."
        )

    async def logout(request: Request) -> Response:
        """End the session."""
        cookie = request.cookies.get(COOKIE)
        door.access.close_session(cookie)
        response = page(_FORM, title="Logged out", wrong="", sentence="The session is over.",
                        onward="", next="/")  # fmt: skip
        if cookie:
            response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    routes.add("GET", "/login", form, role=None, tag=_TAG, lean=True, listed=False)
    routes.add("POST", "/login", login, role=None, tag=_TAG, lean=True, listed=False)
    routes.add("GET", "/logout", logout, role=None, tag=_TAG, lean=True, listed=False)
    routes.add("POST", "/logout", logout, role=None, tag=_TAG, lean=True, listed=False)


def way_onward(asked: str) -> str:
    """Return a path of this service to go on to, whatever was asked for.

    Examples
    --------
    >>> way_onward("/models"), way_onward("//elsewhere.example"), way_onward("https://x.example")
    ('/models', '/', '/')
    """
    return asked if _HERE.fullmatch(asked) and len(asked) < 200 else "/"


def _form(onward: str, wrong: str = "", status: int = 200) -> Response:
    return page(_FORM, status, title="Log in", wrong=wrong, sentence="", onward="", next=onward)


def _opened(door: Door, request: Request, secret: str, onward: str, wrong: str) -> Response:
    """Open a session, and lead on by a page.

    A redirect that follows a link from elsewhere would not carry the cookie, which is sent with
    requests that begin here only; a page that leads on begins here.
    """
    opened = door.open_session(secret)
    if opened is None:
        problem = door.failed(request, Problem(401, "No session", wrong))
        response = _form(onward, problem.detail, problem.status)
        response.headers.update(problem.headers)
        return response
    cookie, grant = opened
    note("login", grant, request, outcome="done")
    response = page(_FORM, title="You are in", wrong="", next="/", onward=onward,
                    onward_words="Go on", sentence="This session lasts "
                    f"{SESSION_HOURS} hours, with the role {grant.role}.")  # fmt: skip
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=SESSION_HOURS * 3_600,
        path="/",
        httponly=True,
        samesite="strict",
        secure=_over_tls(request),
    )
    return response


def _over_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, here or with a proxy; who lies about it harms themselves."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def _from_here(headers: Headers) -> bool:
    """Whether a form was sent by a page of this service, as far as the browser says."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.split("://", 1)[-1] == headers.get("host")
