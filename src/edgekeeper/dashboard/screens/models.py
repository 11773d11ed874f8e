"""Lines on their way: which gather evidence, which trade, which are done; and their fits."""

import math
from collections.abc import Mapping

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    Tone,
    ask_button,
    card,
    chip,
    empty_state,
    evidence_meter,
    heading,
    table,
)
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.screens.line import LINE_ORDERS, line_asks, one_line, packages_of
from edgekeeper.dashboard.screens.lines_as_a_whole import arrivals, frozen_lines
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_package
from edgekeeper.desk import LineStatus, RunModels, RunStatus
from edgekeeper.report.wording import MISSING, count, day, number, percent

__all__ = ["models"]

_LANES = (
    ("candidate", "Candidate", "waits for a first fit that passes its gates"),
    ("shadow", "In shadow", "forecasts everything, risks nothing, gathers evidence"),
    ("ab_test", "A/B test", "decides a share of the signals, by lot"),
    ("production", "Trades", "has earned its place"),
    ("retired", "Retired", "refused, or taken out by a person"),
)
_VERDICTS: dict[str, tuple[str, Tone]] = {
    "accepted": ("accepted", "good"),
    "needs_approval": ("needs approval", "warning"),
    "vetoed": ("vetoed", "quiet"),
}
_FITS = 30


def models(view: View) -> list[Node]:
    """Draw the board, or one line of it."""
    state = view.facts.status
    if state is None or not state.lines:
        head = heading("There are no models yet: no run has begun.", kicker="Models")
        nothing = empty_state(
            "No lines.", "A line is a recipe for a model. Lines are part of the configuration; "
            "each begins as a candidate.", link=("To the overview", "/"), sign="models",
        )  # fmt: skip
        return [head, card("Lines", nothing)]
    found = view.shelf.get("models", view.stamp, view.desk.models)
    name = view.place.get("line")
    chosen = next((line for line in state.lines if line.name == name), None)
    if chosen is not None:
        return one_line(view, chosen, found)
    arrived = arrivals(view)
    return [
        heading(_sentence(state), kicker="Models", under=_under(view)),
        *frozen_lines(view),
        _board(view, state, found),
        *([arrived] if arrived is not None else []),
        _fits(view, found),
    ]


def _sentence(state: RunStatus) -> str:
    stages = [line.stage for line in state.lines]
    total = f"{count(len(stages))} line{'s' if len(stages) != 1 else ''}"
    if "production" in stages:
        return f"Of {total}, {state.champion} has earned its place and trades."
    if "ab_test" in stages:
        return f"Of {total}, one is tried on a share of the signals."
    if "shadow" in stages:
        return f"{total}, none has earned its place yet: evidence is being gathered."
    if all(stage == "retired" for stage in stages):
        return f"{total}, all retired: nothing is being learned."
    return f"{total}, none has passed its gates yet."


def _under(view: View) -> str:
    if not view.facts.live:
        return "A replay takes no orders: what you see is how it ended."
    if not view.grant.may("admin"):
        return "To promote, roll back or approve takes the role admin."
    return (
        "Promotion comes by itself once the evidence is in. Orders are for exceptions, and stay on "
        "record."
    )


def _board(view: View, state: RunStatus, found: RunModels) -> Element:
    return node(
        "div",
        [
            _lane(view, title, text, [line for line in state.lines if line.stage == stage], found)
            for stage, title, text in _LANES
        ],
        css="lanes",
    )


def _lane(view: View, title: str, text: str, lines: list[LineStatus], found: RunModels) -> Element:
    name = "lane-" + title.lower().replace("/", "").replace(" ", "-")
    return node(
        "section",
        node("header", node("h2", title, id=name), node("span", str(len(lines)), css="soft")),
        [_line(view, line, found) for line in lines],
        None if lines else node("p", text),
        css="lane" if lines else "lane bare",
        aria_labelledby=name,
    )


