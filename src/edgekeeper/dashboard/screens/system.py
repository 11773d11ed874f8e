"""Whether everything runs: processes, latencies, the way of bars, the record and its disk."""

import math
import os
import shutil
import time

import numpy as np
import polars as pl

from edgekeeper.dashboard.facts import Life
from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import (
    Column,
    Stat,
    Tone,
    card,
    chip,
    empty_state,
    heading,
    pairs,
    plot,
    stats,
    table,
)
from edgekeeper.dashboard.view import View
from edgekeeper.ledger.record import ROLES
from edgekeeper.monitoring.processes import folder_bytes
from edgekeeper.report.axis import number_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.wording import MISSING, count, day, duration, number, percent
from edgekeeper.types import Float64Array

__all__ = ["system"]

_WORDS: dict[Life, tuple[str, Tone]] = {
    "alive": ("alive", "good"),
    "busy": ("busy", "info"),
    "starting": ("starting", "info"),
    "stopped": ("stopped", "quiet"),
    "failed": ("failed", "danger"),
    "silent": ("silent", "danger"),
}
_DOES = {
    "trade": "takes bars, decides, writes orders",
    "watch": "guards, and stops trading if trade dies",
    "learn": "fits models beside the trading",
    "serve": "starts the others, and again if one dies",
    "signals": "answers the signals of bots",
    "web": "this dashboard and the API",
    "chat": "the Telegram bot",
}
_NEWEST = 5_000
_GB = 1e9
_PAST_SECONDS = 366 * 86_400.0


def system(view: View) -> list[Node]:
    """Draw it."""
    steps = _steps(view)
    return [
        heading(_sentence(view), kicker="System"),
        _figures(view, steps),
        node(
            "div",
            node(
                "div",
                card("Processes", _processes(view), css="flush",
                     note="each says so in a file of its own, about once a second"),
                card("Time for forecasts", *_latency(steps),
                     note="milliseconds, from a bar to all forecasts of it"),
                card("Orders on record", _orders(view), css="flush", note="UTC"),
                css="stack",
            ),
            node("div", card("How bars come in", _pipeline(view, steps)),
                 card("Record", _record(view), note="append-only, sealed by hashes"), css="stack"),
            css="split",
        ),
    ]  # fmt: skip


def _sentence(view: View) -> str:
    lives = view.facts.lives
    wrong = [name for name, life in lives.items() if life in ("silent", "failed")]
    if wrong:
        names = ", ".join(wrong)
        return f"{names} {'does' if len(wrong) == 1 else 'do'} not answer: look at the log."
    running = [name for name, life in lives.items() if life in ("alive", "busy", "starting")]
    if not lives:
        return "No process has given a sign of life here yet."
    if not running:
        return "Nothing runs: all processes were stopped on purpose."
    if len(running) == len(lives):
        many = count(len(running))
        return (
            "All is well: "
            + ("the one process gives" if len(running) == 1 else f"all {many} processes give")
            + " signs of life."
        )
    stopped = ", ".join(name for name in lives if name not in running)
    return (
        f"{count(len(running))} of {count(len(lives))} processes run; {stopped} stopped on purpose."
    )


def _steps(view: View) -> pl.DataFrame:
    if view.facts.status is None:
        return pl.DataFrame()
    columns = ["event_time_ns", "known_time_ns", "latency_ms"]
    return view.desk.rows("stretches", columns, where={"kind": "bars"}, limit=_NEWEST)


def _column(steps: pl.DataFrame, name: str) -> Float64Array:
    if name not in steps.columns:
        return np.empty(0)
    values = steps[name].cast(pl.Float64).drop_nulls().to_numpy()
    return values[np.isfinite(values)]


def _percentile(values: Float64Array, share: float) -> float:
    return float(np.percentile(values, share)) if len(values) else math.nan


