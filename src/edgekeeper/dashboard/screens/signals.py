"""What bots proposed, what they were answered, and whether reality costs what was assumed."""

import json
import math
from collections.abc import Mapping
from typing import Any

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    Stat,
    Tone,
    ask_button,
    banner,
    card,
    chip,
    empty_state,
    evidence_meter,
    heading,
    stats,
    table,
)
from edgekeeper.dashboard.screens.decision_rows import decision_chip, side_words
from edgekeeper.dashboard.screens.lines_as_a_whole import frozen_lines
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_line
from edgekeeper.desk.sidecar_status import BotLineStatus, SidecarStatus
from edgekeeper.report.wording import MISSING, count, day, number, percent, signed
from edgekeeper.sidecar.gap import Gap

__all__ = ["signals"]

_MODES = {
    "observe": "Signals of bots are watched, and bots do as they like.",
    "advise": "Bots are advised about their signals; whether they listen is up to them.",
    "enforce": "Bots are told which of their signals to trade.",
}
_STAGES = {"shadow": "in shadow", "ab_test": "A/B test", "production": "decides",
           "retired": "retired"}  # fmt: skip
_TONES: dict[str, Tone] = {"production": "good", "ab_test": "info"}
_ORDERS = {
    "shadow": ("promote", "refit", "retire"),
    "ab_test": ("demote", "refit", "rollback", "retire"),
    "production": ("demote", "refit", "rollback", "retire"),
}
_SHOWN = 20


def signals(view: View) -> list[Node]:
    """Draw it."""
    state = view.facts.sidecar
    if state is None:
        head = heading("No bot has sent a signal yet.", kicker="Signals")
        nothing = empty_state(
            "Connect the bot you have.",
            "Any language will do: it posts its signals to /v1/signals and how they ended to "
            "/v1/outcomes. At first it is only watched, and learned from.",
            command="edgekeeper token create --role trade",
            sign="signals",
        )
        return [head, card("Signals", nothing)]
    gap = view.slowly.get("gap", view.record, view.desk.gap)
    return [
        heading(_MODES.get(state.mode, "Signals of bots are answered."), kicker="Signals",
                under=_under(state)),
        *([banner("danger", "Halted: bots are told to skip every signal.", state.halted)]
          if state.halted else []),
        _figures(state),
        node(
            "div",
            node("div", card("Newest signals", _newest(view), css="flush", note="UTC"),
                 css="stack"),
            node("div", card("Models for these signals", *_frozen(view), *_lines(view, state)),
                 _reality(gap.value, gap.trouble), css="stack"),
            css="split",
        ),
    ]  # fmt: skip


def _under(state: SidecarStatus) -> str:
    if state.decides == "bot":
        return "The bot decides: no model has earned its place for its signals yet."
    return f"Line {state.decides} decides: it has earned its place on these signals."


def _figures(state: SidecarStatus) -> Element:
    return stats(
        Stat("Signals", count(state.signals), "", f"newest {day(state.newest_ns, minutes=True)}"),
        Stat("Outcomes known", count(state.outcomes), "", "told by bots, or shown by bars"),
        Stat("Never told", percent(state.missing), "", "of the last 30 days; unknown, never zero"),
        Stat("Mode", state.mode or MISSING),
        Stat("Decides", "the bot" if state.decides == "bot" else state.decides),
    )


def _lines(view: View, state: SidecarStatus) -> list[Node]:
    if not state.lines:
        text = "A first fit is made once enough outcomes of signals are known; it begins in shadow."
        return [empty_state("Not enough outcomes yet.", text, sign="models")]
    return [_line(view, line) for line in state.lines]


def _frozen(view: View) -> list[Node]:
    """Where no run has lines of its own, those of the side-car are frozen."""
    return frozen_lines(view) if view.facts.status is None and view.facts.sidecar else []


