"""Pause and halt. A pause stops the model and lets the fallback trade; a halt stops all entries.

Both are latched: a pause ends when an operator re-arms the model (in replay and paper a stand-in
does so after a stated number of bars, as a recorded act), a halt when a person resumes.
A number that is not a number is never taken as good news.
"""

import math

from edgekeeper.simulator.compiled import compiled
from edgekeeper.simulator.log import GuardEvent, Tally
from edgekeeper.simulator.parameters import Parameters
from edgekeeper.simulator.reasons import (
    CAUSE_ACCOUNT_DRAWDOWN,
    CAUSE_BROKEN_NUMBERS,
    CAUSE_DAILY_LOSS,
    CAUSE_LATENCY,
    CAUSE_MODEL_DRAWDOWN,
    CAUSE_MODEL_MISSING,
    CAUSE_OPERATOR,
    CAUSE_STREAK,
    HALT,
    PAUSE,
    REARM,
)
from edgekeeper.simulator.state import Account

__all__ = ["guard_account", "guard_model", "rearm_model"]


@compiled
def rearm_model(account: Account) -> None:
    """End a pause: the streak and the model's peak start afresh."""
    account.paused = False
    account.paused_bars = 0
    account.loss_streak = 0
    account.slow_count = 0
    account.model_peak = account.model_return


@compiled
def guard_model(
    account: Account,
    parameters: Parameters,
    instant: int,
    latency_ms: float,
    missing: bool,
    event: GuardEvent,
    tally: Tally,
) -> None:
    """Update streak, drawdown and latency of the model after a bar; pause it, or re-arm it.

    All exits of one bar count as one result, in exit order over bars. ``missing`` says that a
    forecast of this bar is missing or impossible; ``event`` is the next free row of the log.
    """
    if account.model_exits > 0:
        lost = not account.model_profit >= 0.0
        account.loss_streak = account.loss_streak + 1 if lost else 0
    account.model_return += account.model_gain / account.equity_before
    account.model_exits = 0
    account.model_profit = 0.0
    account.model_gain = 0.0
    if account.model_return > account.model_peak:
        account.model_peak = account.model_return
    slow = not latency_ms <= parameters.latency_ms
    account.slow_count = account.slow_count + 1 if slow else 0

    if account.paused:
        account.paused_bars += 1
        wait = parameters.rearm_after_bars
        if 0 < wait <= account.paused_bars:
            rearm_model(account)
            _record(instant, REARM, CAUSE_OPERATOR, float(wait), event, tally)
        return

    drawdown = account.model_peak - account.model_return
    if missing:
        cause, figure = CAUSE_MODEL_MISSING, math.nan
    elif account.loss_streak >= parameters.loss_streak:
        cause, figure = CAUSE_STREAK, float(account.loss_streak)
    elif not drawdown <= parameters.model_drawdown:
        cause, figure = CAUSE_MODEL_DRAWDOWN, drawdown
    elif account.slow_count >= parameters.latency_times:
        cause, figure = CAUSE_LATENCY, latency_ms
    else:
        return
    account.paused = True
    account.paused_bars = 0
    _record(instant, PAUSE, cause, figure, event, tally)


@compiled
def guard_account(
    account: Account, parameters: Parameters, instant: int, event: GuardEvent, tally: Tally
) -> None:
    """Halt on drawdown, on the day's loss, or when equity is no longer a number."""
    equity = account.equity
    if equity > account.peak_equity:
        account.peak_equity = equity
    if account.halted:
        return
    drawdown = 1.0 - equity / account.peak_equity
    day_loss = 1.0 - equity / account.day_start_equity
    if math.isnan(equity):
        cause, figure = CAUSE_BROKEN_NUMBERS, math.nan
    elif not drawdown <= parameters.account_drawdown:
        cause, figure = CAUSE_ACCOUNT_DRAWDOWN, drawdown
    elif not day_loss <= parameters.daily_loss:
        cause, figure = CAUSE_DAILY_LOSS, day_loss
    else:
        return
    account.halted = True
    account.flattens = parameters.flatten_on_halt
    _record(instant, HALT, cause, figure, event, tally)


@compiled
def _record(
    instant: int, kind: int, cause: int, figure: float, event: GuardEvent, tally: Tally
) -> None:
    event.instant = instant
    event.event = kind
    event.cause = cause
    event.figure = figure
    tally.guards += 1
