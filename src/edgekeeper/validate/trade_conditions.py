"""Conditions of each trade: hour, weekday, side, symbol, source, regime, confidence, duration."""

import numpy as np

from edgekeeper.market.trade_records import TradeRecord

__all__ = ["trade_conditions"]

_DAY_NS = 86_400 * 10**9
_HOUR_NS = 3_600 * 10**9
_WEEKDAYS = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
# Bounds in hours; a label says what lies below the next one.
_HELD = (0.25, 1.0, 4.0, 24.0, 72.0, 168.0, 672.0)
_HELD_NAMES = (
    "under 15 min", "15 min to 1 h", "1 to 4 h", "4 to 24 h", "1 to 3 days", "3 to 7 days",
    "1 to 4 weeks", "over 4 weeks",
)  # fmt: skip
_MOST_NAMES = 200


def trade_conditions(record: TradeRecord) -> dict[str, list[str]]:
    """Labels of every trade by condition; times in UTC, at entry.

    A condition that is the same for every trade is left out, and so are hours where
    entries carry no time of day.
    """
    entry, exit_ = record.times("entry_time"), record.times("exit_time")
    found: dict[str, list[str]] = {}
    timed = bool((entry % _DAY_NS != 0).any())
    if timed:
        hours = entry % _DAY_NS // _HOUR_NS
        found["hour"] = [f"{hour:02d}:00" for hour in hours]
    # A bare date is stored as the day's end, which is the midnight after it.
    day = (entry if timed else entry - 1) // _DAY_NS
    found["weekday"] = _WEEKDAYS[(day + 3) % 7].tolist()
    for name in ("side", "symbol", "source", "regime", "component"):
        found[name] = record.trades[name].to_list()
    found["confidence"] = _buckets(record)
    held = np.digitize((exit_ - entry) / _HOUR_NS, _HELD)
    if (exit_ > entry).any():
        found["held"] = [_HELD_NAMES[bucket] for bucket in held]
    return {name: labels for name, labels in found.items() if 1 < len(set(labels)) <= _MOST_NAMES}


def _buckets(record: TradeRecord) -> list[str]:
    """Tenths of the confidence, which may be written from 0 to 1 or to 100; else one for all."""
    confidence = record.numbers("confidence")
    known = confidence[np.isfinite(confidence)]
    if len(known) == 0 or known.min() < 0.0 or known.max() > 100.0:
        return [""] * len(record)
    tenths = confidence * 10.0 if known.max() <= 1.0 else confidence / 10.0
    low = np.clip(np.floor(tenths), 0, 9)
    return ["unknown" if np.isnan(p) else f"{int(10 * p)}-{int(10 * p) + 10}%" for p in low]
