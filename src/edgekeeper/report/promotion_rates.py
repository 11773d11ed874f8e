"""How often runs over made markets promoted a line, and how soon what stopped working was let go.

A run is what ``market_record`` tells of one: its ``moves``, and its ``lines``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.report.market_record import FOUR_YEARS
from edgekeeper.stats.calibration import wilson_interval

__all__ = ["EDGELESS", "PromotionRates", "book_sharpe", "promotion_rates"]

EDGELESS = ("noise", "leak")
"""Worlds in which every promotion is a false one."""

Run = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PromotionRates:
    """Promotions in many markets of one kind; None where the kind cannot tell.

    Attributes
    ----------
    promoted : int
        In how many of them any line was ever promoted.
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
    """

    promoted: int
    false_promotion_rate: float | None
    power: float | None
    interval: tuple[float, float]
    wait_bars: float | None
    retreat_bars: float | None
    held_at_flip: int | None


def promotion_rates(kind: str, bars: int, runs: Sequence[Run]) -> PromotionRates:
    """Sum up runs over markets of ``bars`` bars, one run a market."""
    promoted = [run for run in runs if _first_promotion(run) is not None]
    waits = [wait for run in promoted if (wait := _wait(run)) is not None]
    edgeless = kind in EDGELESS
    hits = len(promoted) if edgeless else sum(wait <= FOUR_YEARS for wait in waits)
    retreats = _retreats(runs, round(0.6 * bars)) if kind == "flip" else None
    return PromotionRates(
        promoted=len(promoted),
        false_promotion_rate=len(promoted) / len(runs) if edgeless else None,
        power=None if edgeless else hits / len(runs),
        interval=wilson_interval(hits / len(runs), len(runs)),
        wait_bars=float(np.median(waits)) if waits else None,
        retreat_bars=float(np.median(retreats)) if retreats else None,
        held_at_flip=None if retreats is None else len(retreats),
    )


def book_sharpe(runs: Sequence[Run]) -> dict[str, float]:
    """Mean over markets of each line's Sharpe ratio, where its book traded."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for name, line in run["lines"].items():
            if line["sharpe"] is not None:
                found.setdefault(name, []).append(line["sharpe"])
    return {name: float(np.mean(values)) for name, values in found.items()}


def _first_promotion(run: Run) -> tuple[int, str] | None:
    return min(((bar, line) for bar, line, verdict in run["moves"] if verdict == "promoted"),
               default=None)  # fmt: skip


def _wait(run: Run) -> int | None:
    """Bars from a line's registration to its promotion, of the soonest."""
    first = _first_promotion(run)
    return None if first is None else first[0] - int(run["lines"][first[1]]["registered"])


def _retreats(runs: Sequence[Run], flip: int) -> list[float]:
    """Bars from the flip to the end of what traded then; infinite where it traded on."""
    waits = []
    for run in runs:
        champion: str | None = None
        for bar, line, verdict in run["moves"]:
            if bar < flip:
                champion = line if verdict == "promoted" else None if line == champion else champion
        if champion is not None:
            gone = [b for b, line, verdict in run["moves"]
                    if b >= flip and line == champion and verdict != "promoted"]  # fmt: skip
            waits.append(gone[0] - flip if gone else math.inf)
    return waits
