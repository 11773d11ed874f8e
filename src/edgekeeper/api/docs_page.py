"""The API told from its OpenAPI: endpoints in groups, each with a request that works."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgekeeper.api.pages import page

if TYPE_CHECKING:
    from starlette.responses import Response

__all__ = ["Endpoint", "Group", "docs_page", "endpoint_groups"]

_PAGED = ("limit", "cursor", "since", "until")
_BASE = "http://127.0.0.1:8765"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, ready to be shown.

    Attributes
    ----------
    who : str
        Who may ask.
    parameters : tuple of (name, meaning)
    curl : str
        A request that can be pasted; ``$TOKEN`` holds the token.
    """

    method: str
    path: str
    summary: str
    paragraphs: tuple[str, ...]
    who: str
    parameters: tuple[tuple[str, str], ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints of one kind."""

    name: str
    anchor: str
    endpoints: tuple[Endpoint, ...]


def endpoint_groups(described: dict[str, Any]) -> list[Group]:
    """Return the endpoints of an OpenAPI description, by their first tag, in its order."""
    groups: dict[str, list[Endpoint]] = {}
    for method, path, operation in _operations(described):
        told = _endpoint(method, path, operation)
        groups.setdefault(operation["tags"][0], []).append(told)
    return [
        Group(name, re.sub(r"\W+", "-", name.lower()), tuple(held)) for name, held in groups.items()
    ]


def docs_page(described: dict[str, Any]) -> "Response":
    """Return the page that shows the API."""
    info = described["info"]
    return page(
        "docs.html.j2",
        version=info["version"],
        # Every other part stands between backticks.
        about=[part.split("`") for part in info["description"].split("\n\n")],
        groups=endpoint_groups(described),
    )


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _endpoint(method: str, path: str, operation: dict[str, Any]) -> Endpoint:
    role = operation.get("x-role")
    first, *rest = (
        " ".join(part.split())
        for part in operation.get("description", "").split("\n\n")
        if not part.startswith("Role: ")
    )
    return Endpoint(
        method=method.upper(),
        path=path,
        summary=first,
        paragraphs=tuple(rest),
        who="Open to everybody." if role is None else f"Role {role}.",
        parameters=_parameters(operation.get("parameters", ())),
        curl=_curl(method, path, operation),
    )


def _parameters(told: Sequence[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Each parameter with its meaning; what all pages can be asked for, once for all."""
    names = [one["name"] for one in told]
    if not set(_PAGED) <= set(names):
        return tuple(_parameter(one) for one in told)
    own = (_parameter(one) for one in told if one["name"] not in _PAGED)
    return (*own, (", ".join(_PAGED), "As for all lists."))


def _parameter(one: dict[str, Any]) -> tuple[str, str]:
    schema = one.get("schema", {})
    words = one.get("description", schema.get("description", ""))
    default = schema.get("default")
    return one["name"], words + (f" Default: {default}." if default not in (None, "") else "")


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(_example_of(one)))
    asked = "&".join(
        f"{one['name']}={_example_of(one)}"
        for one in operation.get("parameters", ())
        if one["in"] == "query" and one.get("required")
    )
    url = f"{_BASE}{path}" + (f"?{asked}" if asked else "")
    parts = ["curl -s"]
    if operation.get("x-role"):
        parts.append('-H "Authorization: Bearer $TOKEN"')
    body = operation.get("requestBody")
    if body is not None:
        example = body["content"]["application/json"]["example"]
        parts.append(f"-d {shlex.quote(json.dumps(example))}")
    elif method == "post":
        parts.append("-X POST")
    parts.append(shlex.quote(url) if "&" in url else url)
    return (" " if body is None else " \\\n  ").join(parts)


def _example_of(parameter: dict[str, Any]) -> object:
    examples = parameter.get("schema", {}).get("examples") or parameter.get("examples")
    return examples[0] if isinstance(examples, list) and examples else parameter["name"].upper()
