"""A state in one word, told by form as well as by colour."""

from typing import Literal

from edgekeeper.dashboard.nodes import Element, node

__all__ = ["TONE_ICONS", "Tone", "chip", "icon"]

Tone = Literal["good", "info", "warning", "danger", "quiet"]
TONE_ICONS: dict[Tone, str] = {
    "good": "good",
    "info": "info",
    "warning": "warning",
    "danger": "stop",
    "quiet": "wait",
}


def icon(name: str) -> Element:
    """Make a small drawing that a screen reader passes over."""
    return node("icon", name=name)


def chip(words: str, tone: Tone = "quiet") -> Element:
    """Make a word with its sign."""
    return node("span", icon(TONE_ICONS[tone]), words, css=f"chip {tone}")
