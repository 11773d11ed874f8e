"""The first screen: how it stands, what it earned, what was decided, what waits for a person."""

import math

import numpy as np

from edgekeeper.dashboard.curves import ACCOUNT, BASELINE, Curves
from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Stat,
    ask_button,
    card,
    empty_state,
    heading,
    icon,
    plot,
    stats,
    table,
    tabs,
)
from edgekeeper.dashboard.screens.decision_rows import COLUMNS, decision_row
from edgekeeper.dashboard.screens.vital_signs import vital_signs
from edgekeeper.dashboard.standing import who_trades
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_alert, ask_line, ask_resume
from edgekeeper.desk import RunStatus
from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.to_do import Task
from edgekeeper.report.wording import MISSING, count, day, number, percent, signed

__all__ = ["overview"]

_DAY_NS = 86_400 * 10**9
_SPANS = {"": ("All", None), "quarter": ("90 days", 90), "month": ("30 days", 30),
          "week": ("7 days", 7)}  # fmt: skip
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
    waits = _to_do(view)
    return [
        head,
        *([waits] if view.facts.tasks else []),
        _figures(state, curves, today),
        node(
            "div",
            node("div", _money(view, state, curves), _decided(view), css="stack"),
            node(
                "div",
                vital_signs(view, state),
                None if view.facts.tasks else waits,
                _alerts(view, state),
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
    now, worst = (float(known[-1]), float(known.min())) if len(known) else (math.nan, math.nan)
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
    return f"{count(today.get('reduce', 0))} reduced, {count(today.get('skip', 0))} skipped"


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


def _money(view: View, state: RunStatus, curves: Curves) -> Element:
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


_URGENT = {
    "now": ("danger", "stop"),
    "soon": ("warning", "warning"),
    "when convenient": ("info", "info"),
}


def _to_do(view: View) -> Element:
    tasks = view.facts.tasks
    if not tasks:
        return card(
            "What waits for you", empty_state("Nothing.", "All is as it should be.", sign="good")
        )
    return card(
        "What waits for you",
        node("ul", [_task(view, task) for task in tasks[:12]], css="items"),
        node("p", f"and {len(tasks) - 12} more", css="soft") if len(tasks) > 12 else None,
        css="flush",
    )


def _task(view: View, task: Task) -> Element:
    tone, sign = _URGENT[task.urgency]
    return node(
        "li",
        node("span", icon(sign), node("span", f"{task.urgency}: ", css="sr"), css=tone),
        node("p", task.text),
        _act(view, task),
        node("small", f"since {day(task.since_ns, minutes=True)} UTC"),
    )


def _act(view: View, task: Task) -> Node | None:
    state = view.facts.status
    if state is None:
        return None
    if task.kind == "halt" and view.may_order("resume"):
        return ask_button(ask_resume(state.halt_cause), "Resume", css="small")
    if task.kind == "pause" and view.may_order("rearm") and state.champion:
        return ask_button(ask_line("rearm", state.champion, []), "Re-arm", css="small")
    if task.kind == "approval":
        return node("a", "Look at the fits", href="/models")
    if task.kind == "alert" and view.may_order("acknowledge"):
        return ask_button(ask_alert(task.subject), "Seen", css="small")
    return None


_TONES = {
    "critical": ("danger", "stop"),
    "warning": ("warning", "warning"),
    "info": ("info", "info"),
}


def _alerts(view: View, state: RunStatus) -> Element:
    since = None if state.last_bar_ns is None else state.last_bar_ns - 30 * _DAY_NS
    rows = view.desk.rows("alerts", since_ns=since, limit=8)
    if rows.height == 0:
        calm = "What matters is told here, and in the channels you set up."
        return card("Alerts", empty_state("None in 30 days.", calm, sign="good"))
    return card(
        "Alerts",
        node(
            "ul",
            [
                node(
                    "li",
                    node(
                        "span", icon(sign), node("span", f"{row['severity']}: ", css="sr"), css=tone
                    ),
                    node("p", node("bdi", row["message"])),
                    None,
                    node("small", f"{day(row['event_time_ns'], minutes=True)} UTC"),
                )
                for row in rows.iter_rows(named=True)
                for tone, sign in [_TONES.get(row["severity"], _TONES["info"])]
            ],
            css="items",
        ),
        note="last 30 days",
        css="flush",
    )


def _alert(severity: str, message: str, time_ns: int) -> Element:
    tone, sign = _TONES.get(severity, _TONES["info"])
    return node(
        "li",
        node("span", icon(sign), node("span", f"{severity}: ", css="sr"), css=tone),
        node("p", node("bdi", message)),
        node("small", f"{day(time_ns, minutes=True)} UTC"),
    )
