"""The compiled step: carries a book over a chunk of instants, whatever the chunk's length.

At each instant, in this order: orders fill at the open; brackets exit inside the bar; positions
are marked at the close; guards look; then, at the close, the next orders are decided. The same
code is the back-test, the paper broker and the virtual book of a line.
"""

import math
from typing import NamedTuple

from numba import njit

from edgekeeper.simulator.guards import guard_account, guard_model
from edgekeeper.simulator.limits import largest_value, room_left
from edgekeeper.simulator.orders import (
    EXIT_OPPOSITE,
    close_position,
    enter_pending,
    exit_in_bar,
)
from edgekeeper.simulator.policy import judge
from edgekeeper.simulator.state import (
    ACCEPTED,
    ACCOUNT_HALTED,
    BORROW_PER_BAR,
    CASH,
    DAY,
    DAY_START_EQUITY,
    EQUITY,
    FALLBACK,
    FALLBACK_CASH,
    FROM_MODEL,
    FROM_RULES,
    GROSS,
    HALTED,
    HAS_MODEL,
    HORIZON,
    LAST_PRICE,
    MAX_POSITIONS,
    MODEL_PAUSED,
    MODEL_RETURN,
    NET,
    NO_CHAMPION,
    NO_ROOM,
    NO_SHORTING,
    NO_SIGNAL,
    OPEN_COUNT,
    PAUSED,
    PENDING_DECIDED_AT,
    PENDING_SIDE,
    PENDING_SOURCE,
    PENDING_STOP,
    PENDING_TARGET,
    PENDING_VALUE,
    POSITION_OPEN,
    QUANTITY,
    REDUCE,
    REDUCE_SIZE,
    SHORTING,
    SKIP,
    SOURCE,
    STALE,
    STOP_WIDTH,
    TAKE,
    TARGET_WIDTH,
    TOO_MANY_POSITIONS,
    VIRTUAL,
    WARMING_UP,
)
from edgekeeper.types import Float64Array, Int8Array, Int32Array, Int64Array

__all__ = ["Chunk", "Log", "advance"]

_DAY_NS = 86_400 * 10**9


class Chunk(NamedTuple):
    """Inputs of ``n`` rows over ``t`` instants, in canonical order.

    ``rule`` is +1, -1 or 0; ``fresh`` 1 where the bar arrived in time; forecasts may be NaN.
    """

    offsets: Int64Array  # [t + 1]
    time: Int64Array  # [t] ns
    latency_ms: Float64Array  # [t] recorded, never measured here
    symbol: Int32Array  # [n]
    open: Float64Array
    high: Float64Array
    low: Float64Array
    close: Float64Array
    volatility: Float64Array
    probability: Float64Array  # [n, 2]
    expected: Float64Array  # [n, 2]
    novelty: Float64Array
    rule: Int8Array
    fresh: Int8Array


class Log(NamedTuple):
    """Outputs of a chunk, and scratch space at the end.

    ``value, stop, target`` mean something only where the decision is not skip: pages that are
    never written are never fetched.

    ``counts`` holds the number of trades, of guard events and of fills written.
    """

    decision: Int8Array  # [n]
    direction: Int8Array
    reason: Int8Array
    source: Int8Array
    value: Float64Array
    stop: Float64Array
    target: Float64Array
    equity: Float64Array  # [t, 4]: equity, cash, gross, net
    held: Float64Array  # [t, S] value of positions carried into the bar, or [0, 0]
    opened: Float64Array  # [t, S] value of positions after the open, or [0, 0]
    trades: Float64Array  # [m, 9]
    trade_keys: Int64Array  # [m, 7] symbol, decided, entered, exited, reason, source, bars held
    fills: Float64Array  # [f, 3] signed quantity, price, cost
    fill_keys: Int64Array  # [f, 4] symbol, time, kind, decided
    guards: Int64Array  # [g, 3]
    guard_values: Float64Array
    counts: Int64Array  # [3]
    rank: Float64Array  # [n] scratch: expectation of proposals not yet admitted
    planned: Float64Array  # [3] scratch: gross, positions, cash including orders not yet filled


