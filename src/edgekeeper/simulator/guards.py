"""Pause and halt. A pause stops the model and lets the fallback trade; a halt stops all entries.

Both are latched: a pause ends when an operator re-arms the model (in replay and paper a stand-in
does so after a stated number of bars, as a recorded act), a halt when a person resumes.
A number that is not a number is never taken as good news.
"""

import math

from numba import njit

from edgekeeper.simulator.state import (
    ACCOUNT_DRAWDOWN,
    CAUSE_ACCOUNT_DRAWDOWN,
    CAUSE_BROKEN_NUMBERS,
    CAUSE_DAILY_LOSS,
    CAUSE_LATENCY,
    CAUSE_MODEL_DRAWDOWN,
    CAUSE_MODEL_MISSING,
    CAUSE_OPERATOR,
    CAUSE_STREAK,
    DAILY_LOSS,
    DAY_START_EQUITY,
    EQUITY,
    HALT,
    HALTED,
    LATENCY_LIMIT_MS,
    LATENCY_TIMES,
    LOSS_STREAK,
    MODEL_DRAWDOWN,
    MODEL_PEAK,
    MODEL_RETURN,
    PAUSE,
    PAUSED,
    PAUSED_BARS,
    PEAK_EQUITY,
    REARM,
    REARM_AFTER_BARS,
    SLOW_COUNT,
    STREAK_LIMIT,
)
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["guard_account", "guard_model", "rearm_model"]


@njit(cache=True)
def _record(
    events: Int64Array,
    values: Float64Array,
    counts: Int64Array,
    instant: int,
    event: int,
    cause: int,
    value: float,
) -> None:
    row = counts[1]
    events[row, 0] = instant
    events[row, 1] = event
    events[row, 2] = cause
    values[row] = value
    counts[1] = row + 1


@njit(cache=True)
def rearm_model(account: Float64Array) -> None:
    """End a pause: the streak and the model's peak start afresh."""
    account[PAUSED] = 0.0
    account[PAUSED_BARS] = 0.0
    account[LOSS_STREAK] = 0.0
    account[SLOW_COUNT] = 0.0
    account[MODEL_PEAK] = account[MODEL_RETURN]


@njit(cache=True)
def guard_model(
    account: Float64Array,
    parameters: Float64Array,
    instant: int,
    exits: int,
    exit_profit: float,
    latency_ms: float,
    missing: bool,
    events: Int64Array,
    values: Float64Array,
    counts: Int64Array,
) -> None:
    """Update streak, drawdown and latency of the model after a bar; pause it, or re-arm it.

    All exits of one bar count as one result, in exit order over bars.
    """
    if exits > 0:
        if not exit_profit >= 0.0:
            account[LOSS_STREAK] += 1.0
        else:
            account[LOSS_STREAK] = 0.0
    account[MODEL_PEAK] = max(account[MODEL_PEAK], account[MODEL_RETURN])
    slow = not latency_ms <= parameters[LATENCY_LIMIT_MS]
    account[SLOW_COUNT] = account[SLOW_COUNT] + 1.0 if slow else 0.0

    if account[PAUSED] != 0.0:
        account[PAUSED_BARS] += 1.0
        wait = parameters[REARM_AFTER_BARS]
        if wait > 0.0 and account[PAUSED_BARS] >= wait:
            rearm_model(account)
            _record(events, values, counts, instant, REARM, CAUSE_OPERATOR, wait)
        return

    cause, value = -1, math.nan
    drawdown = account[MODEL_PEAK] - account[MODEL_RETURN]
    if missing:
        cause = CAUSE_MODEL_MISSING
    elif account[LOSS_STREAK] >= parameters[STREAK_LIMIT]:
        cause, value = CAUSE_STREAK, account[LOSS_STREAK]
    elif not drawdown <= parameters[MODEL_DRAWDOWN]:
        cause, value = CAUSE_MODEL_DRAWDOWN, drawdown
    elif account[SLOW_COUNT] >= parameters[LATENCY_TIMES]:
        cause, value = CAUSE_LATENCY, latency_ms
    if cause >= 0:
        account[PAUSED] = 1.0
        account[PAUSED_BARS] = 0.0
        _record(events, values, counts, instant, PAUSE, cause, value)


@njit(cache=True)
def guard_account(
    account: Float64Array,
    parameters: Float64Array,
    instant: int,
    events: Int64Array,
    values: Float64Array,
    counts: Int64Array,
) -> None:
    """Halt on drawdown, on the day's loss, or when equity is no longer a number."""
    equity = account[EQUITY]
    if equity > account[PEAK_EQUITY]:
        account[PEAK_EQUITY] = equity
    if account[HALTED] != 0.0:
        return
    drawdown = 1.0 - equity / account[PEAK_EQUITY]
    day_loss = 1.0 - equity / account[DAY_START_EQUITY]
    cause, value = -1, drawdown
    if math.isnan(equity):
        cause = CAUSE_BROKEN_NUMBERS
    elif not drawdown <= parameters[ACCOUNT_DRAWDOWN]:
        cause = CAUSE_ACCOUNT_DRAWDOWN
    elif not day_loss <= parameters[DAILY_LOSS]:
        cause, value = CAUSE_DAILY_LOSS, day_loss
    if cause >= 0:
        account[HALTED] = 1.0
        _record(events, values, counts, instant, HALT, cause, value)
