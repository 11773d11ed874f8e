"""A card: one question and its answer."""

from collections.abc import Iterable

from edgekeeper.dashboard.nodes import Element, Node, node

__all__ = ["card"]


def card(
    title: str,
    *inside: Node | Iterable[Node | None] | None,
    note: str = "",
    more: tuple[str, str] | None = None,
    css: str = "",
) -> Element:
    """Make a section with a heading.

    Parameters
    ----------
    note : str
        In a few words what it rests on, its unit or its span.
    more : (words, address), optional
        Where there is more of it.
    """
    name = "c-" + "".join(c if c.isalnum() else "-" for c in title.lower())
    return node(
        "section",
        node(
            "header",
            node("h2", title, id=name),
            node("span", note, css="note") if note else None,
            node("a", more[0], href=more[1], css="more") if more else None,
        ),
        *inside,
        css=f"card {css}".strip(),
        aria_labelledby=name,
        key=name,
    )
