"""From proposals to orders: position rules, limits and the halt have their say."""

import math

from edgekeeper.simulator.chunk import CLOSE
from edgekeeper.simulator.compiled import compiled, inlined
from edgekeeper.simulator.limits import largest_value, room_left
from edgekeeper.simulator.log import DECISION, REASON, Tally
from edgekeeper.simulator.parameters import Parameters
from edgekeeper.simulator.reasons import (
    ACCEPTED,
    ACCOUNT_HALTED,
    NO_ROOM,
    POSITION_OPEN,
    SKIP,
    TOO_MANY_POSITIONS,
    WAITING,
)
from edgekeeper.simulator.records import Records
from edgekeeper.simulator.state import Account, Position
from edgekeeper.types import Float64Array, Int8Array, Int32Array

__all__ = ["draft", "place_orders"]


@compiled
def draft(
    position: Position,
    direction: int,
    share: float,
    source: int,
    expected: float,
    close: float,
    volatility: float,
    time: int,
    parameters: Parameters,
) -> None:
    """Write down a proposed order, bracket and wanted size; it does not count until admitted."""
    width = volatility * math.sqrt(parameters.horizon)
    position.draft_side = direction
    position.draft_share = share
    position.draft_expected = expected
    position.pending_value = share / volatility
    position.pending_stop = close * (1.0 - direction * parameters.stop_width * width)
    position.pending_target = close * (1.0 + direction * parameters.target_width * width)
    position.pending_source = source
    position.pending_decided_at = time


@inlined
def place_orders(
    first: int,
    last: int,
    symbols: Int32Array,
    prices: Float64Array,
    positions: Records,
    account: Account,
    parameters: Parameters,
    verdicts: Int8Array,
    orders: Records,
    tally: Tally,
) -> None:
    """Admit the drafts of an instant; where room is short, larger expectation goes first."""
    _plan(positions, account)
    row = first
    while row < last:
        row = last
        for other in range(first, last):
            if verdicts[other, REASON] == WAITING and (
                row == last
                or positions[symbols[other]].draft_expected > positions[symbols[row]].draft_expected
            ):
                row = other
        if row < last:
            position = positions[symbols[row]]
            reason = _admit(position, prices[row, CLOSE], account, parameters)
            verdicts[row, REASON] = reason
            if reason == ACCEPTED:
                order = orders[tally.orders]
                order.row = row
                order.value = position.pending_value
                order.stop = position.pending_stop
                order.target = position.pending_target
                tally.orders += 1
            else:
                verdicts[row, DECISION] = SKIP


@inlined
def _plan(positions: Records, account: Account) -> None:
    """Count orders still waiting for a symbol that had no bar as if they were filled."""
    account.planned_cash = account.cash
    account.planned_gross = account.gross
    account.planned_count = account.open_count
    for symbol in range(positions.shape[0] if account.order_count > 0 else 0):
        position = positions[symbol]
        if position.pending_side != 0:
            held = position.quantity * position.last_price if position.quantity != 0.0 else 0.0
            account.planned_cash += held - position.pending_side * position.pending_value
            account.planned_gross += position.pending_value - abs(held)
            account.planned_count += 1 if held == 0.0 else 0


@compiled
def _admit(position: Position, close: float, account: Account, parameters: Parameters) -> int:
    """Turn a draft into an order for the next open, or return why not."""
    direction, held = position.draft_side, position.quantity
    if held * direction > 0.0:
        return POSITION_OPEN
    if not parameters.virtual:
        if held == 0.0 and account.planned_count >= parameters.max_positions:
            return TOO_MANY_POSITIONS
        equity = account.equity
        gross = account.planned_gross - abs(held) * close
        cash = account.planned_cash + held * close
        largest = largest_value(close, position.pending_stop, equity, parameters)
        room = room_left(gross, cash, direction > 0, equity, parameters)
        value = min(position.draft_share * largest, room)
        if not value > 0.0:
            return NO_ROOM
        if account.halted:
            return ACCOUNT_HALTED
        position.pending_value = value
        account.planned_gross = gross + value
        account.planned_count += 1 if held == 0.0 else 0
        account.planned_cash = cash - direction * value - parameters.cost * value
    account.order_count += 1
    position.pending_side = direction
    return ACCEPTED
