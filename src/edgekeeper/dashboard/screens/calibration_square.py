"""Stated against observed chances, in a square whose diagonal means "as stated"."""

from collections.abc import Mapping, Sequence

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.dashboard.parts import Column, table
from edgekeeper.report.axis import share_ticks
from edgekeeper.report.wording import count, percent

__all__ = ["calibration_square"]


def calibration_square(bins: Sequence[Mapping[str, float]]) -> Element:
    """Draw dots with their bands, and the same as a table that unfolds."""
    values = [one[name] for one in bins for name in ("stated", "low", "high")]
    low, high = max(0.0, min(values) - 0.02), min(1.0, max(values) + 0.02)

    def at(value: float) -> float:
        return 100.0 * (value - low) / (high - low)

    marks = []
    for one in bins:
        honest = one["low"] <= one["stated"] <= one["high"]
        marks.append(
            node("i", css="band", style=f"left: {at(one['stated']):.2f}%; "
                 f"top: {100 - at(one['high']):.2f}%; "
                 f"height: {at(one['high']) - at(one['low']):.2f}%")
        )  # fmt: skip
        marks.append(
            node("i", css="dot" if honest else "dot off", title=_said(one),
                 style=f"left: {at(one['stated']):.2f}%; top: {100 - at(one['observed']):.2f}%")
        )  # fmt: skip
    ticks = [(at(tick.position), tick.label) for tick in share_ticks(low, high)]
    square = node(
        "div",
        node("svg", node("line", x1="0", y1="100%", x2="100%", y2="0"), aria_hidden="true"),
        marks,
        [node("span", label, css="across", style=f"left: {x:.1f}%") for x, label in ticks],
        [node("span", label, css="upward", style=f"top: {100 - y:.1f}%") for y, label in ticks],
        css="square",
        role="img",
        aria_label="Stated chance from left to right, observed share upwards: the table has both",
    )
    return node(
        "figure",
        square,
        node("figcaption", "Stated from left to right, happened upwards. On the diagonal: as "
             "stated. Squares lie outside their band.", css="soft"),
        node("details", node("summary", "The same as a table"), _table(bins), css="fold"),
    )  # fmt: skip


def _table(bins: Sequence[Mapping[str, float]]) -> Element:
    heads = (Column("Stated"), Column("Happened", "n"), Column("95 % band", "n"),
             Column("Independent", "n"))  # fmt: skip
    rows = [
        [percent(one["stated"]), percent(one["observed"]),
         f"{percent(one['low'])} to {percent(one['high'])}", count(one["effective"])]
        for one in bins
    ]  # fmt: skip
    return table(heads, rows, label="Stated and observed chances", flow=False)


def _said(one: Mapping[str, float]) -> str:
    return (
        f"stated {percent(one['stated'])}, happened {percent(one['observed'])} "
        f"({percent(one['low'])} to {percent(one['high'])})"
    )
