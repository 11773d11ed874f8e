"""The compiled loop behind the triple barrier: every bar, both sides, until the exit."""

import math

from numba import njit

from edgekeeper.fills import (
    EXIT_NONE,
    EXIT_STOP,
    EXIT_TIME,
    bracket_exit,
    buy_price,
    sell_price,
)
from edgekeeper.types import SHORT, Float64Array, Int8Array, Int32Array, Int64Array

__all__ = ["follow", "label_symbol", "outcome"]


@njit(cache=True, nogil=True)
def label_symbol(
    open_: Float64Array,
    high: Float64Array,
    low: Float64Array,
    close: Float64Array,
    event_time: Int64Array,
    known_time: Int64Array,
    scale: Float64Array,
    rows: Int64Array,
    horizon: int,
    target: float,
    stop: float,
    cost: float,
    borrow: float,
    net_return: Float64Array,
    gross_return: Float64Array,
    exit_reason: Int8Array,
    bars_held: Int32Array,
    mfe: Float64Array,
    mae: Float64Array,
    entry_time: Int64Array,
    label_time: Int64Array,
) -> None:
    """Fill the output rows of one symbol, whose bars come in time order."""
    n = len(close)
    for i in range(n - 1):
        row = rows[i]
        entry_time[row] = event_time[i + 1]
        if not scale[i] > 0.0:
            continue
        entry = open_[i + 1]
        for side in range(2):
            direction = -1.0 if side == SHORT else 1.0
            stop_price = close[i] * (1.0 - direction * stop * scale[i])
            target_price = close[i] * (1.0 + direction * target * scale[i])
            reason, price, held, best, worst, known = follow(
                i, min(i + horizon + 1, n), i + horizon, direction, stop_price, target_price,
                open_, high, low, close, known_time,
            )  # fmt: skip
            if reason == EXIT_NONE:
                continue
            gross, net = outcome(direction, entry, price, held, cost, borrow)
            gross_return[row, side] = gross
            net_return[row, side] = net
            exit_reason[row, side] = reason
            bars_held[row, side] = held
            mfe[row, side] = best
            mae[row, side] = worst
            label_time[row, side] = known


@njit(cache=True, inline="always")
def follow(
    decided: int,
    stop_before: int,
    last_bar: int,
    direction: float,
    stop_price: float,
    target_price: float,
    open_: Float64Array,
    high: Float64Array,
    low: Float64Array,
    close: Float64Array,
    known_time: Int64Array,
) -> tuple[int, float, int, float, float, int]:
    """Follow one trade decided at a bar: (reason, price, bars held, best, worst, known time).

    Positions are of one symbol's bars. The reason is ``EXIT_NONE`` if ``stop_before`` comes first.
    """
    entry = open_[decided + 1]
    best, worst = 0.0, 0.0
    known = known_time[decided]
    reason, price, held = EXIT_NONE, math.nan, 0
    for j in range(decided + 1, stop_before):
        known = max(known, known_time[j])
        reason, price = bracket_exit(
            direction,
            stop_price,
            target_price,
            open_[j],
            high[j],
            low[j],
            close[j],
            j == last_bar,
        )
        best, worst = _excursion(
            best, worst, direction, entry, open_[j], high[j], low[j], reason, price
        )
        held = j - decided
        if reason != EXIT_NONE:
            break
    return reason, price, held, best, worst, known


@njit(cache=True, inline="always")
def outcome(
    direction: float, entry: float, price: float, held: int, cost: float, borrow: float
) -> tuple[float, float]:
    """Gross and net return of a finished trade on its entry price."""
    gross = direction * (price / entry - 1.0)
    if direction > 0.0:
        net = sell_price(price, cost) / entry - buy_price(entry, cost) / entry
    else:
        net = sell_price(entry, cost) / entry - buy_price(price, cost) / entry
        net -= borrow * held
    return gross, net


@njit(cache=True, inline="always")
def _excursion(
    best: float,
    worst: float,
    direction: float,
    entry: float,
    open_: float,
    high: float,
    low: float,
    reason: int,
    price: float,
) -> tuple[float, float]:
    """Widen (best, worst) by what surely happened in a bar before the exit, and the exit."""
    up = direction * ((high if direction > 0.0 else low) / entry - 1.0)
    down = direction * ((low if direction > 0.0 else high) / entry - 1.0)
    if reason != EXIT_NONE and reason != EXIT_TIME:
        exit_ = direction * (price / entry - 1.0)
        at_open = price == open_
        if reason == EXIT_STOP:
            up = max(direction * (open_ / entry - 1.0), exit_)
            down = exit_
        else:
            up = exit_
            down = exit_ if at_open else down
    return max(best, up), min(worst, down)