def _figures(view: View, steps: pl.DataFrame) -> Element:
    folder = view.desk.folder
    latency = _column(steps, "latency_ms")
    disk = shutil.disk_usage(folder) if folder.exists() else None
    trade = view.facts.beats.get("trade")
    used = view.usage.of(trade.pid) if trade is not None and view.facts.trades else None
    memory = [one.memory_mb for beat in view.facts.beats.values()
              if beat.runs and (one := view.usage.of(beat.pid)) is not None]  # fmt: skip
    return stats(
        Stat("Trading for", _span(used.since_seconds if used else None), "",
             "since its last start"),
        Stat("Forecasts, usual", number(_percentile(latency, 50.0), 1), "ms",
             f"99 of 100 within {number(_percentile(latency, 99.0), 1)} ms"),
        Stat("Memory of all processes", number(sum(memory) if memory else math.nan, 0), "MB",
             "resident"),
        Stat("Folder of the run", _size(view), "GB",
             f"free {number(disk.free / _GB, 1)} GB" if disk else ""),
        Stat("Load of the machine", number(os.getloadavg()[0], 2), "",
             f"on {count(os.cpu_count() or 0)} cores"),
    )  # fmt: skip


def _size(view: View) -> str:
    minute = str(int(time.time() // 60))
    taken = view.shelf.get("folder bytes", minute, lambda: folder_bytes(view.desk.folder))
    return number(taken / _GB, 3)


def _span(seconds: float | None) -> str:
    if seconds is None:
        return MISSING
    if seconds >= 2 * 86_400:
        return f"{number(seconds / 86_400, 1)} days"
    return duration(seconds)


def _processes(view: View) -> Element:
    facts = view.facts
    if not facts.lives:
        return empty_state("No signs of life yet.", "Each process says that it lives as soon as it "
                           "is started.", sign="system")  # fmt: skip
    heads = (Column("Process"), Column("State"), Column("Memory, MB", "n"),
             Column("Processor", "n"), Column("Runs for", "n"), Column("PID", "n"),
             Column("What it does", "w"))  # fmt: skip
    rows: list[list[Node]] = []
    for name, life in facts.lives.items():
        beat = facts.beats[name]
        used = view.usage.of(beat.pid) if life not in ("stopped", "failed", "silent") else None
        silent = life == "silent"
        state = chip(*_WORDS[life])
        rows.append(
            [
                name,
                node("span", state, " since ", node("ago", at=beat.wall_time_ns // 10**6))
                if silent else state,
                MISSING if used is None else number(used.memory_mb, 0),
                MISSING if used is None or used.processor is None else percent(used.processor, 0),
                _span(None if used is None else used.since_seconds),
                MISSING if used is None else str(beat.pid),
                _DOES.get(name, MISSING),
            ]
        )  # fmt: skip
    return table(heads, rows, label="Processes of the run")


def _latency(steps: pl.DataFrame) -> list[Node]:
    values = _column(steps, "latency_ms")
    if len(values) == 0:
        return [empty_state("Not measured yet.", "A live run measures each step; a replay never "
                            "does.", sign="wait")]  # fmt: skip
    rows = [[f"{number(_percentile(values, p), 2)} ms" for p in (50.0, 90.0, 99.0, 100.0)]]
    heads = (Column("Half within", ""), Column("90 of 100", "n"), Column("99 of 100", "n"),
             Column("Longest", "n"))  # fmt: skip
    drawn = plot(_latency_chart(steps), legend=False)
    return [table(heads, rows, label="Percentiles of the time for forecasts", flow=False), drawn]


def _latency_chart(steps: pl.DataFrame) -> Chart | None:
    ordered = steps.drop_nulls("latency_ms").reverse()
    values = ordered["latency_ms"].cast(pl.Float64).to_numpy()
    return line_chart(
        ordered["event_time_ns"].to_numpy(),
        [Series("Forecasts", "edgekeeper", values, lambda v: f"{number(v, 2)} ms", area=True)],
        ticks=lambda low, high: number_ticks(low, high, 3),
        label="Time for forecasts by bar, in milliseconds",
        height_px=110,
    )


def _pipeline(view: View, steps: pl.DataFrame) -> Element:
    state = view.facts.status
    if state is None:
        return empty_state("No run yet.", "It shows how bars come in once one has begun.",
                           link=("To the overview", "/"), sign="system")  # fmt: skip
    late = math.nan
    if steps.height:
        seconds = (steps["known_time_ns"] - steps["event_time_ns"]).drop_nulls().to_numpy() / 1e9
        late = _percentile(seconds[seconds >= 0.0], 50.0)
    fits = view.desk.rows("packages", ["fitted_at_ns", "line"], limit=1)
    overdue = (
        view.due.overdue_seconds(state.last_bar_ns, time.time_ns()) if state.last_bar_ns else None
    )
    interval = view.due.interval_seconds
    return pairs(
        [
            ("Last bar", f"{day(state.last_bar_ns, minutes=True)} UTC"),
            ("Interval", MISSING if interval is None else duration(interval)),
            ("Next bar", _due(view, overdue)),
            ("Taken after its close", f"{duration(late)}, usually"),
            ("Bars so far", count(state.bars)),
            ("Symbols", count(len(state.symbols))),
            ("Last fit", f"{day(fits['fitted_at_ns'][0], minutes=True)} UTC, line {fits['line'][0]}"
             if fits.height else MISSING),
        ]
    )  # fmt: skip


def _due(view: View, overdue: float | None) -> Node:
    if overdue is None or not view.facts.trades:
        return MISSING
    if overdue > _PAST_SECONDS:
        return "as fast as they come: these are bars of the past"
    if overdue > 60.0:
        return chip(f"overdue by {duration(overdue)}", "warning")
    return chip("on time", "good")


def _record(view: View) -> Element:
    if view.facts.status is None:
        return empty_state("No record yet.", "It begins with the run.", sign="data")
    ledger = view.desk.ledger
    holdings = ledger.holdings()
    segments = holdings.standing()
    heads = [(f"Chain of {role}", node("code", ledger.head(role)[:16])) for role in ROLES]
    gaps = [gap.told for gap in holdings.gaps]
    rows = sum(segment.rows for segment in segments)
    return pairs(
        [
            *((name, head) for name, head in heads),
            ("Moved to segments", f"{count(rows)} rows in {count(len(segments))} files"
             if segments else "nothing yet"),
            ("Let go", f"{count(len(holdings.let_go))} segments" if holdings.let_go else "nothing"),
            ("Not kept", "; ".join(gaps) if gaps else "nothing: all is there"),
        ]
    )  # fmt: skip


def _orders(view: View) -> Element:
    if not view.facts.live or view.desk.rows("commands", ["id"], limit=1).height == 0:
        return empty_state("None yet.", "Every order of a person is kept with its reason and what "
                           "became of it.", sign="info")  # fmt: skip
    rows = view.desk.rows("commands", limit=12)
    outcomes: dict[str, str] = {}
    for obeyed in ("obeyed", "sidecar_obeyed"):
        outcomes.update(view.desk.rows(obeyed, ["id", "outcome"], limit=200).iter_rows())
    heads = (Column("Order"), Column("Given (UTC)", "t"), Column("By"), Column("Outcome"),
             Column("Reason", "w"))  # fmt: skip
    return table(
        heads,
        [
            [f"{row['kind']} {row['subject'] or ''}".strip()[:40],
             day(row["wall_time_ns"], minutes=True), row["actor"],
             _outcome(outcomes.get(row["id"])), row["reason"]]
            for row in rows.iter_rows(named=True)
        ],
        label="Orders on record, the newest first",
    )  # fmt: skip


def _outcome(said: str | None) -> Node:
    if said is None:
        return chip("waits", "warning")
    if said == "done":
        return chip("done", "good")
    return node("span", chip("refused", "danger"), f" {said.removeprefix('refused: ')}")
