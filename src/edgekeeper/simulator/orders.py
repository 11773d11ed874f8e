"""What happens to orders and positions inside one bar of one symbol."""

import math

from edgekeeper.fills import EXIT_NONE, EXIT_STOP, EXIT_TARGET, bracket_exit
from edgekeeper.simulator.compiled import compiled
from edgekeeper.simulator.limits import largest_value, room_left
from edgekeeper.simulator.log import Fill, Tally, Trade
from edgekeeper.simulator.parameters import Parameters
from edgekeeper.simulator.reasons import FROM_MODEL
from edgekeeper.simulator.state import Account, Position

__all__ = ["EXIT_FLATTENED", "EXIT_OPPOSITE", "FILL_ENTRY", "carry", "close_position", "enter"]

EXIT_OPPOSITE = 4  # closed because the other side was taken
EXIT_FLATTENED = 5  # closed at the open by order, while the account is halted
FILL_ENTRY = 0  # otherwise a fill's kind is the exit reason


@compiled
def enter(
    position: Position,
    account: Account,
    parameters: Parameters,
    open_: float,
    time: int,
    fill: Fill,
    tally: Tally,
) -> None:
    """Fill the waiting order at the open, cut down to what the limits allow at that price.

    Equity and exposure are those of the last close, the newest that was known before the open.
    """
    side, value = position.pending_side, position.pending_value
    position.pending_side = 0
    account.order_count -= 1
    if account.halted:
        return
    if not parameters.virtual:
        if account.open_count >= parameters.max_positions:
            return
        equity = account.equity
        value = min(value, largest_value(open_, position.pending_stop, equity, parameters))
        value = min(value, room_left(account.gross, account.cash, side > 0, equity, parameters))
    if not 0.0 < value < math.inf:
        return
    quantity = side * value / open_
    cost = parameters.cost * value
    account.cash -= quantity * open_ + cost
    account.gross += value
    account.open_count += 1
    position.quantity = quantity
    position.last_price = open_
    position.entry_price = open_
    position.stop = position.pending_stop
    position.target = position.pending_target
    position.bars_left = parameters.horizon
    position.bars_held = 0
    position.highest = open_
    position.lowest = open_
    position.borrow_paid = 0.0
    position.source = position.pending_source
    position.decided_at = position.pending_decided_at
    position.entered_at = time
    _charge(cost, position, account)
    _record_fill(position, time, FILL_ENTRY, quantity, open_, cost, fill, tally)


@compiled
def carry(
    position: Position,
    account: Account,
    parameters: Parameters,
    open_: float,
    high: float,
    low: float,
    close: float,
    time: int,
    trade: Trade,
    fill: Fill,
    tally: Tally,
) -> None:
    """Take an open position through the bar: borrowing, then out by its bracket or marked."""
    direction = 1.0 if position.quantity > 0.0 else -1.0
    position.bars_left -= 1
    position.bars_held += 1
    if direction < 0.0 and parameters.borrow_per_bar > 0.0:
        borrow = -position.quantity * position.entry_price * parameters.borrow_per_bar
        account.cash -= borrow
        position.borrow_paid += borrow
        _charge(borrow, position, account)
    reason, price = bracket_exit(
        direction,
        position.stop,
        position.target,
        open_,
        high,
        low,
        close,
        position.bars_left <= 0,
    )
    _reach(position, open_, high, low, reason, price)
    if reason != EXIT_NONE:
        close_position(position, account, parameters, price, reason, time, trade, fill, tally)
        return
    if position.source == FROM_MODEL:
        account.model_gain += position.quantity * (close - position.last_price)
    position.last_price = close


@compiled
def close_position(
    position: Position,
    account: Account,
    parameters: Parameters,
    price: float,
    reason: int,
    time: int,
    trade: Trade,
    fill: Fill,
    tally: Tally,
) -> None:
    """Sell (buy back) everything at ``price`` and log the trade."""
    quantity, entry = position.quantity, position.entry_price
    value, entry_value = abs(quantity) * price, abs(quantity) * entry
    cost = parameters.cost * value
    costs = cost + parameters.cost * entry_value + position.borrow_paid
    gross_profit = quantity * (price - entry)
    profit = gross_profit - costs
    move = gross_profit / entry_value
    account.cash += quantity * price - cost
    account.gross -= abs(quantity) * position.last_price
    account.open_count -= 1
    if position.source == FROM_MODEL:
        account.model_exits += 1
        account.model_profit += profit
        account.model_gain += quantity * (price - position.last_price)
    _charge(cost, position, account)
    position.quantity = 0.0
    _record_fill(position, time, reason, -quantity, price, cost, fill, tally)
    trade.quantity = quantity
    trade.entry_price = entry
    trade.exit_price = price
    trade.gross_return = move
    trade.net_return = profit / entry_value
    trade.profit = profit
    trade.costs = costs
    highest, lowest = max(position.highest, price), min(position.lowest, price)
    up, down = highest / entry - 1.0, lowest / entry - 1.0
    trade.favourable, trade.adverse = (up, down) if quantity > 0.0 else (-down, -up)
    trade.symbol = position.symbol
    trade.decided_at = position.decided_at
    trade.entered_at = position.entered_at
    trade.exited_at = time
    trade.reason = reason
    trade.source = position.source
    trade.bars_held = position.bars_held
    tally.trades += 1


@compiled
def _charge(cost: float, position: Position, account: Account) -> None:
    account.costs_paid += cost
    if position.source == FROM_MODEL:
        account.model_gain -= cost


@compiled
def _reach(
    position: Position, open_: float, high: float, low: float, reason: int, price: float
) -> None:
    """Widen the range of prices seen by what surely happened in the bar before the exit.

    A bar does not say whether its far side came before a stop, so only its open and the exit
    count then; before a target the adverse side is counted, to be on the safe side.
    """
    if reason == EXIT_STOP:
        high, low = max(open_, price), min(open_, price)
    elif reason == EXIT_TARGET and price == open_:
        high, low = price, price
    elif reason == EXIT_TARGET and position.quantity > 0.0:
        high = price
    elif reason == EXIT_TARGET:
        low = price
    position.highest = max(position.highest, high)
    position.lowest = min(position.lowest, low)


@compiled
def _record_fill(
    position: Position,
    time: int,
    kind: int,
    quantity: float,
    price: float,
    cost: float,
    fill: Fill,
    tally: Tally,
) -> None:
    fill.quantity = quantity
    fill.price = price
    fill.cost = cost
    fill.symbol = position.symbol
    fill.time = time
    fill.kind = kind
    fill.decided_at = position.decided_at
    tally.fills += 1
