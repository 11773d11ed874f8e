"""A decision as a row: when, what, which way, what was decided and why."""

from collections.abc import Mapping
from typing import Any

from edgekeeper.dashboard.nodes import Node, node
from edgekeeper.dashboard.parts import Column, Tone, chip
from edgekeeper.dashboard.place import Place
from edgekeeper.report.wording import MISSING, day, percent

__all__ = ["COLUMNS", "decision_chip", "decision_row", "side_words", "who_decided"]

COLUMNS = (
    Column("Symbol"),
    Column("Time (UTC)", "t"),
    Column("Side"),
    Column("Decision"),
    Column("Size", "n"),
    Column("Decided by"),
    Column("Why", "w"),
)
_TONES: dict[str, Tone] = {"take": "good", "reduce": "info", "skip": "quiet"}
_SIDES = {"long": ("▲", "long"), "short": ("▼", "short")}


def side_words(side: str) -> Node:
    """A side with its arrow."""
    if side not in _SIDES:
        return MISSING
    arrow, words = _SIDES[side]
    return node("span", node("span", arrow, aria_hidden="true"), words, css="side")


def decision_chip(decision: str) -> Node:
    """Take, reduce or skip."""
    return chip(decision, _TONES.get(decision, "quiet"))


def who_decided(model: str | None) -> Node:
    """The package, or the rules."""
    return node("code", model[:8], title=model) if model else "rules"


def decision_row(row: Mapping[str, Any]) -> list[Node]:
    """Cells of :data:`COLUMNS`."""
    size = row["size"]
    here = Place("/decisions").to(symbol=row["symbol"], at=str(row["event_time_ns"]))
    return [
        node("a", node("bdi", row["symbol"]), href=here.url),
        day(row["event_time_ns"], minutes=True),
        side_words(row["side"]),
        decision_chip(row["decision"]),
        MISSING if size is None else percent(size),
        who_decided(row["model"]),
        row["reason"] or MISSING,
    ]
