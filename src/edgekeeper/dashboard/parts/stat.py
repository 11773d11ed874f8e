"""Figures with their names, in a row, and facts by name, one below the other."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgekeeper.dashboard.nodes import Element, Node, node

__all__ = ["Stat", "pairs", "stats"]


@dataclass(frozen=True, slots=True)
class Stat:
    """One figure: what it is, how much, its unit, and what to compare it with."""

    name: str
    figure: str
    unit: str = ""
    under: str = ""
    css: str = ""


def stats(*figures: Stat) -> Element:
    """Make a row of figures."""
    return node(
        "dl",
        [
            node(
                "div",
                node("dt", one.name),
                node(
                    "dd",
                    one.figure,
                    node("small", one.unit) if one.unit else None,
                    css=f"figure {one.css}".strip(),
                ),
                node("dd", one.under, css="under") if one.under else None,
            )
            for one in figures
        ],
        css="stats",
    )


def pairs(facts: Iterable[tuple[str, Node]]) -> Element:
    """Make a list of facts."""
    return node(
        "dl",
        [part for name, said in facts for part in (node("dt", name), node("dd", said))],
        css="pairs",
    )
