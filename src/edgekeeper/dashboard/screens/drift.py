"""Whether the world is still the one that the model learned from."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    age_note,
    card,
    chip,
    empty_state,
    heading,
    table,
    unless_waiting,
)
from edgekeeper.dashboard.view import View
from edgekeeper.report.wording import count, day, number, percent

__all__ = ["drift"]

_MOST = 45
_MOST_ROWS = 14


def drift(view: View) -> list[Node]:
    """Draw it."""
    work = view.desk.acts.drift
    state = view.facts.status
    if state is None or work is None:
        head = heading("Nothing can be compared yet: no run has begun.", kicker="Drift")
        nothing = empty_state(
            "No model to compare with.",
            "Drift is told once a fit has passed its gates.",
            link=("To the models", "/models"),
            sign="drift",
        )
        return [head, card("Drift", nothing)]
    found = view.slowly.get("drift", view.record, lambda: work(view.desk.folder))

    def draw() -> list[Node]:
        said: Mapping[str, Any] = found.value
        return [heading(_sentence(said), kicker="Drift", under=_under(said)), *_told(view, said),
                age_note(found)]  # fmt: skip

    return unless_waiting(found, "Drift", draw)


def _sentence(said: Mapping[str, Any]) -> str:
    changed = len(said["features"])
    if not said["drift"]:
        return "The market still looks like what the model has learned from."
    if not changed:
        return "Inputs look as before; forecasts come out differently."
    total = count(len(said["columns"]))
    return f"{count(changed)} of {total} inputs are not what the model has learned from."


def _under(said: Mapping[str, Any]) -> str:
    text = f"Line {said['line']}, fitted {day(said['fitted_ns'])}, against bars from "
    text += f"{day(said['recent_ns'])} on. "
    if said["drift"]:
        text += "Drift asks for a refit, it never promotes: look first whether the data broke."
    else:
        text += "No drift found is no proof of none: small changes need longer data."
    return text


def _told(view: View, said: Mapping[str, Any]) -> list[Node]:
    forecasts = said["forecasts"]
    return [
        card("Stability of each input over time", _heat(said),
             note="100 %: as when the model was fitted; 0 %: nothing as before"),
        node(
            "div",
            card("Inputs, the least stable first", _columns(said), css="flush",
                 note="p adjusted for the number of columns"),
            node(
                "div",
                card("Correlations that changed", _pairs(said["correlations"]), css="flush"),
                card("Forecasts and how they came out", _forecasts(forecasts)),
                css="stack",
            ),
            css="split even",
        ),
        node(
            "div",
            card("What the model listens to", _importance(said["importance"]), css="flush",
                 note="share of importance"),
            card("Refits asked for", _refits(view), css="flush"),
            css="split even",
        ),
        card("Notes", node("ul", [node("li", node("p", note)) for note in said["notes"]],
                           css="notes")) if said["notes"] else "",
    ]  # fmt: skip


def _ordered(said: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    changed = set(said["features"])
    columns: Mapping[str, Mapping[str, Any]] = said["columns"]
    return sorted(
        columns.items(),
        key=lambda item: (item[0] not in changed, item[1]["stability"], item[1]["adjusted_p"]),
    )


def _heat(said: Mapping[str, Any]) -> Element:
    ends = [int(end) for end in said["window_ends"]]
    changed = set(said["features"])
    rows = []
    for name, column in _ordered(said)[:_MOST]:
        mark = node("span", " (changed)", css="sr") if name in changed else None
        rows.append(
            node(
                "tr",
                node("th", node("bdi", name), mark, scope="row", title=name,
                     css="changed" if name in changed else None),
                [_square(float(value)) for value in column["windows"]],
            )
        )  # fmt: skip
    more = len(said["columns"]) - len(rows)
    heads = [node("th", f"to {day(end)}", scope="col") for end in ends]
    drawn = node(
        "table",
        node("caption", "Stability of inputs by time", css="sr"),
        node("thead", node("tr", node("th", "Input", scope="col"), heads)),
        node("tbody", rows),
        css="heat",
    )
    return node(
        "div",
        node("div", drawn, css="scroll tall", tabindex="0", role="region",
             aria_label="Stability of inputs by time"),
        node("p", f"and {count(more)} more, as stable or more", css="soft") if more > 0 else None,
    )  # fmt: skip


def _square(stability: float) -> Element:
    if not math.isfinite(stability):
        return node("td", node("span", "not known", css="sr"), css="unknown", title="not known")
    gone = 100.0 * min(1.0, max(0.0, 1.0 - stability))
    words = percent(stability, 0)
    return node("td", words if gone >= 5.0 else node("span", words, css="sr"),
                style=f"--gone: {gone:.0f}", title=words)  # fmt: skip


def _columns(said: Mapping[str, Any]) -> Element:
    changed = set(said["features"])
    heads = (Column("Input"), Column("PSI", "n"), Column("KS", "n"), Column("p", "n"),
             Column("Missing then, now", "n"), Column("State"))  # fmt: skip
    rows: list[list[Node]] = [
        [
            name,
            number(column["psi"], 2),
            number(column["ks"], 2),
            _chance(column["adjusted_p"]),
            f"{percent(column['missing_before'], 0)}, {percent(column['missing_after'], 0)}",
            chip("changed", "warning") if name in changed else chip("as before", "good"),
        ]
        for name, column in _ordered(said)[:_MOST_ROWS]
    ]
    return table(heads, rows, label="Inputs, the least stable first", flow=False)


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> Element:
    if not pairs:
        return empty_state("None beyond chance.", "Inputs still move together as they did.",
                           sign="good")  # fmt: skip
    heads = (Column("Pair"), Column("Then", "n"), Column("Now", "n"), Column("p", "n"))
    rows: list[list[Node]] = [
        [f"{pair['first']} with {pair['second']}", number(pair["before"], 2),
         number(pair["after"], 2), _chance(pair["adjusted_p"])]
        for pair in pairs[:_MOST_ROWS]
    ]  # fmt: skip
    return table(heads, rows, label="Correlations that changed", flow=False)


def _forecasts(found: Mapping[str, Any] | None) -> Element:
    if found is None:
        return node("p", "Too few forecasts with a known outcome to compare.", css="soft")
    if not found["drift"]:
        return node("p", "Forecasts, their errors and their losses are as they were.")
    names = ", ".join(found["features"])
    return node("p", "Not as they were: ", node("bdi", names or "how they hang together"), ".")


def _importance(found: Mapping[str, Mapping[str, float]]) -> Element:
    if not found:
        return empty_state("Not known.", "The learner tells no importance.", sign="info")
    heads = (Column("Input"), Column("At the fit", "n"), Column("Now", "n"))
    ordered = sorted(found.items(), key=lambda item: -item[1]["after"])[:10]
    rows: list[list[Node]] = [
        [name, percent(share["before"]), percent(share["after"])] for name, share in ordered
    ]
    return table(heads, rows, label="What the model listens to", flow=False)


def _refits(view: View) -> Element:
    rows = view.desk.rows("refit_requests", limit=8)
    if rows.height == 0:
        return empty_state("None.", "A monitor asks by itself where inputs, forecasts or losses "
                           "change.", sign="good")  # fmt: skip
    heads = (Column("Line"), Column("Asked (UTC)", "t"), Column("Because", "w"))
    return table(
        heads,
        [[row["line"], day(row["event_time_ns"], minutes=True), row["sentence"]]
         for row in rows.iter_rows(named=True)],
        label="Refits asked for",
    )  # fmt: skip


def _chance(p_value: float) -> str:
    return "under 0.001" if p_value < 0.0005 else number(p_value, 3)
