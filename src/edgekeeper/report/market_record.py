"""What one run over a made market amounts to: moves, lines and their books, as plain figures."""

import math
from typing import Any

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.ledger import Ledger, count_trials
from edgekeeper.types import Float64Array

__all__ = ["FOUR_YEARS", "market_record"]

FOUR_YEARS = 1_008
"""Bars after registration within which power is stated."""

_EVERY = 63
_NULLS = ("cash", "exposure", "incumbent")
_MOVES = ("promoted", "retreated", "refused", "stood down")


def market_record(ledger: Ledger, bars: Bars) -> dict[str, Any]:
    """Read a finished run back; bars are counted from 0 over the market."""
    position = {int(time): place for place, time in enumerate(bars.instants)}
    stages = ledger.read("stages")
    packages = ledger.read("packages", ["line", "verdict"])
    trials = ledger.read("trials")
    count = count_trials(trials)
    moves = [
        [position[row["event_time_ns"]], row["line"], verdict]
        for row in stages.iter_rows(named=True)
        if (verdict := row["reason"].partition(":")[0]) in _MOVES
    ]
    lines = ledger.read("lines", ["line", "registered_at_ns"])
    entered = {r["line"]: position[r["registered_at_ns"]] for r in lines.iter_rows(named=True)}
    return {
        "moves": moves,
        "lines": {
            name: _line(ledger, name, start, bars.periods_per_year)
            for name, start in entered.items()
        },
        "refits": packages.height,
        "vetoed": packages.filter(pl.col("verdict") == "vetoed").height,
        "held": packages.filter(pl.col("verdict") == "needs_approval").height,
        "trials": count.trials,
        "effective_trials": round(count.effective, 2),
    }


def _line(ledger: Ledger, name: str, registered: int, periods: float) -> dict[str, Any]:
    frame = ledger.read("evidence", where={"line": name}, order=["event_time_ns"])
    gain, passive, rival = (
        frame[column].to_numpy()[:FOUR_YEARS]
        for column in ("book_return", "exposure_return", "incumbent_return")
    )
    return {
        "registered": registered,
        "bars": frame.height,
        "sharpe": _sharpe(gain, periods),
        "sharpe_over_exposure": _sharpe(gain - passive, periods),
        "sharpe_over_incumbent": _sharpe(gain - rival, periods),
        "scale_over_volatility": _ratio(frame["scale"].to_numpy()[:FOUR_YEARS], gain),
        "logs": {
            null: [
                None if value is None else round(value, 3)
                for value in frame[f"log_e_{null}"].to_list()[_EVERY - 1 :: _EVERY]
            ]
            for null in _NULLS
        },
        "threshold": frame["threshold"][0] if frame.height else None,
        "crossed": {null: _crossed(frame, null) for null in _NULLS},
    }


def _crossed(frame: pl.DataFrame, null: str) -> int | None:
    """Bars of evidence until a bet first reached the line's first threshold."""
    over = frame[f"log_e_{null}"].to_numpy() >= frame["threshold"].to_numpy()
    return int(np.argmax(over)) + 1 if over.any() else None


def _sharpe(gain: Float64Array, periods: float) -> float | None:
    if len(gain) < 2 or not gain.std() > 0.0:
        return None
    return round(math.sqrt(periods) * float(gain.mean() / gain.std(ddof=1)), 4)


def _ratio(scale: Float64Array, gain: Float64Array) -> float | None:
    """Mean scale over the volatility gains really had: how much the bet holds back."""
    if len(gain) < 2 or not gain.std() > 0.0:
        return None
    return round(float(scale.mean() / gain.std(ddof=1)), 3)