def _line(view: View, line: BotLineStatus) -> Element:
    kinds = [kind for kind in _ORDERS.get(line.stage, ()) if view.may_order(kind)]
    stage = _STAGES.get(line.stage, line.stage)
    if line.stage == "ab_test":
        stage = f"{stage}, {percent(line.share, 0)}"
    return node(
        "article",
        node("h3", node("bdi", line.name), chip(stage, _TONES.get(line.stage, "quiet"))),
        evidence_meter(line.evidence, line.needed, line.name),
        node("p", line.reason[:1].upper() + line.reason[1:]),
        node("p", f"{count(line.days)} days of evidence, package ",
             node("code", line.package[:8]) if line.package else MISSING, css="soft"),
        node(
            "details",
            node("summary", "Orders", node("span", f" for line {line.name}", css="sr")),
            node("div", [ask_button(ask_line(kind, line.name, []), css="small")
                         for kind in kinds], css="row"),
            css="acts",
        )
        if kinds
        else None,
        css="line plain",
        key=line.name,
    )  # fmt: skip


def _newest(view: View) -> Element:
    rows = view.desk.rows("sidecar_signals", limit=_SHOWN)
    if rows.height == 0:
        return empty_state("None yet.", "The first shows itself here.", sign="signals")
    ended = {
        row["id"]: row
        for row in view.desk.ledger.read(
            "sidecar_outcomes", ["id", "net_return", "exit_reason"],
            where={"id": rows["id"].to_list()},
        ).iter_rows(named=True)
    }  # fmt: skip
    heads = (Column("Symbol"), Column("Time", "t"), Column("Side"), Column("Answer"),
             Column("Chance", "n"), Column("Ended", "n"), Column("Why", "w"))  # fmt: skip
    return table(
        heads,
        [_signal(row, ended.get(row["id"])) for row in rows.iter_rows(named=True)],
        label="The newest signals of bots",
        keys=rows["id"].to_list(),
    )


def _signal(row: Mapping[str, Any], ended: Mapping[str, Any] | None) -> list[Node]:
    chance = row["probability"]
    returned = None if ended is None else ended["net_return"]
    reasons = json.loads(row["reasons_json"] or "[]")
    why = str(reasons[-1]) if isinstance(reasons, list) and reasons else ""
    return [
        row["symbol"],
        day(row["event_time_ns"], minutes=True),
        side_words(row["side"]),
        decision_chip(row["decision"]),
        MISSING if chance is None else percent(chance),
        _ended(returned, ended),
        why or MISSING,
    ]


def _ended(returned: float | None, ended: Mapping[str, Any] | None) -> Node:
    if returned is None:
        return MISSING if ended is None else "not traded"
    return node("span", signed(returned, 2), css="up" if returned > 0 else "down")


def _reality(gap: Gap | None, trouble: str) -> Element:
    title = "Whether reality costs what was assumed"
    if gap is None:
        return card(title, node("p", trouble or "This is being worked out.", css="soft"))
    heads = (Column("Cost of a round trip"), Column("Basis points", "n"))
    rows: list[list[Node]] = [
        ["assumed", _bps(gap.assumed)],
        ["paid", _bps(gap.realised)],
        ["of it fees", _bps(gap.realised_fees)],
        ["of it fills worse than seen", _bps(gap.realised_fills)],
        ["more than assumed, 90 % band", f"{_bps(gap.lower)} to {_bps(gap.upper)}"],
    ]
    return card(
        title,
        node("p", gap.sentence),
        banner("warning", "Reality is worse than assumed.",
               "The verdict at the costs that were paid is below.") if gap.worse else None,
        table(heads, rows, label=title, flow=False) if gap.trades else None,
        _money(gap),
        _missed(gap),
        note=f"reality gap, {count(gap.trades)} trades",
    )  # fmt: skip


def _money(gap: Gap) -> Element | None:
    known = [one for one in gap.money if one.trades]
    if not known:
        return None
    heads = (Column("Whose"), Column("Trades", "n"), Column("At assumed costs", "n"),
             Column("At paid costs", "n"))  # fmt: skip
    rows = [
        [one.whose, count(one.trades), signed(one.at_assumed, 3), signed(one.at_realised, 3)]
        for one in known
    ]
    return table(heads, rows, label="Mean net return at assumed and at paid costs", flow=False)


def _missed(gap: Gap) -> Element | None:
    if not gap.missed:
        return None
    heads = (Column("Not traded because"), Column("Signals", "n"), Column("Would have made", "n"))
    rows = [[one.cause, count(one.count), signed(one.simulated, 2)] for one in gap.missed]
    return table(heads, rows, label="Signals that were not traded, by cause", flow=False)


def _bps(share: float) -> str:
    return number(1e4 * share, 1) if math.isfinite(share) else MISSING
