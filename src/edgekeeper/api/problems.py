"""Errors as RFC 9457 asks for: what was expected, what came, what to do; never the innards."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic_core import ErrorDetails, to_json
from starlette.responses import Response

from edgekeeper.desk import NoRunYet
from edgekeeper.errors import (
    BadData,
    EdgekeeperError,
    Halted,
    Refused,
    StorageError,
    UsageError,
)
from edgekeeper.sidecar.exchange import Conflict, UnknownSignal

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["PROBLEM", "Problem", "problem_of", "response_of", "where_wrong"]

PROBLEM = "application/problem+json"
_TRY_AGAIN_SECONDS = 1
_MOST_ERRORS = 20
_LONGEST_ECHO = 60
_STATUS: dict[type[EdgekeeperError], tuple[int, str]] = {
    NoRunYet: (409, "No run yet"),
    UnknownSignal: (404, "Nothing here"),
    Conflict: (409, "Known with other facts"),
    UsageError: (422, "Wrong usage"),
    BadData: (422, "Data that cannot be used"),
    Refused: (409, "Refused"),
    Halted: (409, "The account is halted"),
    StorageError: (503, "Not to be reached just now"),
}


class Problem(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status : int
    title : str
        What kind of error, the same for all of its kind.
    detail : str
        What was expected, what came, what to do.
    headers : mapping, optional
    errors : sequence of mapping
        What is wrong where, in a message that does not fit.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.headers = dict(headers or {})
        self.errors = errors


def problem_of(error: EdgekeeperError) -> Problem:
    """Return how an error of ours is told to programs."""
    status, title = next(
        (told for kind, told in _STATUS.items() if isinstance(error, kind)),
        (500, "Something went wrong"),
    )
    again = {"Retry-After": str(_TRY_AGAIN_SECONDS)} if status == 503 else {}
    return Problem(status, title, str(error), headers=again)


def response_of(problem: Problem, request: "Request") -> Response:
    """Return the response: the problem, with the path and the id of the request."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
    }
    request_id = request.scope.get("edgekeeper.request_id")
    if request_id:
        content["request_id"] = request_id
    if problem.errors:
        content["errors"] = list(problem.errors)
    return Response(to_json(content), problem.status, headers=problem.headers, media_type=PROBLEM)


def where_wrong(errors: Sequence[ErrorDetails]) -> list[dict[str, str]]:
    """Return what is wrong where, from what pydantic found; long input is cut short."""
    return [
        {
            "at": ".".join(str(part)[:_LONGEST_ECHO] for part in error["loc"]) or "the message",
            "expected": error["msg"][:300],
            "got": _echo(error),
        }
        for error in errors[:_MOST_ERRORS]
    ]


def _echo(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "nothing"
    given = error.get("input")
    if isinstance(given, Mapping | list | tuple | bytes):
        return type(given).__name__
    text = repr(given)
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
