"""How a route is added: nothing is reachable without a role, unless it says that it is open."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edgekeeper.api.door import Door, Lane
from edgekeeper.api.grants import Grant, Role
from edgekeeper.api.problems import PROBLEM, Problem, where_wrong

__all__ = [
    "Body",
    "ClosedRoute",
    "Routes",
    "answered",
    "caller_of",
    "read_message",
    "role_needed",
    "unusable",
]

T = TypeVar("T")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Method = Literal["GET", "POST"]
_ALWAYS = {400: "The request is malformed.", 401: "No token in force.",
           403: "The token's role is not enough.",
           429: "Too often: `Retry-After` says when again.",
           409: "There is no run yet, or it does not allow it.",
           503: "Not to be reached just now."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """A message that a route takes, with one that can be sent as it stands."""

    shape: type[BaseModel]
    example: Mapping[str, Any]
    optional: bool = False


class ClosedRoute(APIRoute):
    """A route that lets nobody in: what a route is that was added without :class:`Routes`."""

    role: Role | None = "admin"
    lane: Lane = "requests"
    door: Door | None = None
    lean = False
    browsers = False

    def get_route_handler(self) -> Handler:
        """Return the handler behind the door."""
        handle = cast(Handler, self.endpoint) if self.lean else super().get_route_handler()
        role, lane, door, browsers = self.role, self.lane, self.door, self.browsers
        if role is None:
            return handle

        async def admitted(request: Request) -> Response:
            if door is None:
                raise Problem(403, "Not allowed", "nobody may: this route has no door")
            seen = door.browser(request) if browsers else None
            if seen is None and browsers and _is_browser(request):
                return RedirectResponse(f"/login?next={request.url.path}", 303)
            request.state.caller = seen or door.admit(request, role, lane)
            return await handle(request)

        return admitted


class Routes:
    """Adds routes to an application, each with the role that it needs.

    Parameters
    ----------
    app : FastAPI
    door : Door
    """

    def __init__(self, app: FastAPI, door: Door) -> None:
        self._app, self._door = app, door
        app.router.route_class = ClosedRoute
        self.bodies: dict[tuple[str, str], Body] = {}

    def add(
        self,
        method: Method,
        path: str,
        endpoint: Callable[..., Any],
        *,
        role: Role | None,
        tag: str,
        answers: Any = None,
        status: int = 200,
        body: Body | None = None,
        lane: Lane = "requests",
        lean: bool = False,
        errors: Mapping[int, str] | None = None,
        media_type: str = "",
        browsers: bool = False,
        listed: bool = True,
    ) -> None:
        """Add a route; its first line of documentation is its summary.

        Parameters
        ----------
        role : {"read", "trade", "admin"} or None
            None: open to everybody.
        answers : type, optional
            Shape of the answer.
        body : Body, optional
            The message, which the endpoint reads with :func:`read_message`.
        lean : bool
            The endpoint takes the request alone, and nothing stands between.
        errors : mapping of status to str
            Beside those that every route has.
        browsers : bool
            A session lets in, too. For pages alone: what a session may, other pages might try.
        listed : bool
            Whether it stands in the OpenAPI.
        """
        how = {"role": role, "lane": lane, "door": self._door, "lean": lean, "browsers": browsers}
        made = type("Route", (ClosedRoute,), how)
        told = {**({} if role is None else _ALWAYS), **(errors or {})}
        if body is not None:
            told |= {413: "The message is too large.", 422: "The message cannot be used."}
            self.bodies[path, method.lower()] = body
        if "{" in path:
            told = {404: "Nothing of that name."} | told
        responses: dict[int | str, dict[str, Any]] = {
            code: {"description": words, "content": {PROBLEM: {}}}
            for code, words in sorted(told.items())
        }
        if media_type:
            responses[status] = {"content": {media_type: {}}}
        self._app.router.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_model=answers,
            status_code=status,
            tags=[tag],
            responses=responses,
            include_in_schema=listed,
            route_class_override=made,
            operation_id=f"{method.lower()}_{path.strip('/').replace('/', '_')}".translate(
                {ord(c): None for c in "{}"}
            ),
        )


def _is_browser(request: Request) -> bool:
    return "authorization" not in request.headers and "text/html" in request.headers.get(
        "accept", ""
    )


def role_needed(route: object) -> Role | None:
    """Return the role that a route asks for; None: it is open to everybody."""
    return route.role if isinstance(route, ClosedRoute) else None


def caller_of(request: Request) -> Grant:
    """Return who was let in."""
    return cast(Grant, request.state.caller)


async def read_message(request: Request, shape: TypeAdapter[T], *, empty: T | None = None) -> T:
    """Read the body as a message of this shape.

    Raises
    ------
    Problem
        422 naming what is wrong where.
    """
    content = await request.body()
    if not content and empty is not None:
        return empty
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise unusable(
            where_wrong(error.errors(include_url=False, include_context=False))
        ) from None


def unusable(errors: Sequence[Mapping[str, str]]) -> Problem:
    """Return what is answered to a message that does not fit."""
    first = errors[0] if errors else {"at": "the message", "expected": "another", "got": "this"}
    return Problem(
        422,
        "A message that cannot be used",
        f"{first['at']}: {first['expected']}; got {first['got']}",
        errors=errors,
    )


def answered(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer as JSON, in which an unknown number is null."""
    return Response(
        to_json(content, inf_nan_mode="null", by_alias=True),
        status,
        headers=headers,
        media_type="application/json",
    )
