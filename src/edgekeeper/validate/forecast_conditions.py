"""Figures by condition: regime, hour, weekday, symbol, side, source, confidence, component.

Three are broken down, each centred so that zero means nothing: what a trade earned, by how much
forecasts beat guessing the majority class, and by how much they beat stating the base rate. One
adjustment for false discoveries spans them all, since all are looked at together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.features import evaluate
from edgekeeper.stats.breakdown import Part, breakdown
from edgekeeper.stats.multiplicity import adjusted_p_values
from edgekeeper.stats.resampling import TimeBlocks
from edgekeeper.types import SIDES, Float64Array, Int64Array
from edgekeeper.validate.case import Case, ObjectArray

__all__ = ["MEASURES", "REGIMES", "conditions_of", "figures_by_condition", "regimes_of"]

MEASURES = ("net_return", "accuracy_gain", "brier_gain")
REGIMES = ("ranging", "trending", "volatile")
_REGIME = "regime(250)"
_UNKNOWN = "unknown"
_WEEKDAYS = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
_DAY_NS = 86_400 * 10**9
_HOUR_NS = 3_600 * 10**9
_MOST_VALUES = 200


def regimes_of(bars: Bars) -> ObjectArray:
    """Regime of each bar by the model of the ``regime`` catalogue, fitted on past bars only.

    ``"unknown"`` while the model has too little past.
    """
    code = evaluate(_REGIME, bars)
    names = np.full(len(bars), _UNKNOWN, dtype=object)
    for position, name in enumerate(REGIMES):
        names[code == position] = name
    return names


def conditions_of(
    case: Case, rows: Int64Array, side: Int64Array, regimes: ObjectArray
) -> dict[str, list[str]]:
    """Labels of observations by condition; one that is the same for all is left out.

    Hours and weekdays are UTC, of the bar decided on. A bar that closes at midnight belongs to
    the day before it.
    """
    bars = case.bars
    time = bars.event_time[rows]
    inside = time - 1
    found: dict[str, list[str]] = {"regime": [str(r) for r in regimes[rows]]}
    if bars.interval_ns < _DAY_NS // 2:
        found["hour"] = [f"{hour:02d}:00" for hour in inside % _DAY_NS // _HOUR_NS]
    found["weekday"] = _WEEKDAYS[(inside // _DAY_NS + 3) % 7].tolist()
    found["symbol"] = [bars.symbols[code] for code in bars.symbol[rows]]
    found["side"] = [SIDES[code] for code in side]
    found["confidence"] = _buckets(case.probability[rows, side])
    for name, labels in case.tags.items():
        found[name] = [_UNKNOWN if label is None else str(label) for label in labels[rows, side]]
    return {n: values for n, values in found.items() if 1 < len(set(values)) <= _MOST_VALUES}


def _buckets(probability: Float64Array) -> list[str]:
    """Tenths of the probability: ``"60-70%"``."""
    low = np.clip(np.floor(probability * 10.0), 0, 9)
    return [_UNKNOWN if math.isnan(p) else f"{int(10 * p)}-{int(10 * p) + 10}%" for p in low]


def figures_by_condition(
    case: Case,
    rows: Int64Array,
    side: Int64Array,
    net_return: Float64Array,
    blocks: TimeBlocks,
    regimes: ObjectArray,
    *,
    least_symbol: int = 20,
    sources: Sequence[str] = (),
) -> dict[str, list[Part]]:
    """Break the three measures down, with one adjustment over everything that was tested.

    Observations of one block of time are one cluster: their outcomes overlap.

    Parameters
    ----------
    rows, side, net_return : int64, int64, float64 [m]
        Of each closed trade: the bar decided on, its side, what it earned on its stake.
    regimes : object [N]
        Of each bar, see :func:`regimes_of`.
    sources : sequence of str, optional
        Who decided each trade.
    """
    conditions = conditions_of(case, rows, side, regimes)
    if len(set(sources)) > 1:
        conditions["source"] = list(sources)
    cluster = blocks.of(np.maximum(case.instant[rows] + case.first, 0))
    trades = _broken_down(net_return, conditions, cluster, least_symbol)
    forecasts = _of_forecasts(case, blocks, regimes, least_symbol)
    return _adjusted_together({"net_return": trades, **forecasts})


def _of_forecasts(
    case: Case,
    blocks: TimeBlocks,
    regimes: ObjectArray,
    least: int,
) -> dict[str, list[Part]]:
    rows, side = np.nonzero(case.scored)
    rows, side = rows.astype(np.int64), side.astype(np.int64)
    outcome = case.success[rows, side]
    probability = case.probability[rows, side]
    base = np.array([outcome[side == s].mean() if (side == s).any() else 0.5 for s in (0, 1)])[side]
    hit = (probability > 0.5) == outcome
    guess = (base > 0.5) == outcome
    measured = {
        "accuracy_gain": hit.astype(np.float64) - guess,
        "brier_gain": (base - outcome) ** 2 - (probability - outcome) ** 2,
    }
    conditions = conditions_of(case, rows, side, regimes)
    cluster = blocks.of(case.instant[rows] + case.first)
    return {
        name: _broken_down(values, conditions, cluster, least) for name, values in measured.items()
    }


def _broken_down(
    values: Float64Array, conditions: Mapping[str, Sequence[str]], cluster: Int64Array, least: int
) -> list[Part]:
    if len(values) == 0 or not conditions:
        return []
    return breakdown(np.asarray(values, np.float64), conditions, cluster, least_count=least)


def _adjusted_together(parts: dict[str, list[Part]]) -> dict[str, list[Part]]:
    """Replace each measure's own adjustment by one over all of them."""
    flat = [part for found in parts.values() for part in found]
    below = adjusted_p_values(np.array([part.p_below for part in flat]))
    above = adjusted_p_values(np.array([part.p_above for part in flat]))
    adjusted = iter(
        replace(part, q_below=float(low), q_above=float(high))
        for part, low, high in zip(flat, below, above, strict=True)
    )
    return {name: [next(adjusted) for _ in found] for name, found in parts.items()}
