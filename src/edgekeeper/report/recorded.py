"""Forecasts as they were recorded at the time, whichever package made them, and their outcomes."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.labels import Labels, average_uniqueness
from edgekeeper.ledger import Ledger
from edgekeeper.stats.calibration import Reliability, reliability
from edgekeeper.stats.scores import Scores, score_probabilities
from edgekeeper.types import SIDES, Float64Array, Forecasts, Int64Array
from edgekeeper.validate.case import Case

__all__ = ["Recorded", "read_recorded", "rows_at"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one line forecast over a run, with known outcomes.

    Attributes
    ----------
    case : Case
        For scores and conditions; it holds nothing to trade by.
    scores : Scores
        Both sides together.
    reliability : Reliability or None
    """

    case: Case
    scores: Scores
    reliability: Reliability | None


def read_recorded(ledger: Ledger, bars: Bars, labels: Labels, line: str) -> Recorded | None:
    """Read a line's forecasts of these bars; None where it made none whose outcome is known."""
    columns = [f"probability_{side}" for side in SIDES]
    frame = ledger.read(
        "forecasts",
        ["event_time_ns", "symbol", *columns],
        where={"line": line},
        until_ns=int(bars.instants[-1]),
    ).sort("event_time_ns", "symbol")
    rows = rows_at(bars, frame["event_time_ns"].to_numpy(), frame["symbol"].to_list())
    known = np.isfinite(labels.net_return[rows]).all(axis=1)
    rows = rows[known]
    if len(rows) == 0:
        return None
    probability = frame.select(columns).cast(pl.Float64).fill_null(math.nan).to_numpy()[known]
    outcome = labels.net_return[rows] > 0.0
    both, weight = probability.ravel(), np.repeat(_uniqueness(bars, labels, rows) / 2.0, 2)
    usable = np.isfinite(both)
    return Recorded(
        _case(line, bars, labels, rows, probability),
        score_probabilities(outcome.ravel(), both),
        reliability(both[usable], outcome.ravel()[usable].astype(np.float64), weight[usable]),
    )


def _case(
    line: str, bars: Bars, labels: Labels, rows: Int64Array, probability: Float64Array
) -> Case:
    values = np.full((len(bars), 2), math.nan)
    values[rows] = probability
    return Case(
        name=line,
        bars=bars,
        volatility=np.full(len(bars), math.nan),
        labels=labels,
        forecasts=Forecasts.empty(len(bars)),
        probability=values,
        rules=np.zeros(len(bars), dtype=np.int8),
        first_ns=int(bars.event_time[rows].min()),
    )


def rows_at(bars: Bars, time_ns: Int64Array, symbols: list[str]) -> Int64Array:
    """Row of the bar of each (time, symbol); all have to be there."""
    index = {name: i for i, name in enumerate(bars.symbols)}
    codes = np.array([index[name] for name in symbols], dtype=np.int64)
    span = len(bars.symbols)
    instants = np.searchsorted(bars.instants, time_ns)
    key = np.searchsorted(bars.instants, bars.event_time) * span + bars.symbol
    return np.searchsorted(key, instants * span + codes)


def _uniqueness(bars: Bars, labels: Labels, rows: Int64Array) -> Float64Array:
    position = np.empty(len(bars), dtype=np.int64)
    position[bars.by_symbol] = np.arange(len(bars))
    held = labels.bars_held[rows].max(axis=1).astype(np.int64)
    return average_uniqueness(position[rows] + 1, position[rows] + np.maximum(held, 1))
