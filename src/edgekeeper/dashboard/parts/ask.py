"""A button that asks before it orders: what will happen, and why it is wanted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from edgekeeper.dashboard.nodes import Element, Node, node

__all__ = ["Ask", "Choice", "Tick", "ask_button"]


@dataclass(frozen=True, slots=True)
class Tick:
    """A box to tick: an option of the order, or what has to be confirmed."""

    name: str
    label: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A list to choose from: (value, words)."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked before an order is written down.

    Attributes
    ----------
    kind, subject : str
        The order.
    title : str
        The question.
    text : sequence of str
        What will happen.
    verb : str
        On the button that orders.
    """

    kind: str
    subject: str
    title: str
    text: Sequence[str]
    verb: str
    danger: bool = False
    ticks: Sequence[Tick] = ()
    choices: Sequence[Choice] = ()


def ask_button(ask: Ask, *inside: Node, css: str = "") -> Element:
    """Make the button."""
    css = f"{css} danger".strip() if ask.danger else css
    return node("ask", *(inside or (ask.verb,)), ask=asdict(ask), css=css or None)
