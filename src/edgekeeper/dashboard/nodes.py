"""What a page consists of, as data: tags, attributes, text. The browser's part draws it.

A page is never put together as HTML. Whatever a bot, a person or a file calls something stays
text in a tree, and the browser makes a text node of it: there is nothing to escape, and nothing to
forget. Control characters and marks that turn the reading direction are removed where a tree is
encoded.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekeeper.report.wording import plain

__all__ = ["Element", "Node", "encode", "node"]


@dataclass(frozen=True, slots=True)
class Element:
    """A tag with attributes and children."""

    tag: str
    attributes: Mapping[str, Any]
    children: "tuple[Node, ...]"


Node = str | Element


def node(tag: str, *children: Node | Iterable[Node | None] | None, **attributes: Any) -> Element:
    """Make an element; None among children and attributes is left out.

    ``css`` becomes ``class``, ``aria_label`` becomes ``aria-label``, and of ``for_`` the last
    underscore falls.

    Examples
    --------
    >>> encode([node("p", "a < b", css="soft", id=None)])
    '[["p",{"class":"soft"},"a < b"]]'
    """
    found: list[Node] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str | Element):
            found.append(child)
        else:
            found.extend(one for one in child if one is not None)
    named = {_name(name): value for name, value in attributes.items() if value is not None}
    return Element(tag, named, tuple(found))


def encode(nodes: Iterable[Node]) -> str:
    """Return trees as the text that the browser's part reads."""
    return json.dumps(
        [_data(one) for one in nodes],
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )


def _name(name: str) -> str:
    if name == "css":
        return "class"
    kept = name.removesuffix("_")
    return kept.replace("_", "-") if kept.startswith(("aria_", "data_")) else kept


def _data(one: Node) -> Any:
    if isinstance(one, str):
        return plain(one)
    return [one.tag, _clean(one.attributes), *(_data(child) for child in one.children)]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
