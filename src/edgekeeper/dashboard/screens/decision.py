"""One decision: the questions it went through, what the model said, and what moved its score."""

import math

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import card, empty_state, heading, icon, pairs, way_back
from edgekeeper.dashboard.screens.decision_rows import decision_chip, side_words
from edgekeeper.dashboard.view import View
from edgekeeper.errors import BadData
from edgekeeper.explain.attribution import Attribution
from edgekeeper.explain.why import Answer
from edgekeeper.report.explanation_picture import digits_for
from edgekeeper.report.wording import MISSING, day, number, percent, signed, signed_number

__all__ = ["one_decision"]

_QUESTIONS = {
    "data fresh": "Is the data fresh?",
    "enough bars": "Have enough bars been seen?",
    "somebody decides": "Is there someone to decide: a signal, and a model or the rules?",
    "in distribution": "Does the market look like what the model has seen?",
    "expectation against cost": "Does the expected return cover its costs?",
    "side allowed": "May this side be traded?",
    "band": "Is success likely enough?",
    "no position of this side": "Is there no such position yet?",
    "limits": "Is it within the hard limits?",
    "guards": "Does no guard forbid it?",
}
_LARGEST = 12


def one_decision(view: View) -> list[Node]:
    """Draw it, or say that it is not there."""
    place = view.place
    back = place.to(at="")
    at = place.get("at")
    try:
        answer = view.desk.why(place.get("symbol"), int(at) if at.isdecimal() else None)
    except (BadData, OverflowError) as error:
        return [
            heading("There is no such decision.", kicker="Decision"),
            card("Not found", empty_state("Not on record.", str(error),
                                          link=("All decisions", "/decisions"))),
        ]  # fmt: skip
    return [
        way_back("All decisions", back.to(symbol="").url),
        heading(answer.sentence, kicker=f"Decision on {answer.symbol}"),
        node(
            "div",
            node("div", card("The questions it went through", _funnel(answer)), css="stack"),
            node("div", card("What was decided", _facts(answer)), _forecast(answer), css="stack"),
            css="split even",
        ),
        _because(answer),
    ]  # fmt: skip


def _funnel(answer: Answer) -> Element:
    asked = dict(answer.steps)
    rows = []
    for name, question in _QUESTIONS.items():
        passed = asked.get(name)
        if passed is None:
            rows.append(
                node("li", icon("wait"), question, node("span", "not asked"), css="unasked")
            )
        elif passed:
            rows.append(node("li", icon("good"), question, node("span", "yes"), css="passed"))
        else:
            said = node("span", f"no: {answer.reason}")
            rows.append(node("li", icon("bad"), question, said, css="failed"))
    return node("ol", rows, css="funnel")


def _facts(answer: Answer) -> Element:
    return pairs(
        [
            ("Decision", decision_chip(answer.decision)),
            ("Side", side_words(answer.side)),
            ("Why", node("bdi", answer.reason or MISSING)),
            ("Bar closed", f"{day(answer.time_ns, minutes=True)} UTC"),
            ("Size", _share(answer.size, " of equity")),
            ("Stop", _price(answer.stop)),
            ("Target", _price(answer.target)),
            ("Decided by", node("code", answer.model[:16], title=answer.model)
             if answer.model else "the rules"),
        ]
    )  # fmt: skip


def _forecast(answer: Answer) -> Element:
    said = answer.forecast
    if said is None:
        nothing = "No model said anything about this side of this bar."
        return card("What the model expected", node("p", nothing, css="soft"))
    known = {name: math.nan if value is None else value for name, value in said.items()}
    return card(
        "What the model expected",
        pairs(
            [
                ("Chance of a net profit", percent(known["probability"])),
                ("Net return", signed(known["expected_return"], 2)),
                ("Likely between", f"{signed(known['lower'], 2)} and {signed(known['upper'], 2)}"),
                ("Chance to end at the stop", percent(known["risk"])),
                ("Time until the exit", f"{number(known['bars_held'], 1)} bars"),
                ("Unlike what it has seen", f"{percent(known['novelty'])} of its features"),
            ]
        ),
        note="for the side decided on",
    )


def _because(answer: Answer) -> Element:
    because = answer.because
    if because is None:
        return card(
            "What moved the score",
            empty_state(
                "Not kept for this decision.",
                "Parts of the score (SHAP values) are stored for a model's larger decisions: "
                "[explain] store_above says from which size on.",
                sign="info",
            ),
        )
    return card(
        "What moved the score",
        node("p", _score(because)),
        _waterfall(because),
        note="SHAP values" + ("" if because.exact else ", sampled"),
    )


def _score(because: Attribution) -> str:
    lean = "long" if because.score > 0 else "short"
    return (
        f"The model's score is {signed_number(because.score)}: it leans {lean}. The usual score is "
        f"{signed_number(because.base)}; each bar below is what one feature adds to it."
    )


def _waterfall(because: Attribution) -> Element:
    parts = sorted(because.parts, key=lambda part: -abs(part.adds))[:_LARGEST]
    rest = because.score - because.base - sum(part.adds for part in parts)
    steps = [(part.feature, number(part.value, 3), part.adds) for part in parts]
    digits = digits_for(max((abs(part.adds) for part in parts), default=0.0))
    if abs(rest) > 10.0**-digits:
        steps.append(("all others", "", rest))
    ends = [because.base]
    for _, _, adds in steps:
        ends.append(ends[-1] + adds)
    low, high = min(ends), max(ends)
    wide = (high - low) or 1.0
    rows = []
    for k, (name, value, adds) in enumerate(steps):
        left, right = sorted((ends[k], ends[k + 1]))
        style = f"left: {100 * (left - low) / wide:.2f}%; width: {100 * (right - left) / wide:.2f}%"
        rows.append(
            node(
                "div",
                node("dt", node("bdi", name), node("small", value) if value else None),
                node("dd", node("i", style=style, css="minus" if adds < 0 else None), css="bar"),
                node("dd", signed_number(adds, digits), css="n"),
            )
        )
    return node("dl", rows, css="falls")


def _share(value: float | None, unit: str) -> str:
    return MISSING if value is None else percent(value) + unit


def _price(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.6g}"
