"""What happens to orders and positions inside one bar of one symbol."""

from numba import njit

from edgekeeper.fills import EXIT_NONE, bracket_exit
from edgekeeper.simulator.limits import largest_value, room_left
from edgekeeper.simulator.state import (
    BARS_HELD,
    BARS_LEFT,
    BEST_MOVE,
    CASH,
    COST,
    COSTS_PAID,
    DECIDED_AT,
    ENTERED_AT,
    ENTRY_PRICE,
    EQUITY,
    FROM_MODEL,
    GROSS,
    HALTED,
    HORIZON,
    PENDING_DECIDED_AT,
    PENDING_SIDE,
    PENDING_SOURCE,
    PENDING_STOP,
    PENDING_TARGET,
    PENDING_VALUE,
    QUANTITY,
    SOURCE,
    STOP,
    TARGET,
    VIRTUAL,
    WORST_MOVE,
)
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["EXIT_OPPOSITE", "FILL_ENTRY", "close_position", "enter_pending", "exit_in_bar"]

EXIT_OPPOSITE = 4  # closed because the other side was taken
FILL_ENTRY = 0  # otherwise a fill's kind is the exit reason


@njit(cache=True)
def _record_fill(
    symbol: int,
    time: int,
    kind: int,
    decided_at: int,
    quantity: float,
    price: float,
    cost: float,
    fills: Float64Array,
    fill_keys: Int64Array,
    counts: Int64Array,
) -> None:
    row = counts[2]
    counts[2] = row + 1
    fills[row, 0] = quantity
    fills[row, 1] = price
    fills[row, 2] = cost
    fill_keys[row, 0] = symbol
    fill_keys[row, 1] = time
    fill_keys[row, 2] = kind
    fill_keys[row, 3] = decided_at


@njit(cache=True)
def close_position(
    symbol: int,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    price: float,
    reason: int,
    time: int,
    trades: Float64Array,
    keys: Int64Array,
    fills: Float64Array,
    fill_keys: Int64Array,
    counts: Int64Array,
) -> float:
    """Sell (buy back) everything at ``price``, log the trade, return its net profit."""
    quantity = positions[symbol, QUANTITY]
    entry = positions[symbol, ENTRY_PRICE]
    value = abs(quantity) * price
    cost = parameters[COST] * value
    gross_profit = quantity * (price - entry)
    entry_cost = parameters[COST] * abs(quantity) * entry
    account[CASH] += quantity * price - cost
    account[COSTS_PAID] += cost
    account[GROSS] -= value
    _record_fill(
        symbol, time, reason, clocks[symbol, DECIDED_AT], -quantity, price, cost,
        fills, fill_keys, counts,
    )  # fmt: skip
    row = counts[0]
    counts[0] = row + 1
    entry_value = abs(quantity) * entry
    move = gross_profit / entry_value
    trades[row, 0] = quantity
    trades[row, 1] = entry
    trades[row, 2] = price
    trades[row, 3] = move
    trades[row, 4] = (gross_profit - cost - entry_cost) / entry_value
    trades[row, 5] = gross_profit - cost - entry_cost
    trades[row, 6] = cost + entry_cost
    trades[row, 7] = max(positions[symbol, BEST_MOVE], move)
    trades[row, 8] = min(positions[symbol, WORST_MOVE], move)
    keys[row, 0] = symbol
    keys[row, 1] = clocks[symbol, DECIDED_AT]
    keys[row, 2] = clocks[symbol, ENTERED_AT]
    keys[row, 3] = time
    keys[row, 4] = reason
    keys[row, 5] = int(positions[symbol, SOURCE])
    keys[row, 6] = int(positions[symbol, BARS_HELD])
    positions[symbol, QUANTITY] = 0.0
    return gross_profit - cost - entry_cost


@njit(cache=True)
def enter_pending(
    symbol: int,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    open_: float,
    time: int,
    fills: Float64Array,
    fill_keys: Int64Array,
    counts: Int64Array,
) -> None:
    """Fill the waiting order at the open, cut down to what the limits allow at that price."""
    side = positions[symbol, PENDING_SIDE]
    value = positions[symbol, PENDING_VALUE]
    positions[symbol, PENDING_SIDE] = 0.0
    if account[HALTED] != 0.0:
        return
    if parameters[VIRTUAL] == 0.0:
        equity = account[EQUITY]
        stop = positions[symbol, PENDING_STOP]
        value = min(value, largest_value(open_, stop, equity, parameters))
        room = room_left(account[GROSS], account[CASH], side > 0.0, equity, parameters)
        value = min(value, room)
    if not value > 0.0:
        return
    quantity = side * value / open_
    cost = parameters[COST] * value
    account[CASH] -= quantity * open_ + cost
    account[COSTS_PAID] += cost
    account[GROSS] += value
    _record_fill(
        symbol, time, FILL_ENTRY, clocks[symbol, PENDING_DECIDED_AT], quantity, open_, cost,
        fills, fill_keys, counts,
    )  # fmt: skip
    positions[symbol, QUANTITY] = quantity
    positions[symbol, ENTRY_PRICE] = open_
    positions[symbol, STOP] = positions[symbol, PENDING_STOP]
    positions[symbol, TARGET] = positions[symbol, PENDING_TARGET]
    positions[symbol, BARS_LEFT] = parameters[HORIZON]
    positions[symbol, BARS_HELD] = 0.0
    positions[symbol, BEST_MOVE] = 0.0
    positions[symbol, WORST_MOVE] = 0.0
    positions[symbol, SOURCE] = positions[symbol, PENDING_SOURCE]
    clocks[symbol, DECIDED_AT] = clocks[symbol, PENDING_DECIDED_AT]
    clocks[symbol, ENTERED_AT] = time


@njit(cache=True)
def exit_in_bar(
    symbol: int,
    positions: Float64Array,
    clocks: Int64Array,
    account: Float64Array,
    parameters: Float64Array,
    open_: float,
    high: float,
    low: float,
    close: float,
    time: int,
    trades: Float64Array,
    keys: Int64Array,
    fills: Float64Array,
    fill_keys: Int64Array,
    counts: Int64Array,
) -> tuple[int, float]:
    """Carry an open position through the bar; return (1 if a model trade ended, its profit)."""
    direction = 1.0 if positions[symbol, QUANTITY] > 0.0 else -1.0
    positions[symbol, BARS_LEFT] -= 1.0
    positions[symbol, BARS_HELD] += 1.0
    reason, price = bracket_exit(
        direction,
        positions[symbol, STOP],
        positions[symbol, TARGET],
        open_,
        high,
        low,
        close,
        positions[symbol, BARS_LEFT] <= 0.0,
    )
    if reason == EXIT_NONE:
        entry = positions[symbol, ENTRY_PRICE]
        up = direction * (high / entry - 1.0)
        down = direction * (low / entry - 1.0)
        positions[symbol, BEST_MOVE] = max(positions[symbol, BEST_MOVE], max(up, down))
        positions[symbol, WORST_MOVE] = min(positions[symbol, WORST_MOVE], min(up, down))
        return 0, 0.0
    from_model = positions[symbol, SOURCE] == FROM_MODEL
    profit = close_position(
        symbol,
        positions,
        clocks,
        account,
        parameters,
        price,
        reason,
        time,
        trades,
        keys,
        fills,
        fill_keys,
        counts,
    )
    return (1, profit) if from_model else (0, 0.0)
