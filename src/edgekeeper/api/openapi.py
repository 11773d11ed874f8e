"""The description of the API: OpenAPI for programs, a page for people; both work offline."""

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from edgekeeper.api.access import COOKIE
from edgekeeper.api.problems import PROBLEM
from edgekeeper.api.routes import Body, ClosedRoute, Routes, answered

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["add_description"]

_REF = "#/components/schemas/"
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, as `edgekeeper token create` makes it. Roles: read < trade < "
        "admin.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's session, as /login opens it. For pages only.",
    },
}
_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "description": "An error, as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected, what came, what to do."},
        "instance": {"type": "string", "description": "The path that was asked."},
        "request_id": {"type": "string", "description": "As in the log of the service."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "at": {"type": "string"},
                    "expected": {"type": "string"},
                    "got": {"type": "string"},
                },
            },
        },
    },
}
_ABOUT = """\
Ask a run, order it, send it signals. Every request but `/health/live` carries
`Authorization: Bearer TOKEN`. Times are RFC 3339 in UTC; a number that is not known is null.
Errors are problems (RFC 9457) that say what was expected, what came, and what to do."""


def add_description(app: "FastAPI", routes: Routes) -> None:
    """Add ``/openapi.json`` and ``/docs``, for whoever has a token or a session.

    No exception for this machine's own address: behind a proxy, everybody has it.
    """

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, routes)
        return app.openapi_schema

    async def schema() -> Response:
        """Give this description as OpenAPI 3.1."""
        return answered(app.openapi())

    async def docs(request: Request) -> Response:
        """Show this description as a page."""
        from edgekeeper.api.docs_page import docs_page

        return docs_page(app.openapi())

    routes.add("GET", "/openapi.json", schema, role="read", tag="Description", browsers=True)
    routes.add("GET", "/docs", docs, role="read", tag="Description", browsers=True, lean=True,
               media_type="text/html")  # fmt: skip
    setattr(app, "openapi", describe)  # noqa: B010


def _described(app: "FastAPI", routes: Routes) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=_ABOUT, routes=app.router.routes
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    bodies = sorted({message.shape for message in routes.bodies.values()}, key=_name)
    _, shapes = models_json_schema(
        [(body, "validation") for body in bodies], by_alias=True, ref_template=_REF + "{model}"
    )
    schemas.update(shapes.get("$defs", {}))
    schemas["Problem"] = _PROBLEM
    found["components"]["securitySchemes"] = _SCHEMES
    closed = {
        (route.path, method.lower()): route
        for route in app.router.routes
        if isinstance(route, ClosedRoute)
        for method in route.methods or ()
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, closed[path, method], routes.bodies.get((path, method)))
    return found


def _name(shape: type) -> str:
    return shape.__name__


def _complete(operation: dict[str, Any], route: ClosedRoute, body: Body | None) -> None:
    """Add what FastAPI does not know: who may, the message, how errors look."""
    if route.role is not None:
        operation["security"] = [{"token": []}, *([{"session": []}] if route.browsers else [])]
        operation["x-role"] = route.role
        described = operation.get("description", "").rstrip()
        operation["description"] = f"{described}\n\nRole: {route.role}.".lstrip()
    if body is not None:
        operation["requestBody"] = {
            "required": not body.optional,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF + _name(body.shape)},
                    "example": body.example,
                }
            },
        }
    for code, response in operation["responses"].items():
        if code == "422":
            response["description"] = "The message or a parameter cannot be used."
            response["content"] = {PROBLEM: {}}
        for media_type, content in response.get("content", {}).items():
            if media_type == PROBLEM:
                content["schema"] = {"$ref": _REF + "Problem"}
