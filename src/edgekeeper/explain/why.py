"""Why a symbol was traded, or not: the funnel of its last decision, read from the ledger."""

import json
import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.errors import BadData, nearest
from edgekeeper.explain.attribution import Attribution, Part
from edgekeeper.ledger import Ledger

__all__ = ["Answer", "why"]

# The questions in the order they are asked, and the reason that ends the funnel at each.
_FUNNEL = (
    ("data fresh", ("data too old",)),
    ("enough bars", ("warming up",)),
    ("somebody decides", ("no rule signal", "no champion", "model paused", "no forecast")),
    ("in distribution", ("out of distribution",)),
    ("expectation against cost", ("expected return",)),
    ("side allowed", ("shorting",)),
    ("band", ("probability",)),
    ("no position of this side", ("a position",)),
    ("limits", ("limit reached",)),
    ("guards", ("account halted",)),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision and the questions it went through.

    ``steps`` holds (question, passed): the first that did not pass is the last one listed.
    ``because`` are the parts of the model's score that were kept, where the decision was large
    enough to keep them.
    """

    time_ns: int
    symbol: str
    side: str
    decision: str
    reason: str
    size: float | None
    stop: float | None
    target: float | None
    model: str | None
    steps: tuple[tuple[str, bool], ...]
    forecast: dict[str, float] | None
    because: Attribution | None = None

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        when = np.datetime64(self.time_ns, "ns").astype("datetime64[m]").item()
        who = f"model {self.model[:12]}" if self.model else "the rules"
        if self.decision == "skip":
            return f"{when:%Y-%m-%d %H:%M} UTC: nothing for {self.symbol}: {self.reason}."
        return (
            f"{when:%Y-%m-%d %H:%M} UTC: {self.decision} {self.side} {self.symbol}, decided by "
            f"{who}, {self.size:.1%} of equity, stop {self.stop:.6g}, target {self.target:.6g}."
        )


def why(ledger: Ledger, symbol: str, *, at_ns: int | None = None) -> Answer:
    """Return the funnel of the last decision on ``symbol`` at or before ``at_ns``.

    Raises
    ------
    BadData
        No decision on that symbol, naming the nearest known one.
    """
    rows = ledger.read(
        "decisions",
        where={"symbol": symbol, "account": "edgekeeper"},
        until_ns=at_ns,
        order=["event_time_ns"],
        descending=True,
        limit=1,
    )
    if rows.height == 0:
        known = ledger.read("decisions", ["symbol"], where={"account": "edgekeeper"})
        names = sorted(set(known["symbol"].to_list()))
        raise BadData(
            f"expected a decision on {symbol!r}, got none{nearest(symbol, names)} "
            f"(known: {', '.join(names[:20]) or 'none yet'})"
        )
    row = rows.row(0, named=True)
    return Answer(
        time_ns=row["event_time_ns"],
        symbol=symbol,
        side=row["side"],
        decision=row["decision"],
        reason=row["reason"],
        size=row["size"],
        stop=row["stop"],
        target=row["target"],
        model=row["model"],
        steps=_steps(row["decision"], row["reason"]),
        forecast=_forecast(ledger, symbol, row["event_time_ns"], row["side"], row["model"]),
        because=_because(ledger, symbol, row["event_time_ns"]),
    )


def _because(ledger: Ledger, symbol: str, time_ns: int) -> Attribution | None:
    """What was kept of the score behind the decision."""
    rows = ledger.read(
        "explanations",
        where={"symbol": symbol, "account": "edgekeeper"},
        since_ns=time_ns,
        until_ns=time_ns,
        limit=1,
    )
    if rows.height == 0:
        return None
    row = rows.row(0, named=True)
    kept = json.loads(row["parts_json"])
    parts = tuple(
        Part(part["feature"], _number(part["value"]), part["adds"], part["error"]) for part in kept
    )
    return Attribution(row["score"], row["base"], parts, bool(row["exact"]))


def _steps(decision: str, reason: str) -> tuple[tuple[str, bool], ...]:
    steps = []
    for question, endings in _FUNNEL:
        failed = decision == "skip" and reason.startswith(endings)
        steps.append((question, not failed))
        if failed:
            break
    return tuple(steps)


def _forecast(
    ledger: Ledger, symbol: str, time_ns: int, side: str, model: str | None
) -> dict[str, float] | None:
    """What the deciding package (else any line in shadow) said of that side of that bar."""
    rows = ledger.read("forecasts", where={"symbol": symbol}, since_ns=time_ns, until_ns=time_ns)
    if model is not None:
        rows = rows.filter(pl.col("package") == model)
    if rows.height == 0 or side not in ("long", "short"):
        return None
    row = rows.row(0, named=True)
    names = ("probability", "expected_return", "lower", "upper", "risk", "bars_held")
    return {name: row[f"{name}_{side}"] for name in names} | {"novelty": row["novelty"]}


def _number(value: float | None) -> float:
    return math.nan if value is None else value