def _line(view: View, line: LineStatus, found: RunModels) -> Element:
    url = Place("/models").to(line=line.name).url
    judged = line.stage in ("shadow", "ab_test", "production") or math.isfinite(line.evidence)
    return node(
        "article",
        node("h3", node("a", node("bdi", line.name), href=url), node("small", line.learner)),
        evidence_meter(line.evidence, line.needed, line.name) if judged else None,
        node("p", _expected(line)),
        node(
            "p",
            f"{count(line.fits)} fits, newest ",
            node("code", line.newest[:8]) if line.newest else MISSING,
            f"; here since {day(line.since_ns)}" if line.since_ns else "",
            css="soft",
        ),
        _acts(view, line, found),
        css="line",
        key=line.name,
    )


def _expected(line: LineStatus) -> str:
    if line.stage == "shadow" and line.expected is not None:
        if line.expected.expected_ns is not None:
            return f"Expected around {line.expected.date}."
        return {
            "reached": "Its evidence is in: it moves at the next boundary.",
            "too early": "Too early to tell a date.",
            "ruined": f"Its bet against {line.expected.weakest} is lost for good.",
        }.get(
            line.expected.state,
            f"At this pace not in time; weakest against {line.expected.weakest}.",
        )
    return line.reason[:1].upper() + line.reason[1:] + "."


def _acts(view: View, line: LineStatus, found: RunModels) -> Element | None:
    kinds = [kind for kind in LINE_ORDERS.get(line.stage, ()) if view.may_order(kind)]
    if not kinds:
        return None
    asks = line_asks(kinds, line, packages_of(found, line.name), view.facts.status)
    return node(
        "details",
        node("summary", "Orders", node("span", f" for line {line.name}", css="sr")),
        node("div", [ask_button(ask, css="small") for ask in asks], css="row"),
        css="acts",
    )


def _fits(view: View, found: RunModels) -> Element:
    fits = list(reversed(found.fits))[:_FITS]
    if not fits:
        nothing = empty_state("No fit yet.", "The first comes once a line has enough bars.",
                              sign="models")  # fmt: skip
        return node("div", card("Fits", nothing), id="fits")
    may = view.may_order("approve")
    columns = [
        Column("Package"), Column("Line"), Column("Fitted (UTC)", "t"), Column("Gates"),
        Column("Stands"), Column("AUC", "n"), Column("Accuracy", "n"), Column("Sharpe, net", "n"),
        Column("", "act"),
    ]  # fmt: skip
    rows: list[list[Node]] = []
    for fit in fits:
        words, tone = _VERDICTS.get(fit.verdict, (fit.verdict, "quiet"))
        failed = [
            f"{gate}: {said}" for gate, said in fit.reasons.items() if said.startswith("failed")
        ]
        why = "; ".join(failed) or "; ".join(fit.reasons.values())
        held = may and fit.verdict == "needs_approval"
        rows.append(
            [
                node("code", fit.hash[:12], title=fit.hash),
                fit.line,
                day(found.fitted_at_ns.get(fit.hash)),
                node("span", chip(words, tone), node("span", f" {why}", css="sr"), title=why),
                found.standings.get(fit.hash, MISSING),
                number(_metric(fit.metrics, "hold_out_auc"), 3),
                percent(_metric(fit.metrics, "hold_out_accuracy")),
                number(_metric(fit.metrics, "hold_out_sharpe"), 2),
                ask_button(ask_package(fit.hash, fit.line, why), "Approve", css="small")
                if held
                else "",
            ]
        )
    shown = "" if len(found.fits) <= _FITS else f"the newest {_FITS} of {count(len(found.fits))}; "
    return node(
        "div",
        card(
            "Fits",
            table(columns, rows, label="Fits of all lines, the newest first", flow=False),
            note=f"{shown}figures are of the hold-out, which the fit has not seen",
            css="flush",
        ),
        id="fits",
    )


def _metric(metrics: Mapping[str, float], name: str) -> float:
    value = metrics.get(name)
    return math.nan if value is None else float(value)
