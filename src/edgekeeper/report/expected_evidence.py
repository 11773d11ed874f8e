"""When a line's evidence can be expected, read from its record; or that it cannot at this pace."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.wording import day, percent, signed, wealth
from edgekeeper.stats.evidence_pace import EvidencePace, evidence_pace
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["NULLS", "ExpectedEvidence", "expected_evidence", "expected_figures"]

NULLS = {
    "log_e_cash": "cash",
    "log_e_exposure": "its own average exposure",
    "log_e_incumbent": "the incumbent",
}
_WAITING = "shadow"
State = Literal["reached", "expected", "not at this pace", "too early", "ruined"]


@dataclass(frozen=True, slots=True)
class ExpectedEvidence:
    """Evidence of a line in shadow: where it stands, what it needs, and when it may be there.

    Attributes
    ----------
    state : str
    weakest : str
        What the line has proved least against.
    pace : EvidencePace
        In bars.
    expected_ns, earliest_ns, latest_ns : int or None
        The same as instants of the calendar, at as many bars a day as so far. None: not before
        the line's horizon ends.
    horizon_ns : int
        When the line is refused if nothing is proved by then.
    """

    state: State
    weakest: str
    pace: EvidencePace
    expected_ns: int | None
    earliest_ns: int | None
    latest_ns: int | None
    horizon_ns: int

    @property
    def date(self) -> str:
        """The expected date in a few words, for a table."""
        if self.state != "expected":
            return {"reached": "now"}.get(self.state, self.state)
        return f"{day(self.expected_ns)} ({day(self.earliest_ns)} to {self._latest})"

    @property
    def _latest(self) -> str:
        return "never" if self.latest_ns is None else day(self.latest_ns)

    @property
    def sentence(self) -> str:
        """The same as a sentence, with what it rests on."""
        pace = self.pace
        if self.state == "ruined":
            return f"Its bet against {self.weakest} is lost for good."
        stands = f"Evidence {wealth(pace.log_now)} of {wealth(pace.threshold)}"
        if self.state == "reached":
            return f"{stands}: it is in."
        if self.state == "too early":
            return f"{stands}: {pace.bars} bars are too few to tell a pace."
        grows = (
            f"against {self.weakest} it grows by {signed(math.expm1(pace.growth), 2)} a bar "
            f"(95 %: {signed(math.expm1(pace.growth_low), 2)} to "
            f"{signed(math.expm1(pace.growth_high), 2)})"
        )
        if self.state == "not at this pace":
            return (
                f"{stands}: not at this pace; {grows}, and {percent(pace.arriving, 0)} of the ways "
                f"to go on get there before its time ends on {day(self.horizon_ns)}."
            )
        return (
            f"{stands}: expected around {day(self.expected_ns)}, 80 % between "
            f"{day(self.earliest_ns)} and {self._latest}; {grows}."
        )


def expected_evidence(
    ledger: Ledger, line: str, *, until_ns: int | None = None
) -> ExpectedEvidence | None:
    """Read when the evidence of a line may be in; None for a line that is not in shadow.

    Only the present body of evidence counts, and of it what came since the incumbent changed:
    how fast a line beat another incumbent says nothing about this one. With ``until_ns`` nothing
    later is read.
    """
    columns = ["event_time_ns", "line", "from_stage", "to_stage"]
    moves = ledger.read("stages", columns, until_ns=until_ns)
    own = moves.filter(pl.col("line") == line)
    if own.height == 0 or own["to_stage"][-1] != _WAITING:
        return None
    # A package may change within a stage; the body of evidence begins where the stage does.
    entered = own.filter(pl.col("from_stage").fill_null("") != pl.col("to_stage"))
    began = int(entered["event_time_ns"][-1])
    columns = ["event_time_ns", *NULLS, "threshold"]
    path = ledger.read(
        "evidence", columns, where={"line": line}, since_ns=began + 1, until_ns=until_ns
    )
    path = path.sort("event_time_ns")
    if path.height == 0:
        return None
    time = path["event_time_ns"].to_numpy()
    logs = path.select(*NULLS).cast(pl.Float64).fill_null(-math.inf).to_numpy()
    same = time > _incumbent_since(moves, line, began)
    increments = _increments(logs, same)
    threshold = path["threshold"].cast(pl.Float64).fill_null(math.inf)[-1]
    left, horizon_ns, bar_ns = _time_left(ledger, began, time)
    pace = evidence_pace(increments, logs[-1], float(threshold), ahead=left)
    return _dated(pace, int(time[-1]), bar_ns, horizon_ns)


def expected_figures(expected: ExpectedEvidence | None) -> dict[str, Any] | None:
    """Return the same for programs."""
    if expected is None:
        return None
    return {**asdict(expected), "date": expected.date, "sentence": expected.sentence}


def _incumbent_since(moves: pl.DataFrame, line: str, began: int) -> int:
    """Last time at which who trades changed from the view of this line."""
    champion, since = None, began
    for row in moves.sort("event_time_ns", maintain_order=True).iter_rows(named=True):
        if row["line"] == line:
            continue
        if row["to_stage"] == "production":
            new = row["line"]
        elif row["line"] == champion:
            new = None
        else:
            continue
        if new != champion:
            champion, since = new, max(since, int(row["event_time_ns"]))
    return since


def _increments(logs: Float64Array, same: "np.ndarray[Any, np.dtype[np.bool_]]") -> Float64Array:
    """Growth a bar of the three bets, from where each began; what a ruin left is not a pace."""
    before = np.concatenate((np.zeros((1, logs.shape[1])), logs[:-1]))
    with np.errstate(invalid="ignore"):
        growth = logs - before
    first = int(np.argmax(same)) if same.any() else len(logs)
    if first < len(logs):
        growth[first, 2] = logs[first, 2]  # its bet against the new incumbent began at nothing
    kept = growth[first:]
    clean: Float64Array = kept[np.isfinite(kept).all(axis=1)]
    return clean


def _time_left(ledger: Ledger, began: int, time: Int64Array) -> tuple[int, int, float]:
    """Return (bars until the horizon ends, that instant, nanoseconds a bar)."""
    held = json.loads(ledger.read("runs", ["config_json"])["config_json"][-1])
    config = held[0] if isinstance(held, list) else held
    last = int(time[-1])
    epochs = ledger.read("epochs", ["event_time_ns"], since_ns=began + 1, until_ns=last).height
    bar_ns = float(time[-1] - began) / len(time)
    left = max(0, int(config["evidence"]["horizon_epochs"]) - epochs)
    bars = math.ceil(left * len(time) / max(epochs, 1))
    return min(bars, 1_000_000), int(time[-1] + bars * bar_ns), bar_ns


def _dated(pace: EvidencePace, now_ns: int, bar_ns: float, horizon_ns: int) -> ExpectedEvidence:
    def instant(bars: float) -> int | None:
        return int(now_ns + bars * bar_ns) if math.isfinite(bars) else None

    state: State
    if pace.log_now == -math.inf:
        state = "ruined"
    elif pace.reached:
        state = "reached"
    elif not pace.known:
        state = "too early"
    else:
        state = "expected" if math.isfinite(pace.expected) else "not at this pace"
    return ExpectedEvidence(
        state=state,
        weakest=list(NULLS.values())[pace.weakest],
        pace=pace,
        expected_ns=instant(pace.expected),
        earliest_ns=instant(pace.earliest),
        latest_ns=instant(pace.latest),
        horizon_ns=horizon_ns,
    )
