"""How good the data is, and what was set aside."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    Stat,
    Tone,
    age_note,
    card,
    chip,
    empty_state,
    heading,
    stats,
    table,
    unless_waiting,
)
from edgekeeper.dashboard.view import View
from edgekeeper.desk import DataQuality
from edgekeeper.report.wording import MISSING, count, percent

__all__ = ["data"]

_MOST = 60
_ASIDE = 25
_FINDINGS = 40
_KINDS: dict[str, Tone] = {"gap": "warning", "stale": "warning", "outlier": "info",
                           "possible split": "warning"}  # fmt: skip


def data(view: View) -> list[Node]:
    """Draw it."""
    if view.facts.status is None:
        head = heading("There is no data yet: no run has begun.", kicker="Data")
        nothing = empty_state(
            "No bars.",
            "Every bar that comes is looked at; what cannot be used is set aside with a reason.",
            link=("To the overview", "/"),
            sign="data",
        )
        return [head, card("Data", nothing)]
    found = view.slowly.get("data quality", view.record, view.desk.data_quality)

    def draw() -> list[Node]:
        quality: DataQuality = found.value
        return [heading(_sentence(quality), kicker="Data", under=_under(quality)), *_told(quality),
                age_note(found)]  # fmt: skip

    return unless_waiting(found, "Data", draw)


def _share_there(quality: DataQuality) -> float:
    if quality.bars is None:
        return float("nan")
    frame = quality.bars.by_symbol
    expected = int(frame["expected"].sum())
    return int(frame["bars"].sum()) / expected if expected else float("nan")


def _sentence(quality: DataQuality) -> str:
    aside = quality.quarantine.height
    there = _share_there(quality)
    if quality.bars is None:
        return "There are no bars beside this record."
    text = f"{percent(there)} of the bars that should be there are there"
    if aside:
        return f"{text}, and {count(aside)} rows were set aside."
    return f"{text}, and nothing had to be set aside."


def _under(quality: DataQuality) -> str:
    if quality.source:
        return (
            f"From {quality.source}, every {quality.interval}. Nothing is ever repaired silently."
        )
    return "Nothing is ever repaired silently: what cannot be used is set aside, with its reason."


def _told(quality: DataQuality) -> list[Node]:
    if quality.bars is None:
        return [card("Quarantine", _quarantine(quality.quarantine))]
    frame, findings = quality.bars.by_symbol, quality.bars.findings
    return [
        stats(
            Stat("Bars", count(int(frame["bars"].sum())), f"of {count(frame.height)} symbols"),
            Stat("Missing", percent(1.0 - _share_there(quality), 2), "",
                 f"longest gap {count(int(frame['longest_gap'].to_numpy().max()))} bars"),
            Stat("Duplicates", count(int(frame["duplicates"].sum()))),
            Stat("Outliers", count(int(frame["outliers"].sum())), "",
                 "beyond 12 robust deviations"),
            Stat("In quarantine", count(quality.quarantine.height), "rows"),
        ),
        node(
            "div",
            node("div", card("By symbol", _symbols(frame), css="flush"),
                 card("Quarantine", _quarantine(quality.quarantine),
                      note="rows as they came; they wait for a person to look at", css="flush"),
                 css="stack"),
            node("div", card("Forecasts made", _complete(quality), css="flush",
                             note=f"asked: {percent(quality.asked, 0)} of bars"),
                 card("Findings", _findings(findings), css="flush", note="the newest first"),
                 css="stack"),
            css="split",
        ),
    ]  # fmt: skip


def _symbols(frame: pl.DataFrame) -> Element:
    heads = (
        Column("Symbol"), Column("Bars", "n"), Column("From", "t"), Column("To", "t"),
        Column("Missing", "n"), Column("Gaps", "n"), Column("Stale", "n"), Column("Outliers", "n"),
    )  # fmt: skip
    worst = frame.sort("missing_share", "outliers", descending=True).head(_MOST)
    rows: list[list[Node]] = [
        [
            row["symbol"], count(row["bars"]),
            f"{row['first']:%Y-%m-%d}", f"{row['last']:%Y-%m-%d}",
            percent(row["missing_share"], 2), count(row["gaps"]), percent(row["stale_share"]),
            count(row["outliers"]),
        ]
        for row in worst.iter_rows(named=True)
    ]  # fmt: skip
    return table(heads, rows, label="Bars by symbol, the most missing first", flow=False)


def _complete(quality: DataQuality) -> Element:
    if quality.complete.height == 0:
        return empty_state("None yet.", "Lines forecast from their first accepted fit on.",
                           sign="models")  # fmt: skip
    heads = (Column("Line"), Column("Bars", "n"), Column("With a forecast", "n"), Column("State"))
    rows: list[list[Node]] = []
    for row in quality.complete.iter_rows(named=True):
        share = row["forecast"] / row["bars"]
        good = share >= quality.asked
        rows.append([row["line"], count(row["bars"]), percent(share),
                     chip("as asked", "good") if good else chip("too few", "warning")])  # fmt: skip
    return table(heads, rows, label="Share of bars with a forecast, by line", flow=False)


def _findings(frame: pl.DataFrame) -> Element:
    if frame.height == 0:
        return empty_state("Nothing unusual.", "No gaps, stale prices, outliers or splits that "
                           "nothing explains.", sign="good")  # fmt: skip
    newest = frame.sort("time", descending=True).head(_FINDINGS)
    return node(
        "div",
        node("ul", [_finding(row) for row in newest.iter_rows(named=True)], css="items"),
        node("p", f"and {count(frame.height - _FINDINGS)} more", css="soft")
        if frame.height > _FINDINGS
        else None,
        css="scroll tall",
        tabindex="0",
        role="region",
        aria_label="Findings",
    )


def _finding(row: Mapping[str, Any]) -> Element:
    return node(
        "li",
        chip(row["kind"], _KINDS.get(row["kind"], "info")),
        node("p", node("b", node("bdi", row["symbol"])), f": {row['detail']}"),
        node("small", f"{row['time']:%Y-%m-%d %H:%M} UTC"),
    )


def _quarantine(frame: pl.DataFrame) -> Element:
    if frame.height == 0:
        return empty_state("Empty.", "Rows with prices that cannot be, times that are not, or bars "
                           "that contradict each other would wait here.", sign="good")  # fmt: skip
    reasons = frame["reason"].value_counts(sort=True).head(5)
    said = "; ".join(f"{reason} {count(many)}" for reason, many in reasons.iter_rows())
    heads = (Column("Symbol"), Column("Time", "t"), Column("Reason", "w"), Column("Source"),
             Column("As it came", "w"))  # fmt: skip
    rows: list[list[Node]] = [
        [row["symbol"] or MISSING, row["time"] or MISSING, row["reason"] or MISSING,
         row["source"] or MISSING, node("code", (row["content"] or MISSING)[:160])]
        for row in frame.reverse().head(_ASIDE).iter_rows(named=True)
    ]  # fmt: skip
    return node("div", node("p", f"Why: {said}."),
                table(heads, rows, label="Rows that were set aside", flow=False))  # fmt: skip