@njit(cache=True)
def _propose(
    rule: int,
    fresh: int,
    volatility: float,
    probability_long: float,
    probability_short: float,
    expected_long: float,
    expected_short: float,
    novelty: float,
    account: Float64Array,
    parameters: Float64Array,
) -> tuple[int, int, int, int]:
    """Return (decision, direction, reason, source) of one row, before limits."""
    if fresh == 0:
        return SKIP, rule, STALE, FROM_RULES
    if not volatility > 0.0:
        return SKIP, rule, WARMING_UP, FROM_RULES
    has_model = parameters[HAS_MODEL] != 0.0
    if has_model and account[PAUSED] == 0.0:
        decision, direction, reason = judge(
            probability_long,
            probability_short,
            expected_long,
            expected_short,
            novelty,
            volatility,
            parameters,
        )
        return decision, direction, reason, FROM_MODEL
    if rule == 0 or parameters[FALLBACK] == FALLBACK_CASH:
        if has_model:
            return SKIP, rule, MODEL_PAUSED, FROM_RULES
        reason = NO_SIGNAL if parameters[FALLBACK] != FALLBACK_CASH else NO_CHAMPION
        return SKIP, rule, reason, FROM_RULES
    if rule < 0 and parameters[SHORTING] == 0.0:
        return SKIP, rule, NO_SHORTING, FROM_RULES
    return TAKE, rule, ACCEPTED, FROM_RULES


@njit(cache=True)
def _admit(
    symbol: int,
    decision: int,
    direction: int,
    source: int,
    close: float,
    volatility: float,
    time: int,
    planned: Float64Array,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
) -> tuple[int, float, float, float]:
    """Apply position rules, limits and the halt to a proposal; leave an order for the open.

    Returns (reason, value, stop, target); any reason but ``ACCEPTED`` means skip.
    """
    held = positions[symbol, QUANTITY]
    if held * direction > 0.0:
        return POSITION_OPEN, 0.0, math.nan, math.nan
    width = volatility * math.sqrt(parameters[HORIZON])
    stop = close * (1.0 - direction * parameters[STOP_WIDTH] * width)
    target = close * (1.0 + direction * parameters[TARGET_WIDTH] * width)
    share = parameters[REDUCE_SIZE] if decision == REDUCE else 1.0
    if parameters[VIRTUAL] != 0.0:
        value = share / volatility
    else:
        if held == 0.0 and planned[1] >= parameters[MAX_POSITIONS]:
            return TOO_MANY_POSITIONS, 0.0, math.nan, math.nan
        equity = account[EQUITY]
        value = share * largest_value(close, stop, equity, parameters)
        gross = planned[0] - abs(held) * close
        cash = planned[2] + held * close
        value = min(value, room_left(gross, cash, direction > 0, equity, parameters))
        if not value > 0.0:
            return NO_ROOM, 0.0, math.nan, math.nan
        if account[HALTED] != 0.0:
            return ACCOUNT_HALTED, 0.0, math.nan, math.nan
        planned[0] = gross + value
        planned[1] += 1.0 if held == 0.0 else 0.0
        planned[2] = cash - direction * value
    positions[symbol, PENDING_SIDE] = direction
    positions[symbol, PENDING_VALUE] = value
    positions[symbol, PENDING_STOP] = stop
    positions[symbol, PENDING_TARGET] = target
    positions[symbol, PENDING_SOURCE] = source
    clocks[symbol, PENDING_DECIDED_AT] = time
    return ACCEPTED, value, stop, target


@njit(cache=True)
def _best(decisions: Int8Array, rank: Float64Array, first: int, last: int) -> int:
    """Row of the largest expectation still waiting (not NaN), or -1."""
    best = -1
    for row in range(first, last):
        waiting = decisions[row] != SKIP and not math.isnan(rank[row])
        if waiting and (best < 0 or rank[row] > rank[best]):
            best = row
    return best


