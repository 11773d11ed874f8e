"""Decisions as a table that can be filtered and leafed through; each opens."""

from typing import Any

import polars as pl

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import card, empty_state, heading, icon, table
from edgekeeper.dashboard.place import Place
from edgekeeper.dashboard.screens.decision import one_decision
from edgekeeper.dashboard.screens.decision_rows import COLUMNS, decision_row
from edgekeeper.dashboard.view import View
from edgekeeper.report.wording import count

__all__ = ["decisions"]

_PAGE = 40
_MOST_AT_ONCE = 2_000
_MOST_DIGITS = 19  # of the number of a row, in 64 bits
_SIDES = {"": "with a side", "long": "long", "short": "short", "any": "bars without a signal too"}
_DECISIONS = {"": "any", "take": "take", "reduce": "reduce", "skip": "skip"}
_BY = {"": "anyone", "model": "a model", "rules": "the rules"}
_ACCOUNTS = {
    "": "Edgekeeper",
    "rules": "the rules alone",
    "always_newest": "always-newest",
}


def decisions(view: View) -> list[Node]:
    """Draw the table, or one of its decisions."""
    if view.facts.status is None:
        head = heading("Nothing has been decided yet: no run has begun.", kicker="Decisions")
        begin = empty_state("No decisions.", "They come with the first bar of a run.",
                            link=("To the overview", "/"), sign="decisions")  # fmt: skip
        return [head, card("Decisions", begin)]
    if view.place.get("at"):
        return one_decision(view)
    found, more = _found(view)
    return [
        heading(_sentence(view, found.height, more), kicker="Decisions"),
        card("Filter", _filters(view), css="flush"),
        _page(view, found, more),
    ]


def _sentence(view: View, rows: int, more: bool) -> str:
    filtered = any(name != "until" for name, _ in view.place.query)
    if rows == 0:
        return "No decision fits." if filtered else "No signal has come yet."
    which = "that fit" if filtered else "on a signal"
    if not more and not view.place.get("until"):
        return f"{count(rows)} decision{'s' if rows > 1 else ''} {which}, the newest first."
    return f"Decisions {which}, the newest first: each opens with its reasons."


def _filters(view: View) -> Element:
    state = view.facts.status
    symbols = {"": "all", **{name: name for name in (state.symbols if state else ())}}
    return node(
        "filters",
        _select(view, "symbol", "Symbol", symbols),
        _select(view, "side", "Side", _SIDES),
        _select(view, "decision", "Decision", _DECISIONS),
        _select(view, "by", "Decided by", _BY),
        _select(view, "account", "Account", _ACCOUNTS),
        node("button", "Apply", type="submit", css="sr"),
        node("a", "Clear", href="/decisions", css="button") if view.place.query else None,
        css="filters",
        role="search",
        aria_label="Filter decisions",
    )


def _select(view: View, name: str, label: str, options: dict[str, str]) -> Element:
    chosen = view.place.get(name)
    return node(
        "label",
        label,
        node(
            "select",
            [
                node("option", words, value=value, selected=True if value == chosen else None)
                for value, words in options.items()
            ],
            name=name,
            value=chosen if chosen in options else "",
        ),
    )


def _where(place: Place) -> dict[str, Any]:
    """What of the filters the record can choose by."""
    account = place.get("account")
    where: dict[str, Any] = {
        "account": account if account in _ACCOUNTS and account else "edgekeeper"
    }
    side = place.get("side")
    if side != "any":
        where["side"] = [side] if side in ("long", "short") else ["long", "short"]
    for name, column in (("symbol", "symbol"), ("decision", "decision")):
        if place.get(name):
            where[column] = place.get(name)
    if place.get("by") == "rules":
        where["model"] = None
    return where


def _found(view: View) -> tuple[pl.DataFrame, bool]:
    """One page of decisions, and whether older ones follow.

    A page goes on before an entry: rows that come meanwhile do not shift it.
    """
    place, wanted = view.place, _PAGE + 1
    until = place.get("until")
    before = int(until) if until.isdecimal() and len(until) < _MOST_DIGITS else None
    columns = ["entry", "event_time_ns", "symbol", "account", "side", "decision", "size", "reason",
               "model"]  # fmt: skip
    limit = wanted
    while True:
        rows = view.desk.rows("decisions", columns, where=_where(place), before=before, limit=limit)
        found = rows
        if place.get("by") == "model":
            found = found.filter(pl.col("model").is_not_null())
        if found.height >= wanted or rows.height < limit or limit >= _MOST_AT_ONCE:
            return found.head(_PAGE), found.height > _PAGE
        limit = _MOST_AT_ONCE


def _page(view: View, found: pl.DataFrame, more: bool) -> Element:
    if found.height == 0:
        nothing = empty_state(
            "No decision fits.",
            "Widen the filter, or wait for the next signal.",
            link=("Clear the filter", "/decisions"),
            sign="decisions",
        )
        return card("Decisions", nothing)
    rows = list(found.iter_rows(named=True))
    last = rows[-1]
    older = view.place.to(until=str(last["entry"]))
    newest = view.place.to(until="")
    return card(
        "Decisions",
        table(
            COLUMNS,
            [decision_row(row) for row in rows],
            label="Decisions, the newest first",
            keys=[str(row["entry"]) for row in rows],
        ),
        node(
            "nav",
            node("a", icon("back"), "Newest", href=newest.url) if view.place.get("until") else "",
            node("a", "Older", icon("next"), href=older.url) if more else "the oldest are here",
            css="pages",
            aria_label="Pages",
        ),
        note="times are UTC; size is a share of equity",
        css="flush",
    )
