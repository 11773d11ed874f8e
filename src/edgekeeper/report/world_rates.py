"""Rates over many made markets: false promotions, power, and how soon a dead edge is given up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.report.book_rates import (
    OnlineGain,
    mean_oracle_share,
    median_recovery,
    online_gains,
)
from edgekeeper.report.market_record import FOUR_YEARS
from edgekeeper.report.wording import count, number, percent
from edgekeeper.stats.calibration import wilson_interval

__all__ = ["EDGELESS", "WorldRates", "world_rates"]

EDGELESS = ("noise", "leak")
"""Worlds in which every promotion is a false one."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WorldRates:
    """What many markets of one kind amount to; None where the kind cannot tell.

    Attributes
    ----------
    markets, promoted : int
        How many, and in how many of them any line was ever promoted.
    false_promotion_rate : float or None
    power : float or None
        Share of markets with a promotion within 1,008 bars (four years of days) of its line's
        registration.
    interval : (float, float)
        Of whichever of the two rates is known, 95 %, by Wilson.
    wait_bars : float or None
        Median bars from registration to promotion, where there was one.
    retreat_bars : float or None
        Median bars from the flip to the retreat of the line that traded then; infinite where more
        than half of them never retreated.
    held_at_flip : int or None
        Markets in which a line traded at the flip.
    book_sharpe : mapping of line to float
        Mean over markets of the annual net Sharpe ratio of its virtual book, in the first 1,008
        bars after registration.
    oracle_share : mapping of line to {"without", "with"}
        Sharpe ratio of its virtual book over that of an oracle that knows the hidden state and pays
        the same costs, over all bars since registration; without and with online learning. Empty
        without an edge.
    recovery_bars : mapping of line to {"without", "with"}
        Median bars from the flip until its book had earned over a quarter; empty without a flip.
    online_gain : mapping of line to OnlineGain
        What online learning added to the Sharpe ratio; empty where it was not tried.
    held : int
        Fits held as too good to be true.
    trials, effective_trials : float
        Configurations tried in a market, and the independent ones they amount to, on average.
    seconds : float
        Median time a market took.
    """

    kind: str
    markets: int
    promoted: int
    false_promotion_rate: float | None
    power: float | None
    interval: tuple[float, float]
    wait_bars: float | None
    retreat_bars: float | None
    held_at_flip: int | None
    book_sharpe: dict[str, float]
    oracle_share: dict[str, dict[str, float | None]]
    recovery_bars: dict[str, dict[str, float | None]]
    online_gain: dict[str, OnlineGain]
    held: int
    trials: float
    effective_trials: float
    seconds: float

    @property
    def sentence(self) -> str:
        """The result in plain words."""
        low, high = (percent(bound, 1) for bound in self.interval)
        if self.kind in EDGELESS:
            return (
                f"{count(self.promoted)} of {count(self.markets)} markets without an edge promoted "
                f"anything: with 95 % confidence between {low} and {high} would."
            )
        found = round((self.power or 0.0) * self.markets)
        text = (
            f"{count(found)} of {count(self.markets)} markets with an edge promoted a line within "
            f"{count(FOUR_YEARS)} bars: with 95 % confidence between {low} and {high} would."
        )
        if self.retreat_bars is not None:
            text += f" After the flip half retreated within {number(self.retreat_bars, 0)} bars."
        return text


def world_rates(rows: Sequence[Row]) -> WorldRates:
    """Sum up the lines that ``many_worlds`` keeps, all of one kind."""
    kind = str(rows[0]["kind"])
    promoted = [row for row in rows if _first_promotion(row) is not None]
    waits = [wait for row in promoted if (wait := _wait(row)) is not None]
    edgeless = kind in EDGELESS
    hits = len(promoted) if edgeless else sum(wait <= FOUR_YEARS for wait in waits)
    retreats = _retreats(rows) if kind == "flip" else None
    return WorldRates(
        kind=kind,
        markets=len(rows),
        promoted=len(promoted),
        false_promotion_rate=len(promoted) / len(rows) if edgeless else None,
        power=None if edgeless else hits / len(rows),
        interval=wilson_interval(hits / len(rows), len(rows)),
        wait_bars=float(np.median(waits)) if waits else None,
        retreat_bars=float(np.median(retreats)) if retreats else None,
        held_at_flip=None if retreats is None else len(retreats),
        book_sharpe=_book_sharpe(rows),
        oracle_share=mean_oracle_share(rows),
        recovery_bars=median_recovery(rows),
        online_gain=online_gains(rows),
        held=sum(int(row["held"]) for row in rows),
        trials=float(np.mean([row["trials"] for row in rows])),
        effective_trials=float(np.mean([row["effective_trials"] for row in rows])),
        seconds=float(np.median([row["seconds"] for row in rows])),
    )


def _first_promotion(row: Row) -> tuple[int, str] | None:
    return min(((bar, line) for bar, line, verdict in row["moves"] if verdict == "promoted"),
               default=None)  # fmt: skip


def _wait(row: Row) -> int | None:
    """Bars from a line's registration to its promotion, of the soonest."""
    first = _first_promotion(row)
    return None if first is None else first[0] - int(row["lines"][first[1]]["registered"])


def _retreats(rows: Sequence[Row]) -> list[float]:
    """Bars from the flip to the end of what traded then; infinite where it traded on."""
    waits = []
    for row in rows:
        flip = round(0.6 * row["bars"])
        champion: str | None = None
        for bar, line, verdict in row["moves"]:
            if bar < flip:
                champion = line if verdict == "promoted" else None if line == champion else champion
        if champion is not None:
            gone = [b for b, line, verdict in row["moves"]
                    if b >= flip and line == champion and verdict != "promoted"]  # fmt: skip
            waits.append(gone[0] - flip if gone else math.inf)
    return waits


def _book_sharpe(rows: Sequence[Row]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        for name, line in row["lines"].items():
            if line["sharpe"] is not None:
                found.setdefault(name, []).append(line["sharpe"])
    return {name: float(np.mean(values)) for name, values in found.items()}
