"""What stands where there is nothing yet: why, and what to do next."""

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.dashboard.parts.chip import icon

__all__ = ["empty_state"]


def empty_state(
    title: str,
    text: str,
    *,
    command: str = "",
    link: tuple[str, str] | None = None,
    sign: str = "wait",
) -> Element:
    """Make it.

    Parameters
    ----------
    command : str
        What to type.
    link : (words, address), optional
        Where to go instead.
    """
    return node(
        "div",
        icon(sign),
        node("strong", title),
        node("p", text),
        node("p", node("code", command)) if command else None,
        node("a", link[0], href=link[1]) if link else None,
        css="empty",
    )
