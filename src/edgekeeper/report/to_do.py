"""What waits for a person: approvals, halts, pauses, alerts nobody has answered, large changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.wording import day, signed

__all__ = ["Task", "read_to_do"]

Urgency = Literal["now", "soon", "when convenient"]
_ACCOUNT = "edgekeeper"
_PARAMETER = "parameter_change"
_ASKED, _APPROVED, _APPLIED = "asked", "approved", "applied"
_LOUD = {"critical": "now", "warning": "soon"}
_ORDER: dict[str, int] = {"now": 0, "soon": 1, "when convenient": 2}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do.

    Attributes
    ----------
    kind : str
        ``halt``, ``pause``, ``approval``, ``parameter_change`` or ``alert``.
    since_ns : int
        When it began to wait.
    text, command : str
        What it is, and what to type; empty where looking is all there is to do.
    subject : str
        The fit, the setting or the rule that it is about.
    """

    kind: str
    urgency: Urgency
    since_ns: int
    text: str
    command: str = ""
    subject: str = ""


def read_to_do(ledger: Ledger, since_ns: int, until_ns: int) -> list[Task]:
    """Read what waits at ``until_ns``, the most urgent first.

    Alerts count from ``since_ns`` on; everything else however long it has waited. Answered is an
    alert with a later row in ``approvals`` of kind ``alert`` whose subject is its rule, and a
    change with a later answer about the same subject. A replay takes no orders, so that halts,
    pauses and held fits of one wait for nobody.
    """
    answers = ledger.read("approvals", until_ns=until_ns)
    live = ledger.read("stretches", ["number"], limit=1).height > 0
    orders = [*_guards(ledger, until_ns), *_held_fits(ledger, until_ns)] if live else []
    tasks = [
        *orders,
        *_changes(answers),
        *_alerts(ledger, answers, since_ns, until_ns),
    ]
    return sorted(tasks, key=lambda task: (_ORDER[task.urgency], task.since_ns))


def _guards(ledger: Ledger, until_ns: int) -> Iterator[Task]:
    halt = _standing(ledger, "halt", "resume", until_ns)
    pause = _standing(ledger, "pause", "rearm", until_ns)
    if halt is not None:
        text = f"The account is halted ({_cause(halt)}): find out why before it goes on."
        command = 'edgekeeper resume --reason "…"'
        yield Task("halt", "now", halt["event_time_ns"], text, command)
    if pause is not None and _model_trades(ledger, until_ns):
        text = f"The model is paused ({_cause(pause)}); the fallback trades meanwhile."
        command = 'edgekeeper rearm --reason "…"'
        yield Task("pause", "soon", pause["event_time_ns"], text, command)


def _standing(ledger: Ledger, begins: str, ends: str, until_ns: int) -> dict[str, Any] | None:
    """The newest of the two events, unless it is the end."""
    rows = ledger.read(
        "guards", where={"account": _ACCOUNT, "event": [begins, ends]}, until_ns=until_ns,
        order=["entry"], descending=True, limit=1,
    )  # fmt: skip
    if rows.height == 0 or rows["event"][0] == ends:
        return None
    return rows.row(0, named=True)


def _model_trades(ledger: Ledger, until_ns: int) -> bool:
    """Whether some line holds a right to trade, without which a pause of the model stops nobody."""
    moves = ledger.read("stages", ["line", "to_stage"], until_ns=until_ns)
    return bool({"ab_test", "production"} & set(dict(moves.iter_rows()).values()))


def _cause(row: dict[str, Any]) -> str:
    return str(row["cause"] or "unknown").replace("_", " ")


def _held_fits(ledger: Ledger, until_ns: int) -> Iterator[Task]:
    """The newest fit of each line that was held, unless approved or followed by an accepted one."""
    fits = ledger.read("packages", ["fitted_at_ns", "hash", "line", "verdict"], until_ns=until_ns)
    done = ledger.read("obeyed", ["kind", "subject", "outcome"], until_ns=until_ns)
    approved = [
        subject
        for kind, subject, outcome in done.iter_rows()
        if kind == "approve" and outcome == "done" and subject
    ]
    newest = {row["line"]: row for row in fits.iter_rows(named=True)}
    for row in newest.values():
        if row["verdict"] != "needs_approval" or row["hash"].startswith(tuple(approved)):
            continue
        text = (
            f"A fit of line {row['line']} ({row['hash'][:12]}) is too good to be true and is held: "
            "look for a leak first."
        )
        command = f'edgekeeper approve {row["hash"][:12]} --reason "…"'
        yield Task("approval", "soon", row["fitted_at_ns"], text, command, row["hash"])


def _changes(answers: pl.DataFrame) -> Iterator[Task]:
    waiting: dict[str, dict[str, Any]] = {}
    for row in answers.filter(pl.col("kind") == _PARAMETER).iter_rows(named=True):
        if row["answer"] in (_ASKED, _APPROVED):
            waiting[row["subject"]] = row
        elif row["answer"] != _APPLIED:
            waiting.pop(row["subject"], None)
    for subject, row in waiting.items():
        held = json.loads(row["detail_json"] or "{}")
        detail = held[0] if isinstance(held, list) else held
        share, command = detail.get("change"), ""
        much = f" by {signed(share)}" if isinstance(share, float) else ""
        text = f"A change of {subject}{much} waits: {row['reason'] or 'no reason given'}"
        if row["answer"] == _APPROVED and "section" in detail:
            text = (
                f"A change of {subject}{much} was approved. It is another recipe and earns its own "
                "evidence: add this to the configuration, and begin a run with it, "
                f"`edgekeeper paper --from` this one.\n\n{detail['section']}"
            )
        elif row["answer"] == _APPROVED:
            continue
        elif "id" in detail:
            command = f'edgekeeper approve {detail["id"]} --reason "…"'
        when = row["event_time_ns"]
        yield Task("parameter_change", "when convenient", when, text, command, subject)


def _alerts(ledger: Ledger, answers: pl.DataFrame, since_ns: int, until_ns: int) -> Iterator[Task]:
    rows = ledger.read("alerts", since_ns=since_ns, until_ns=until_ns)
    answered: dict[str, int] = {}
    for row in answers.filter(pl.col("kind") == "alert").iter_rows(named=True):
        answered[row["subject"]] = max(
            int(row["event_time_ns"]), answered.get(row["subject"], row["event_time_ns"])
        )
    newest: dict[str, tuple[dict[str, Any], int]] = {}
    for row in rows.iter_rows(named=True):
        if row["severity"] in _LOUD and row["event_time_ns"] > answered.get(row["rule"], -1):
            newest[row["rule"]] = (row, newest.get(row["rule"], (row, 0))[1] + 1)
    for row, often in newest.values():
        again = f" ({often} times, last on {day(row['event_time_ns'])})" if often > 1 else ""
        urgency: Urgency = "now" if row["severity"] == "critical" else "soon"
        command = f'edgekeeper acknowledge {row["rule"]} --reason "…"'
        said = f"{row['message']}{again}"
        yield Task("alert", urgency, row["event_time_ns"], said, command, row["rule"])
