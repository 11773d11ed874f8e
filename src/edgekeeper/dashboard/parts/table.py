"""A table that can be read by row and by column, and that a narrow screen folds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgekeeper.dashboard.nodes import Element, Node, node

__all__ = ["Column", "table"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head, and what it holds: ``n`` numbers, ``t`` times, ``w`` words, ``act``."""

    head: str
    kind: str = ""


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Node]],
    *,
    label: str,
    flow: bool = True,
    keys: Sequence[str] | None = None,
) -> Element:
    """Make a table; the first cell of a row names it.

    Parameters
    ----------
    label : str
        What the table is, for those who do not see where it stands.
    flow : bool
        Whether a phone lays each row out as lines; otherwise it scrolls sideways.
    """
    head = node(
        "tr",
        [
            node("th", c.head or node("span", "Action", css="sr"), scope="col", css=c.kind or None)
            for c in columns
        ],
    )
    body = [
        node("tr", _cells(columns, row), key=None if keys is None else keys[at])
        for at, row in enumerate(rows)
    ]
    drawn = node(
        "table",
        node("caption", label, css="sr"),
        node("thead", head),
        node("tbody", body),
        css="grid flow" if flow else "grid",
    )
    if flow:
        return drawn
    return node("div", drawn, css="scroll", tabindex="0", role="region", aria_label=label)


def _cells(columns: Sequence[Column], row: Sequence[Node]) -> list[Element]:
    cells = []
    for at, (column, said) in enumerate(zip(columns, row, strict=True)):
        inside = node("bdi", said) if isinstance(said, str) and said else said
        cells.append(
            node(
                "td" if at else "th",
                inside,
                css=column.kind or None,
                scope=None if at else "row",
                data_head=column.head if at and column.kind == "n" else None,
            )
        )
    return cells
