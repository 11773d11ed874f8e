"""When a line's evidence can be expected, read from its record; or that it cannot at this pace."""

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.evidence_path import NULLS, EvidencePath
from edgekeeper.report.wording import day, percent, signed, wealth
from edgekeeper.stats.evidence_pace import EvidencePace, evidence_pace
from edgekeeper.types import Float64Array

__all__ = [
    "NULLS",
    "EvidenceWatch",
    "ExpectedEvidence",
    "expected_evidence",
    "expected_figures",
]

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
    return EvidenceWatch(ledger, line).read(until_ns)


class EvidenceWatch:
    """Says the same of one line again and again, and reads only what is new each time.

    The evidence is always that of now; its pace, and so the date, is worked out again when there
    is a hundredth more of it, or who is to be beaten, or what is weakest, has changed.

    Parameters
    ----------
    ledger : Ledger
    line : str
    """

    def __init__(self, ledger: Ledger, line: str) -> None:
        self._ledger, self._line = ledger, line
        self._path: EvidencePath | None = None
        self._known: tuple[tuple[object, ...], int, ExpectedEvidence] | None = None

    def read(self, until_ns: int | None = None) -> ExpectedEvidence | None:
        """Return it as of now, or of an instant that is later than those asked about before."""
        columns = ["event_time_ns", "line", "from_stage", "to_stage"]
        moves = self._ledger.read("stages", columns, until_ns=until_ns)
        own = moves.filter(pl.col("line") == self._line)
        if own.height == 0 or own["to_stage"][-1] != _WAITING:
            self._path = self._known = None
            return None
        # A package may change within a stage; the body of evidence begins where the stage does.
        entered = own.filter(pl.col("from_stage").fill_null("") != pl.col("to_stage"))
        began = int(entered["event_time_ns"][-1])
        path = self._path
        if path is None or path.began_ns != began:
            path = self._path = EvidencePath(self._ledger, self._line, began)
            self._known = None
        path.read_on(until_ns)
        if path.bars == 0:
            return None
        return self._expected(path, _incumbent_since(moves, self._line, began))

    def _expected(self, path: EvidencePath, incumbent_since: int) -> ExpectedEvidence:
        least, threshold = float(np.min(path.now)), path.threshold
        about = (incumbent_since, least >= threshold, least == -math.inf)
        if self._known is not None and self._known[0] == about:
            _, bars, found = self._known
            if path.bars - bars <= bars // 100:
                stands = replace(found.pace, log_now=least, threshold=threshold)
                return replace(found, pace=stands)
        found = _worked_out(self._ledger, path, incumbent_since)
        self._known = (about, path.bars, found)
        return found


def _worked_out(ledger: Ledger, path: EvidencePath, incumbent_since: int) -> ExpectedEvidence:
    increments = _increments(path.rows, path.time_ns > incumbent_since)
    left, horizon_ns, bar_ns = _time_left(ledger, path)
    pace = evidence_pace(increments, path.now, path.threshold, ahead=left, bars_each=path.bars_each)
    return _dated(pace, path.last_ns, bar_ns, horizon_ns)


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


def _time_left(ledger: Ledger, path: EvidencePath) -> tuple[int, int, float]:
    """Return (bars until the horizon ends, that instant, nanoseconds a bar)."""
    held = json.loads(ledger.read("runs", ["config_json"])["config_json"][-1])
    config = held[0] if isinstance(held, list) else held
    bar_ns = float(path.last_ns - path.began_ns) / path.bars
    left = max(0, int(config["evidence"]["horizon_epochs"]) - path.epochs)
    bars = math.ceil(left * path.bars / max(path.epochs, 1))
    return min(bars, 1_000_000), int(path.last_ns + bars * bar_ns), bar_ns


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
