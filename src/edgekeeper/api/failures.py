"""Every error that leaves the application, as a problem; paths that nothing answers among them."""

from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from edgekeeper.api.problems import Problem, problem_of, response_of, where_wrong
from edgekeeper.api.routes import ClosedRoute, unusable
from edgekeeper.errors import EdgekeeperError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["add_failures"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_TITLES = {404: "Nothing here", 405: "Another method"}


def add_failures(app: "FastAPI") -> None:
    """Answer errors as problems, and whatever else is asked under the paths of the API.

    Paths are taken before a page that may be mounted on the root gets to see them.
    """

    async def nothing_here(request: Request) -> Response:
        methods = _methods_for(app, request)
        if methods:
            raise HTTPException(405, headers={"Allow": ", ".join(methods)})
        raise HTTPException(404)

    for prefix in ("v1", "api", "health"):
        app.router.routes.append(Route(f"/{prefix}/{{rest:path}}", nothing_here, methods=_METHODS))
    for path in ("/metrics", "/openapi.json", "/docs", "/login", "/logout"):
        app.router.routes.append(Route(path, nothing_here, methods=_METHODS))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(EdgekeeperError, _ours)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.add_exception_handler(HTTPException, _http)


def _methods_for(app: "FastAPI", request: Request) -> list[str]:
    """Methods by which something would answer that path."""
    found: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, ClosedRoute) and route.methods:
            match, _ = route.matches({**request.scope, "method": next(iter(route.methods))})
            if match is Match.FULL:
                found |= route.methods
    return sorted(found)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return response_of(error, request)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, EdgekeeperError)
    return response_of(problem_of(error), request)


async def _misfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return response_of(unusable(where_wrong(error.errors())), request)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return response_of(_told(error, request), request)


def _told(error: HTTPException, request: Request) -> Problem:
    headers = dict(error.headers or {})
    if error.status_code == 404:
        detail = "nothing answers this path: /docs lists what does"
    elif error.status_code == 405:
        detail = f"expected {headers.get('Allow', 'another method')}, got {request.method}"
    else:
        detail = str(error.detail)
    title = _TITLES.get(error.status_code, "Malformed request")
    return Problem(error.status_code, title, detail, headers=headers)
