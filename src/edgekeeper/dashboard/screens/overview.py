"""The first screen: how it stands, what it earned, what was decided, what waits for a person."""

import math

import numpy as np

from edgekeeper.dashboard.curves import ACCOUNT, Curves
from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Stat,
    card,
    empty_state,
    heading,
    stats,
    table,
)
from edgekeeper.dashboard.screens.alert_list import alert_list
from edgekeeper.dashboard.screens.decision_rows import COLUMNS, decision_row
from edgekeeper.dashboard.screens.money import money, positions
from edgekeeper.dashboard.screens.to_do import to_do
from edgekeeper.dashboard.screens.vital_signs import vital_signs
from edgekeeper.dashboard.standing import who_trades
from edgekeeper.dashboard.view import View
from edgekeeper.desk import RunStatus
from edgekeeper.report.wording import count, number, percent, signed

__all__ = ["overview"]

_DAY_NS = 86_400 * 10**9
_SHOWN = 8
_MOST = 10_000


def overview(view: View) -> list[Node]:
    """Draw it."""
    standing = who_trades(view.facts)
    state = view.facts.status
    head = heading(standing.sentence, kicker="Overview", under=standing.under)
    if state is None:
        return [head, _begin(view)]
    curves = view.shelf.get("curves", view.stamp, view.equity.read)
    today = _today(view, state)
    waits = to_do(view)
    return [
        head,
        *([waits] if view.facts.tasks else []),
        _figures(state, curves, today),
        node(
            "div",
            node("div", money(view, state, curves), positions(view), _decided(view), css="stack"),
            node(
                "div",
                vital_signs(view, state),
                None if view.facts.tasks else waits,
                alert_list(view, state),
                css="stack",
            ),
            css="split",
        ),
    ]


def _begin(view: View) -> Element:
    if view.facts.sidecar is not None:
        many = count(view.facts.sidecar.signals)
        text = f"{many} signals so far. An account and its money are shown once a run trades too."
        beside = empty_state("Bots are connected.", text, link=("To their signals", "/signals"),
                             sign="signals")  # fmt: skip
        return card("Beside a bot", beside)
    return card(
        "Begin",
        empty_state(
            "Start a run, and look on here.",
            "On paper money, with a market of its own, or beside the bot you have. The first "
            "decisions come with the first bar; evidence takes weeks to years, and says how long.",
            command="edgekeeper serve --help",
            sign="play",
        ),
    )


def _figures(state: RunStatus, curves: Curves, today: dict[str, int]) -> Element:
    mine, rules = curves.grown(curves.mine), curves.grown(curves.rules)
    fall = curves.fall
    known = fall[np.isfinite(fall)]
    now, worst = float(known[-1]) if len(known) else math.nan, curves.deepest
    taken = today.get("take", 0) + today.get("reduce", 0)
    asked = sum(today.values())
    return stats(
        Stat("Equity", number(state.equity, 2), state.currency,
             f"began with {number(state.start_equity, 0)}"),
        Stat("Return since the start", signed(mine, 2), "",
             f"the rules alone {signed(rules, 2)}", _way(mine)),
        Stat("Fall from the highest point", percent(abs(now), 2), "",
             f"deepest so far {percent(abs(worst), 2)}"),
        Stat("At work", percent(state.gross_exposure, 0), "of equity", "gross exposure"),
        Stat("Decided on the last day", f"{count(taken)} of {count(asked)}" if asked else "0",
             "taken" if asked else "signals", _skipped(today)),
    )  # fmt: skip


def _way(value: float) -> str:
    return "up" if value > 0.0 else "down" if value < 0.0 else ""


def _skipped(today: dict[str, int]) -> str:
    if not today:
        return "nothing was proposed"
    reduced = count(today.get("reduce", 0))
    return f"{reduced} of them reduced, {count(today.get('skip', 0))} skipped"


def _today(view: View, state: RunStatus) -> dict[str, int]:
    """Decisions of the last day that was seen, by kind; a bar without a signal is no decision."""
    if state.last_bar_ns is None:
        return {}
    midnight = (state.last_bar_ns - 1) // _DAY_NS * _DAY_NS
    rows = view.desk.rows(
        "decisions",
        ["decision"],
        where={"account": ACCOUNT, "side": ["long", "short"]},
        since_ns=midnight + 1,
        limit=_MOST,
    )
    return dict(rows["decision"].value_counts().iter_rows())


def _decided(view: View) -> Element:
    rows = view.desk.rows(
        "decisions", where={"account": ACCOUNT, "side": ["long", "short"]}, limit=_SHOWN
    )
    if rows.height == 0:
        inside: Element = empty_state(
            "No signal has come yet.",
            "A decision is made for each signal of the rules, of a model or of a bot. Bars without "
            "a signal leave none.",
            sign="decisions",
        )
    else:
        inside = table(
            COLUMNS,
            [decision_row(row) for row in rows.iter_rows(named=True)],
            label="The newest decisions",
        )
    return card(
        "Newest decisions", inside, note="UTC", more=("All decisions", "/decisions"), css="flush"
    )
