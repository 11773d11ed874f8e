"""One view of several, each with an address."""

from collections.abc import Iterable

from edgekeeper.dashboard.nodes import Element, node

__all__ = ["tabs"]


def tabs(label: str, choices: Iterable[tuple[str, str, bool]], *, shown: bool = False) -> Element:
    """Make links of (words, address, whether it is this one).

    Parameters
    ----------
    shown : bool
        Whether the label is for everybody, or for screen readers alone.
    """
    return node(
        "nav",
        node("span", label, aria_hidden="true") if shown else None,
        [
            node("a", words, href=url, aria_current="true" if here else None)
            for words, url, here in choices
        ],
        css="tabs",
        aria_label=label,
    )
