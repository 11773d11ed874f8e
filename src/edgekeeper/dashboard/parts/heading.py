"""How a screen begins: its name, and one plain sentence that says it all."""

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts.chip import TONE_ICONS, Tone, icon

__all__ = ["banner", "heading"]


def heading(sentence: str, *, kicker: str = "", under: str = "") -> Element:
    """Make the head of a screen; the sentence is its first heading.

    Parameters
    ----------
    kicker : str
        The screen's name, above the sentence.
    under : str
        The second sentence.
    """
    return node(
        "div",
        node("p", kicker, css="kicker") if kicker else None,
        node("h1", sentence, id="heading", tabindex="-1"),
        node("p", under) if under else None,
        css="head",
    )


def banner(tone: Tone, title: str, text: str, *acts: Node) -> Element:
    """Make a notice above everything else, with what can be done about it."""
    return node(
        "div",
        icon(TONE_ICONS[tone]),
        node("div", node("strong", title), node("p", text) if text else None),
        *acts,
        css=f"banner {tone}",
    )
