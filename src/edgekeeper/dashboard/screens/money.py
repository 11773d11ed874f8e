"""Money: what the account earned beside the rules alone, how far it fell, and what it holds."""

import numpy as np

from edgekeeper.dashboard.curves import BASELINE, Curves
from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import Column, card, empty_state, plot, table, tabs
from edgekeeper.dashboard.screens.decision_rows import side_words
from edgekeeper.dashboard.view import View
from edgekeeper.desk import RunStatus
from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.wording import MISSING, day, number, percent, signed

__all__ = ["money", "positions"]

_DAY_NS = 86_400 * 10**9
_SPANS = {"": ("All", None), "quarter": ("90 days", 90), "month": ("30 days", 30),
          "week": ("7 days", 7)}  # fmt: skip


def money(view: View, state: RunStatus, curves: Curves) -> Element:
    """Draw both curves over the span that the address asks for."""
    chosen = view.place.get("span")
    days = _SPANS.get(chosen, _SPANS[""])[1]
    shown = curves
    if days is not None and state.last_bar_ns is not None:
        shown = curves.since(state.last_bar_ns - days * _DAY_NS)
    names = tabs(
        "Span of the picture",
        [
            (words, view.place.to(span=name).url, name == (chosen if chosen in _SPANS else ""))
            for name, (words, _) in _SPANS.items()
        ],
    )
    growth = _growth(shown)
    fall = line_chart(
        shown.time_ns,
        [Series("Fall", "edgekeeper", shown.fall, lambda v: percent(abs(v), 2), area=True)],
        ticks=lambda low, high: percent_ticks(low, high, 3),
        label="How far the account stands below its highest point",
        height_px=84,
    )
    return card(
        "What it earned, beside the rules alone",
        names,
        plot(growth),
        node("p", "Fall from the highest point so far", css="soft") if fall else None,
        plot(fall, legend=False) if fall else None,
        note=f"after costs, {state.currency}",
    )


def _growth(curves: Curves) -> Chart | None:
    series = []
    for name, css, values in (
        ("Edgekeeper", "edgekeeper", curves.mine),
        ("The rules alone", BASELINE, curves.rules),
    ):
        first = values[np.isfinite(values)][:1]
        if len(first) and first[0] > 0.0:
            series.append(Series(name, css, values / first[0] - 1.0, lambda v: signed(v, 2),
                                 layer=1 if css == BASELINE else 0))  # fmt: skip
    said = ", ".join(f"{one.name} {one.text(float(one.values[-1]))}" for one in series)
    return line_chart(
        curves.time_ns,
        series,
        ticks=percent_ticks,
        label=f"Return over the span: {said or MISSING}",
        height_px=250,
    )


def positions(view: View) -> Element:
    """Draw what is held now."""
    held = view.desk.positions()
    if not held:
        nothing = empty_state("None.", "All money is in cash.", sign="info")
        return card("Open positions", nothing)
    heads = (Column("Symbol"), Column("Side"), Column("Quantity", "n"), Column("Paid", "n"),
             Column("Stop", "n"), Column("Target", "n"), Column("Since (UTC)", "t"))  # fmt: skip
    rows: list[list[Node]] = [
        [one.symbol, side_words(one.side), number(one.quantity, 4), _price(one.entry_price),
         _price(one.stop), _price(one.target), day(one.since_ns, minutes=True)]
        for one in held
    ]  # fmt: skip
    note = "prices per unit"
    return card(
        "Open positions", table(heads, rows, label="Open positions"), note=note, css="flush"
    )


def _price(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.6g}"