@njit(cache=True)
def _trade_bar(
    symbol: int,
    open_: float,
    high: float,
    low: float,
    close: float,
    time: int,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    trades: Float64Array,
    keys: Int64Array,
    fills: Float64Array,
    fill_keys: Int64Array,
    counts: Int64Array,
) -> tuple[int, float, float, float]:
    """Fill the waiting order, then let the bracket work.

    Returns the number of model trades that ended, their profit, what the model's position gained
    or lost in this bar (closed or open), and the value held after the open.
    """
    exits, profit = 0, 0.0
    before = account[CASH]
    held = positions[symbol, QUANTITY] != 0.0
    if held:
        before += positions[symbol, QUANTITY] * positions[symbol, LAST_PRICE]
    owner = positions[symbol, SOURCE] if held else positions[symbol, PENDING_SOURCE]
    if positions[symbol, PENDING_SIDE] != 0.0:
        if held:
            result = close_position(
                symbol,
                positions,
                clocks,
                account,
                parameters,
                open_,
                EXIT_OPPOSITE,
                time,
                trades,
                keys,
                fills,
                fill_keys,
                counts,
            )
            if owner == FROM_MODEL:
                exits, profit = 1, result
        enter_pending(
            symbol, positions, clocks, account, parameters, open_, time, fills, fill_keys, counts
        )
    opened = positions[symbol, QUANTITY] * open_
    if opened != 0.0:
        ended, result = exit_in_bar(
            symbol,
            positions,
            clocks,
            account,
            parameters,
            open_,
            high,
            low,
            close,
            time,
            trades,
            keys,
            fills,
            fill_keys,
            counts,
        )
        exits += ended
        profit += result
    positions[symbol, LAST_PRICE] = close
    gain = 0.0
    if owner == FROM_MODEL:
        gain = account[CASH] + positions[symbol, QUANTITY] * close - before
    return exits, profit, gain, opened


@njit(cache=True)
def _mark(positions: Float64Array, account: Float64Array, parameters: Float64Array) -> None:
    """Charge borrowing and value everything at the last prices."""
    gross, net, count = 0.0, 0.0, 0
    for symbol in range(positions.shape[0]):
        quantity = positions[symbol, QUANTITY]
        if quantity == 0.0:
            continue
        value = quantity * positions[symbol, LAST_PRICE]
        if value < 0.0:
            account[CASH] += value * parameters[BORROW_PER_BAR]
        gross += abs(value)
        net += value
        count += 1
    account[GROSS] = gross
    account[NET] = net
    account[OPEN_COUNT] = count
    account[EQUITY] = account[CASH] + net


@njit(cache=True)
def _carry(positions: Float64Array, instant: int, held: Float64Array) -> None:
    """Note the value of what is held into the bar, symbol by symbol."""
    for symbol in range(positions.shape[0]):
        value = 0.0
        if positions[symbol, QUANTITY] != 0.0:
            value = positions[symbol, QUANTITY] * positions[symbol, LAST_PRICE]
        held[instant, symbol] = value


@njit(cache=True)
def _decide(
    first: int,
    last: int,
    time: int,
    chunk: Chunk,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    log: Log,
) -> None:
    """Admit the proposals of an instant; where room is short, larger expectation goes first."""
    log.planned[0] = account[GROSS]
    log.planned[1] = account[OPEN_COUNT]
    log.planned[2] = account[CASH]
    while True:
        row = _best(log.decision, log.rank, first, last)
        if row < 0:
            return
        log.rank[row] = math.nan
        reason, value, stop, target = _admit(
            chunk.symbol[row],
            log.decision[row],
            log.direction[row],
            log.source[row],
            chunk.close[row],
            chunk.volatility[row],
            time,
            log.planned,
            positions,
            clocks,
            account,
            parameters,
        )
        log.reason[row] = reason
        if reason != ACCEPTED:
            log.decision[row] = SKIP
        log.value[row] = value
        log.stop[row] = stop
        log.target[row] = target


