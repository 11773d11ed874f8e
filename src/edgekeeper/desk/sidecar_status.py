"""Where the side-car stands, read from its record: signals, lines, evidence, what is not known."""

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekeeper.stats.wealth import wealth_of

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["BotLineStatus", "SidecarStatus", "read_sidecar"]

_BOT = "bot"
_RECENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class BotLineStatus:
    """One line of the side-car.

    Attributes
    ----------
    stage : str
        shadow, ab_test, production or retired.
    share : float
        Of the signals that it decides.
    evidence : float
        The least of its three bets, as wealth; NaN before its first day.
    needed : float
        Wealth at which all three nulls have fallen.
    days : int
        Of evidence since its last test began.
    package : str or None
    reason : str
        Of its last move.
    """

    name: str
    stage: str
    share: float
    evidence: float
    needed: float
    days: int
    package: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class SidecarStatus:
    """What bots sent, and who decides.

    Attributes
    ----------
    mode : str
        observe, advise or enforce, as at its last start.
    halted : str
        Why nothing trades; empty: no halt.
    decides : str
        Line in production, or "bot".
    signals, outcomes : int
        On record.
    newest_ns : int or None
        Time of the newest signal.
    missing : float
        Share of the signals that count, of the last thirty days with evidence, whose outcome was
        never told; NaN: no such day yet.
    """

    mode: str
    halted: str
    decides: str
    signals: int
    outcomes: int
    newest_ns: int | None
    missing: float
    lines: tuple[BotLineStatus, ...]


def read_sidecar(ledger: "Ledger") -> SidecarStatus | None:
    """Read where a side-car stands; None: there has never been one."""
    guards = ledger.read("sidecar_guards", ["event", "reason"])
    starts = guards.filter(guards["event"] == "start")
    if starts.height == 0:
        return None
    halts = guards.filter(guards["event"] != "start")
    halted = halts.height > 0 and halts["event"][-1] == "halt"
    newest = ledger.read("sidecar_signals", ["entry", "event_time_ns"], order=["entry"],
                         descending=True, limit=1)  # fmt: skip
    bot = ledger.read(
        "sidecar_evidence", ["signals", "missing"], where={"line": _BOT}, order=["entry"],
        descending=True, limit=_RECENT_DAYS,
    )  # fmt: skip
    counted = int(bot["signals"].sum())
    signals, outcomes = _counts(ledger)
    moves = ledger.read("sidecar_moves").to_dicts()
    names = dict.fromkeys(row["line"] for row in moves)
    lines = tuple(_line(ledger, name, [m for m in moves if m["line"] == name]) for name in names)
    deciding = next((one.name for one in lines if one.stage == "production"), _BOT)
    return SidecarStatus(
        mode=str(json.loads(starts["reason"][-1]).get("mode", "")),
        halted=str(halts["reason"][-1]) if halted else "",
        decides=deciding,
        signals=signals,
        outcomes=outcomes,
        newest_ns=int(newest["event_time_ns"][0]) if newest.height else None,
        missing=int(bot["missing"].sum()) / counted if counted else math.nan,
        lines=lines,
    )


def _counts(ledger: "Ledger") -> tuple[int, int]:
    found = ledger.query(
        "SELECT (SELECT COUNT(*) FROM sidecar_signals) AS signals, "
        "(SELECT COUNT(*) FROM sidecar_outcomes) AS outcomes"
    )
    return int(found["signals"][0]), int(found["outcomes"][0])


def _line(ledger: "Ledger", name: str, moves: "list[dict[str, object]]") -> BotLineStatus:
    since = next(m["event_time_ns"] for m in reversed(moves) if m["test_index"] is not None)
    path = ledger.read(
        "sidecar_evidence", ["log_e_cash", "log_e_exposure", "log_e_incumbent", "threshold"],
        where={"line": name}, since_ns=int(str(since)), order=["entry"],
    )  # fmt: skip
    packages = [m["package"] for m in moves if m["package"] is not None]
    evidence = needed = math.nan
    if path.height:
        *bets, threshold = path.row(-1)
        evidence = min(0.0 if bet is None else wealth_of(bet) for bet in bets)
        needed = math.inf if threshold is None else wealth_of(threshold)
    last = moves[-1]
    return BotLineStatus(
        name=name,
        stage=str(last["to_stage"]),
        share=float(str(last["share"] or 0.0)),
        evidence=evidence,
        needed=needed,
        days=path.height,
        package=str(packages[-1]) if packages else None,
        reason=f"{last['verdict']}: {last['reason']}",
    )
