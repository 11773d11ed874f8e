"""One view of several, each with an address."""

from collections.abc import Iterable

from edgekeeper.dashboard.nodes import Element, node

__all__ = ["tabs"]


def tabs(label: str, choices: Iterable[tuple[str, str, bool]]) -> Element:
    """Make links of (words, address, whether it is this one)."""
    return node(
        "nav",
        [
            node("a", words, href=url, aria_current="true" if here else None)
            for words, url, here in choices
        ],
        css="tabs",
        aria_label=label,
    )
