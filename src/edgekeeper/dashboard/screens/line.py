"""One line: its evidence over time, its moves, and what may be ordered about it."""

import json
import math

import numpy as np

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Ask,
    ask_button,
    card,
    chip,
    empty_state,
    evidence_meter,
    heading,
    pairs,
    plot,
    way_back,
)
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_line
from edgekeeper.desk import LineStatus, RunModels, RunStatus
from edgekeeper.report.axis import wealth_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.wording import MISSING, count, day, wealth

__all__ = ["LINE_ORDERS", "line_asks", "one_line", "packages_of"]

LINE_ORDERS: dict[str, tuple[str, ...]] = {
    "candidate": ("refit",),
    "shadow": ("promote", "refit", "pin", "unpin", "rollback", "retire"),
    "ab_test": ("demote", "refit", "pin", "unpin", "rollback", "retire"),
    "production": ("rearm", "demote", "refit", "pin", "unpin", "rollback", "retire"),
}
"""What may be ordered about a line in each stage."""

_STAGES = {
    "candidate": "Candidate",
    "shadow": "In shadow",
    "ab_test": "A/B test",
    "production": "Trades",
    "retired": "Retired",
}
_FLOOR = math.log(1e-3)
_MOST_PACKAGES = 12


def packages_of(found: RunModels, line: str) -> list[tuple[str, str]]:
    """Accepted packages of a line as (hash, words), the newest first."""
    fits = [fit for fit in reversed(found.fits) if fit.line == line and fit.verdict == "accepted"]
    return [
        (fit.hash, f"{fit.hash[:12]} of {day(found.fitted_at_ns.get(fit.hash))}")
        for fit in fits[:_MOST_PACKAGES]
    ]


def line_asks(
    kinds: list[str], line: LineStatus, packages: list[tuple[str, str]], state: RunStatus | None
) -> list[Ask]:
    """Questions behind the buttons of a line; to re-arm is offered only where it is paused."""
    paused = state is not None and state.paused_ns is not None
    return [ask_line(kind, line.name, packages) for kind in kinds if kind != "rearm" or paused]


def one_line(view: View, line: LineStatus, found: RunModels) -> list[Node]:
    """Draw it."""
    kinds = [kind for kind in LINE_ORDERS.get(line.stage, ()) if view.may_order(kind)]
    asks = line_asks(kinds, line, packages_of(found, line.name), view.facts.status)
    said = line.expected.sentence if line.expected is not None else f"{line.reason}."
    said = said[:1].upper() + said[1:]
    stage = _STAGES.get(line.stage, line.stage)
    return [
        way_back("All lines", "/models"),
        heading(f"Line {line.name}: {stage.lower()}.", kicker="Models", under=said),
        node(
            "div",
            node("div", card("Evidence", plot(_evidence(view, line.name)), css="",
                             note="what a bet of 1 against each null became; all three must pass"),
                 card("Its way", _moves(view, line.name), css="flush"), css="stack"),
            node(
                "div",
                card("Where it stands", evidence_meter(line.evidence, line.needed, line.name),
                     _facts(line)),
                _orders(view, asks),
                css="stack",
            ),
            css="split",
        ),
    ]  # fmt: skip


def _facts(line: LineStatus) -> Element:
    return pairs(
        [
            ("Stage", f"{_STAGES.get(line.stage, line.stage)} since {day(line.since_ns)}"),
            ("Learner", line.learner),
            ("Fits", count(line.fits)),
            ("Newest package", node("code", line.newest[:16], title=line.newest)
             if line.newest else MISSING),
            ("Expected", line.expected.date if line.expected is not None else MISSING),
            ("Refused after", day(line.expected.horizon_ns) if line.expected is not None
             else MISSING),
        ]
    )  # fmt: skip


def _orders(view: View, asks: list[Ask]) -> Element:
    if asks:
        return card(
            "Orders",
            node("p", "Each asks first, and is on record with its reason.", css="soft"),
            node("div", [ask_button(ask) for ask in asks], css="row"),
        )
    why = (
        "A replay takes no orders."
        if not view.facts.live
        else "A retired line takes none."
        if view.grant.may("admin")
        else "Orders about lines take the role admin."
    )
    return card("Orders", node("p", why, css="soft"))


def _evidence(view: View, name: str) -> Chart | None:
    time_ns, logs = view.evidence.read(name)
    if len(time_ns) == 0:
        return None
    cash, exposure, incumbent, needed = logs.T
    least = np.minimum(np.minimum(cash, exposure), incumbent)
    return line_chart(
        time_ns,
        [
            Series("Weakest of the three", "least", least, wealth, layer=-1),
            Series("Against cash", "cash", cash, wealth),
            Series("Against its own exposure", "exposure", exposure, wealth),
            Series("Against the incumbent", "incumbent", incumbent, wealth),
            Series("Needed", "threshold", needed, wealth),
        ],
        ticks=wealth_ticks,
        label=f"Evidence of line {name}: the weakest bet stands at {wealth(float(least[-1]))}, "
        f"needed {wealth(float(needed[-1]))}",
        height_px=280,
        limits=(_FLOOR, math.inf),
    )


def _moves(view: View, name: str) -> Element:
    rows = view.desk.rows("stages", where={"line": name}, limit=50)
    if rows.height == 0:
        return empty_state("It has not moved yet.", "A first fit that passes its gates puts it in "
                           "shadow.", sign="models")  # fmt: skip
    return node(
        "ul",
        [
            node(
                "li",
                chip(_STAGES.get(row["to_stage"], row["to_stage"]), "quiet"),
                node("p", node("bdi", _reason(row["reason"]))),
                None,
                node("small", f"{day(row['event_time_ns'], minutes=True)} UTC, by ",
                     node("bdi", row["actor"] or "rule"), _share(row["evidence_json"])),
            )
            for row in rows.iter_rows(named=True)
        ],
        css="items",
    )  # fmt: skip


def _reason(text: str) -> str:
    return text[:1].upper() + text[1:]


def _share(text: str | None) -> str:
    said = json.loads(text or "{}")
    share = said.get("share") if isinstance(said, dict) else None
    return f", {share:.0%} of the signals" if isinstance(share, float) else ""