@njit(cache=True, nogil=True)
def advance(
    chunk: Chunk,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    log: Log,
) -> None:
    """Carry a book over all instants of a chunk, changing its state in place and writing the log.

    Results do not depend on how a history is cut into chunks.
    """
    # Arrays are taken out of their tuples once: inside the loop each access would count a
    # reference atomically, which costs more than the step itself.
    offsets, times, latency, symbols = chunk.offsets, chunk.time, chunk.latency_ms, chunk.symbol
    opens, highs, lows, closes = chunk.open, chunk.high, chunk.low, chunk.close
    volatility, probability, expected = chunk.volatility, chunk.probability, chunk.expected
    novelty, rules, fresh = chunk.novelty, chunk.rule, chunk.fresh
    decisions, directions, reasons = log.decision, log.direction, log.reason
    sources, rank, equity = log.source, log.rank, log.equity
    held, opened = log.held, log.opened
    trades, keys, counts = log.trades, log.trade_keys, log.counts
    guards, guard_values = log.guards, log.guard_values
    fills, fill_keys = log.fills, log.fill_keys
    counts[:] = 0
    virtual = parameters[VIRTUAL] != 0.0
    has_model = parameters[HAS_MODEL] != 0.0
    for instant in range(times.shape[0]):
        time = times[instant]
        first, last = offsets[instant], offsets[instant + 1]
        day = float(time // _DAY_NS)
        if day != account[DAY]:
            account[DAY] = day
            account[DAY_START_EQUITY] = account[EQUITY]
        if virtual:
            _carry(positions, instant, held)
            _carry(positions, instant, opened)
        equity_before = account[EQUITY]
        exits, profit, gain, missing, waiting = 0, 0.0, 0.0, False, 0
        for row in range(first, last):
            symbol = symbols[row]
            if positions[symbol, QUANTITY] == 0.0 and positions[symbol, PENDING_SIDE] == 0.0:
                positions[symbol, LAST_PRICE] = closes[row]
            else:
                ended, result, change, value = _trade_bar(
                    symbol, opens[row], highs[row], lows[row], closes[row], time,
                    positions, clocks, account, parameters, trades, keys, fills, fill_keys,
                    counts,
                )  # fmt: skip
                exits += ended
                profit += result
                gain += change
                if virtual:
                    opened[instant, symbol] = value
            if has_model and volatility[row] > 0.0:
                total = (probability[row, 0] + probability[row, 1]) + (
                    expected[row, 0] + expected[row, 1]
                )
                missing |= not math.isfinite(total)
        _mark(positions, account, parameters)
        equity[instant, 0] = account[EQUITY]
        equity[instant, 1] = account[CASH]
        equity[instant, 2] = account[GROSS]
        equity[instant, 3] = account[NET]
        if not virtual:
            if has_model:
                account[MODEL_RETURN] += gain / equity_before
                guard_model(
                    account, parameters, instant, exits, profit, latency[instant], missing,
                    guards, guard_values, counts,
                )  # fmt: skip
            guard_account(account, parameters, instant, guards, guard_values, counts)
        for row in range(first, last):
            decision, direction, reason, source = _propose(
                rules[row], fresh[row], volatility[row],
                probability[row, 0], probability[row, 1],
                expected[row, 0], expected[row, 1],
                novelty[row], account, parameters,
            )  # fmt: skip
            decisions[row] = decision
            directions[row] = direction
            reasons[row] = reason
            sources[row] = source
            if decision != SKIP:
                waiting += 1
                rank[row] = 0.0
                if source == FROM_MODEL:
                    rank[row] = expected[row, 0] if direction > 0 else expected[row, 1]
        if waiting > 0:
            _decide(first, last, time, chunk, positions, clocks, account, parameters, log)
