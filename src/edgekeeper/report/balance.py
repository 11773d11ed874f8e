"""Is it balanced? Shares of BUY, HOLD and SELL of late, why, and how right each component was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.report.recorded import read_recorded
from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of

__all__ = ["ACTIONS", "ASKED_BUY", "Balance", "ComponentScore", "measure_balance"]

ACTIONS = ("BUY", "HOLD", "SELL")
ASKED_BUY = (0.30, 0.50)
"""Share of BUY that was asked for."""
_MINE = "edgekeeper"
_DAYS = 7
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class ComponentScore:
    """How often a component was right of outcomes it forecast before they were known."""

    name: str
    forecasts: int
    accuracy: float
    majority: float


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account decided over the last seven days of a record, and over all of it.

    Attributes
    ----------
    decisions : int
        Of the last seven days.
    recent, whole : mapping of action to Interval
        Shares, of the last seven days and of the whole record.
    within : bool
        Whether the share of BUY of the last seven days lies in the band that was asked for.
    reasons : mapping of reason to int
        What settled the decisions of the last seven days, most often first.
    components : sequence of ComponentScore
    """

    decisions: int
    recent: Mapping[str, Interval]
    whole: Mapping[str, Interval]
    within: bool
    reasons: Mapping[str, int]
    components: Sequence[ComponentScore]


def measure_balance(
    ledger: Ledger,
    bars: Bars,
    labels: Labels,
    lines: Sequence[str],
    blocks: TimeBlocks,
    *,
    days: int = _DAYS,
) -> Balance:
    """Measure the balance of Edgekeeper's decisions up to the last of the bars.

    Only of its account every decision is on record, those to stay out among them.

    Parameters
    ----------
    lines : sequence of str
        Components: each line forecasts by itself, and so do the rules where they signal.
    blocks : TimeBlocks
        Of the instants of ``bars``.
    """
    last = int(bars.instants[-1])
    columns = ["event_time_ns", "decision", "side", "reason"]
    frame = ledger.read("decisions", columns, where={"account": _MINE}, until_ns=last)
    traded = pl.when(pl.col("side") == "long").then(pl.lit("BUY")).otherwise(pl.lit("SELL"))
    action = pl.when(pl.col("decision") == "skip").then(pl.lit("HOLD")).otherwise(traded)
    frame = frame.with_columns(action.alias("action"))
    late = frame.filter(pl.col("event_time_ns") > last - days * _DAY_NS)
    recent = _shares(late, bars, blocks)
    buy = recent["BUY"].value
    return Balance(
        decisions=late.height,
        recent=recent,
        whole=_shares(frame, bars, blocks),
        within=ASKED_BUY[0] <= buy <= ASKED_BUY[1],
        reasons=dict(Counter(late["reason"].to_list()).most_common()),
        components=[score for line in lines for score in _scored(ledger, bars, labels, line)],
    )


def _shares(frame: pl.DataFrame, bars: Bars, blocks: TimeBlocks) -> dict[str, Interval]:
    if frame.height == 0:
        return {name: Interval(float("nan")) for name in ACTIONS}
    position = np.searchsorted(bars.instants, frame["event_time_ns"].to_numpy())
    chosen = frame["action"].to_numpy()
    columns = np.stack([chosen == name for name in ACTIONS], axis=1).astype(np.float64)
    sums = blocks.sums(position, np.column_stack([columns, np.ones(len(chosen))]))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = sums[:, :3] / sums[:, 3:]
    return {
        name: interval_of(float(columns[:, k].mean()), shares[:, k])
        for k, name in enumerate(ACTIONS)
    }


def _scored(ledger: Ledger, bars: Bars, labels: Labels, line: str) -> list[ComponentScore]:
    recorded = read_recorded(ledger, bars, labels, line)
    if recorded is None:
        return []
    scores = recorded.scores
    return [ComponentScore(line, scores.count, scores.accuracy, scores.majority)]
