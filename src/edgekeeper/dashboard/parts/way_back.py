"""The way back from one thing to all of its kind."""

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.dashboard.parts.chip import icon

__all__ = ["way_back"]


def way_back(words: str, url: str) -> Element:
    """Make a link that stands above a heading."""
    back = node("a", icon("back"), words, href=url, css="back")
    return node("nav", back, css="tabs", aria_label="Back")
