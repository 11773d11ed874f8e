"""Where it earns and loses: by condition, by origin of the money, and whether forecasts hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    Stat,
    age_note,
    card,
    empty_state,
    heading,
    stats,
    table,
    tabs,
    unless_waiting,
)
from edgekeeper.dashboard.screens.calibration_square import calibration_square
from edgekeeper.dashboard.view import View
from edgekeeper.report.measure_names import MEASURE_NAMES
from edgekeeper.report.sections import Section, Telling
from edgekeeper.report.wording import MISSING, count, number, percent, signed, signed_number

__all__ = ["performance"]

_MEASURES = {
    "net_return": MEASURE_NAMES["net_return"],
    "signal_return": "A signal would earn, taken or not",
    "accuracy_gain": MEASURE_NAMES["accuracy_gain"],
    "brier_gain": MEASURE_NAMES["brier_gain"],
}
_SHORT = {"net_return": "Trades", "signal_return": "Signals", "accuracy_gain": "Accuracy",
          "brier_gain": "Brier score"}  # fmt: skip
_SHOWN_ELSEWHERE = ("On the whole", "Where the money came from", "Whether forecasts mean",
                    "All conditions", "When evidence")  # fmt: skip
_MOST = 24


def performance(view: View) -> list[Node]:
    """Draw it."""
    analyze = view.desk.acts.analyze
    if view.facts.status is None or analyze is None:
        head = heading("Nothing can be told yet: no run has begun.", kicker="Performance")
        nothing = empty_state("No trades.", "What earned and what lost is told from the first "
                              "closed trade on.", link=("To the overview", "/"),
                              sign="performance")  # fmt: skip
        return [head, card("Performance", nothing)]
    found = view.slowly.get("insights", view.record, lambda: analyze(view.desk.folder))

    def draw() -> list[Node]:
        telling: Telling = found.value
        return [
            heading(telling.lead, kicker="Performance"),
            *_told(view, telling),
            age_note(found),
        ]

    return unless_waiting(found, "Performance", draw)


def _told(view: View, telling: Telling) -> list[Node]:
    figures = telling.figures
    state = view.facts.status
    return [
        _whole(figures),
        node(
            "div",
            _money(view, figures["attribution"], state.currency if state else ""),
            _calibration(figures["calibration"]),
            css="split even",
        ),
        _conditions(view, figures["conditions"]),
        node(
            "div",
            [
                _section(section)
                for section in telling.sections
                if not section.title.startswith(_SHOWN_ELSEWHERE)
            ],
            css="split even",
        ),
        card("Before you trust this", node("ul", [node("li", node("p", note), css="bare")
             for note in telling.notes], css="notes")),
    ]  # fmt: skip


def _whole(figures: Mapping[str, Any]) -> Element:
    """The account beside the rules alone, and how right forecasts were."""
    mine, rules = (_account(figures["accounts"], name) for name in ("edgekeeper", "rules"))
    said = figures["calibration"] or {}
    right, majority = (_float(said.get(name)) for name in ("accuracy", "majority"))
    return stats(
        Stat("Closed trades", count(mine["trades"]), "",
             f"the rules alone {count(rules['trades'])}"),
        Stat("Win rate", percent(mine["win_rate"]["value"]), "", _band(mine["win_rate"], percent)),
        Stat("Net a trade", signed(mine["mean"]["value"], 2), "",
             _band(mine["mean"], lambda v: signed(v, 2))),
        Stat("Deepest fall", percent(mine["worst_fall"], 2), "of the capital",
             f"the rules alone {percent(rules['worst_fall'], 2)}"),
        Stat("Forecasts right", percent(right), f"of {count(said['count'])}" if said else "",
             f"always guessing one side {percent(majority)}"),
    )  # fmt: skip


def _account(accounts: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(one for one in accounts if one["name"] == name)


def _band(interval: Mapping[str, float], say: Any) -> str:
    if not math.isfinite(interval["low"]):
        return "too few for an interval"
    return f"95 %: {say(interval['low'])} to {say(interval['high'])}"


def _money(view: View, found: Mapping[str, Any], currency: str) -> Element:
    """Profit by one kind of origin, as bars to the left and right of nothing."""
    kinds = [name for name, shares in found.items() if isinstance(shares, list) and shares]
    if not kinds:
        nothing = empty_state("No trade was closed yet.", "Profit is taken apart once there is "
                              "some.", sign="performance")  # fmt: skip
        return card("Where the money came from", nothing)
    chosen = view.place.get("money") if view.place.get("money") in kinds else kinds[0]
    shares = sorted(found[chosen], key=lambda share: -share["profit"])[:_MOST]
    ends = [0.0, *(share["profit"] for share in shares)]
    low, high = min(ends), max(ends)
    wide = (high - low) or 1.0
    rows = []
    for share in shares:
        left, right = sorted((0.0, share["profit"]))
        place = f"left: {100 * (left - low) / wide:.2f}%; width: {100 * (right - left) / wide:.2f}%"
        trades = f"{count(share['trades'])} trades" if share["trades"] != 1 else "1 trade"
        rows.append(
            node(
                "div",
                node("dt", node("bdi", share["name"]), node("small", trades)),
                node("dd", node("i", style=place, css="minus" if share["profit"] < 0 else None),
                     css="bar"),
                node("dd", signed_number(share["profit"], 0), css="n"),
            )
        )  # fmt: skip
    total = f"In all {signed_number(found['total'])} {currency}"
    still = found["still_open"]
    return card(
        "Where the money came from",
        node("p", total + (f", {signed_number(still)} of it still open." if still else ".")),
        tabs("Origin", [(name, view.place.to(money=name).url, name == chosen) for name in kinds]),
        node("dl", rows, css="falls money", style=f"--zeroat: {100 * -low / wide:.1f}%"),
        note=f"profit after all costs, {currency}",
    )


def _calibration(found: Mapping[str, Any] | None) -> Element:
    title = "Whether forecasts mean what they say"
    if not found or not found["bins"]:
        nothing = empty_state("No forecast has a known outcome yet.", "It takes as many bars as a "
                              "position may be held.", sign="wait")  # fmt: skip
        return card(title, nothing)
    off = sum(not one["low"] <= one["stated"] <= one["high"] for one in found["bins"])
    groups = len(found["bins"])
    said = (
        f"In all {groups} groups of forecasts, what was stated lies within the band."
        if not off
        else f"In {off} of {groups} groups of forecasts, what was stated lies outside the band."
    )
    return card(
        title,
        node("p", said),
        calibration_square(found["bins"]),
        node(
            "p",
            f"Brier score {number(found['brier'], 4)}; stating the base rate every time scores "
            f"{number(found['brier_of_base_rate'], 4)}. Lower is better.",
            css="soft",
        ),
        note=f"calibration of line {found['line']}",
    )


def _conditions(view: View, parts: Sequence[Mapping[str, Any]]) -> Element:
    """One measure by one condition, with intervals."""
    measures = [name for name in _MEASURES if any(part["measure"] == name for part in parts)]
    if not measures:
        nothing = empty_state("Not enough results yet.", "Results are broken down by regime, hour, "
                              "symbol, side and source once there are some.",
                              sign="performance")  # fmt: skip
        return card("By condition", nothing)
    measure = view.place.get("of") if view.place.get("of") in measures else measures[0]
    mine = [part for part in parts if part["measure"] == measure]
    kinds = list(dict.fromkeys(part["condition"] for part in mine))
    kind = view.place.get("by") if view.place.get("by") in kinds else kinds[0]
    chosen = [part for part in mine if part["condition"] == kind][:_MOST]
    return card(
        "By condition",
        node(
            "div",
            tabs("Measure", [(_SHORT[name], view.place.to(of=name).url, name == measure)
                             for name in measures], shown=True),
            tabs("by", [(name, view.place.to(by=name).url, name == kind)
                               for name in kinds], shown=True),
            css="row",
        ),
        _dots(chosen),
        node("p", "Dots are means, lines 95 % intervals from observations clustered in time. "
             "Without a line there are too few. What stood out once may not again.", css="soft"),
        note=f"{_MEASURES[measure]}, by {kind}",
    )  # fmt: skip


def _dots(parts: Sequence[Mapping[str, Any]]) -> Element:
    ends = [0.0]
    for part in parts:
        ends += [v for v in (part["mean"], part["low"], part["high"]) if math.isfinite(v)]
    low, high = min(ends), max(ends)
    air = 0.04 * ((high - low) or 1.0)
    low, wide = low - air, (high - low + 2 * air)

    def at(value: float) -> float:
        return 100.0 * (value - low) / wide

    rows = []
    for part in parts:
        known = math.isfinite(part["low"])
        line = (
            node("i", style=f"left: {at(part['low']):.2f}%; "
                 f"width: {at(part['high']) - at(part['low']):.2f}%") if known else None
        )  # fmt: skip
        band = f" ({signed(part['low'], 2)} to {signed(part['high'], 2)})" if known else ""
        rows.append(
            node(
                "div",
                node("dt", node("bdi", part["value"]), node("small", f" {count(part['count'])}")),
                node("dd", line, node("b", style=f"left: {at(part['mean']):.2f}%"), css="range"),
                node("dd", node("b", signed(part["mean"], 2)), band, css="said"),
            )
        )
    return node("dl", rows, css="dots", style=f"--zeroat: {at(0.0):.1f}%")


def _section(section: Section) -> Element:
    """A section of the report, as it is told everywhere."""
    heads = [Column(head, "" if not at else "n") for at, head in enumerate(section.heads)]
    rows = [[cell or MISSING for cell in row] for row in section.rows]
    return card(
        section.title,
        [node("p", sentence) for sentence in section.sentences],
        table(heads, rows, label=section.title, flow=False) if rows else None,
        node("ul", [node("li", node("p", bullet)) for bullet in section.bullets], css="notes")
        if section.bullets
        else None,
        note=section.note,
        css="flush" if rows and not section.bullets else "",
    )


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)
