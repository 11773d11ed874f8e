"""The compiled step: carries a book over a chunk of instants, whatever the chunk's length.

At each instant, in this order: orders fill at the open; brackets exit inside the bar; positions
are marked at the close; guards look; then, at the close, the next orders are decided. The same
code is the back-test, the paper broker and the virtual book of a line.
"""

import math

from numba import njit

from edgekeeper.simulator.admission import draft, place_orders
from edgekeeper.simulator.chunk import CLOSE, HIGH, LOW, OPEN, Chunk
from edgekeeper.simulator.compiled import compiled, inlined
from edgekeeper.simulator.guards import guard_account, guard_model
from edgekeeper.simulator.log import DECISION, DIRECTION, REASON, SOURCE, Log, Tally
from edgekeeper.simulator.orders import (
    EXIT_FLATTENED,
    EXIT_OPPOSITE,
    carry,
    close_position,
    enter,
)
from edgekeeper.simulator.parameters import Parameters
from edgekeeper.simulator.policy import follow_rules, is_forecast, judge, readiness
from edgekeeper.simulator.reasons import (
    ACCEPTED,
    BELOW_BAND,
    FROM_MODEL,
    FROM_RULES,
    REDUCE,
    SKIP,
    WAITING,
)
from edgekeeper.simulator.records import Records
from edgekeeper.simulator.sizing import position_share
from edgekeeper.simulator.state import Account
from edgekeeper.types import Float64Array, Int32Array

__all__ = ["advance"]

_DAY_NS = 86_400 * 10**9


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    chunk: Chunk, positions: Records, accounts: Records, parameter_sets: Records, log: Log
) -> None:
    """Carry a book over all instants of a chunk, changing state in place and writing the log.

    Results do not depend on how a history is cut into chunks.
    """
    account, parameters, tally = accounts[0], parameter_sets[0], log.tally[0]
    by_model, virtual = parameters.has_model, parameters.virtual
    # Taken out of their tuples once: each access would count a reference, atomically.
    times, offsets, symbols = chunk.time, chunk.offsets, chunk.symbol
    prices, volatility, rules, fresh = chunk.prices, chunk.volatility, chunk.rule, chunk.fresh
    modelled, policies = chunk.by_model, chunk.policy
    probability, expected, novelty = chunk.probability, chunk.expected, chunk.novelty
    verdicts, orders, equity, opened = log.verdicts, log.order_records, log.equity, log.opened
    trades, fills, guards = log.trade_records, log.fill_records, log.guard_records
    for instant in range(len(times)):
        time, first, last = times[instant], offsets[instant], offsets[instant + 1]
        if time >= account.day_end:
            _begin_day(time, account)
        if virtual:
            _note_exposure(positions, instant, log.held, opened)
        moves = account.order_count > 0 or account.open_count > 0
        if account.order_count > 0:
            _fill_orders(
                first, last, symbols, prices, time, positions, account, parameters, trades, fills,
                tally,
            )  # fmt: skip
        if moves:
            account.equity_before = account.equity
            for row in range(first, last):
                position = positions[symbols[row]]
                if virtual:
                    opened[instant, symbols[row]] = position.quantity * prices[row, OPEN]
                if position.quantity != 0.0 and account.flattens:
                    close_position(
                        position, account, parameters, prices[row, OPEN], EXIT_FLATTENED, time,
                        trades[tally.trades], fills[tally.fills], tally,
                    )  # fmt: skip
                elif position.quantity != 0.0:
                    carry(
                        position, account, parameters, prices[row, OPEN], prices[row, HIGH],
                        prices[row, LOW], prices[row, CLOSE], time, trades[tally.trades],
                        fills[tally.fills], tally,
                    )  # fmt: skip
            _mark(positions, account)
        equity[instant, 0], equity[instant, 1] = account.equity, account.cash
        equity[instant, 2], equity[instant, 3] = account.gross, account.net
        if by_model and not virtual:
            missing = False
            for row in range(first, last):
                missing |= modelled[row] != 0 and volatility[row] > 0.0 and not is_forecast(
                    probability[row, 0], probability[row, 1],
                    expected[row, 0], expected[row, 1], novelty[row],
                )  # fmt: skip
            guard_model(
                account, parameters, instant, chunk.latency_ms[instant], missing,
                guards[tally.guards], tally,
            )  # fmt: skip
        if moves and not virtual:
            guard_account(account, parameters, instant, guards[tally.guards], tally)
        waiting = False
        for row in range(first, last):
            reason = readiness(fresh[row], volatility[row])
            decision, direction, source = SKIP, int(rules[row]), FROM_RULES
            chance, policy = math.nan, parameters
            if reason == ACCEPTED and by_model and modelled[row] != 0 and not account.paused:
                source, policy = FROM_MODEL, parameter_sets[policies[row]]
                decision, direction, reason, expectation = judge(
                    probability[row, 0], probability[row, 1], expected[row, 0], expected[row, 1],
                    novelty[row], volatility[row], policy,
                )  # fmt: skip
                chance = probability[row, 0 if direction > 0 else 1]
            elif reason == ACCEPTED:
                decision, direction, reason, expectation = follow_rules(direction, parameters)
            share = 0.0
            if decision != SKIP:
                share = position_share(source, decision == REDUCE, chance, volatility[row], policy)
                if not share > 0.0:
                    decision, reason = SKIP, BELOW_BAND
            if decision != SKIP:
                reason, waiting = WAITING, True
                draft(
                    positions[symbols[row]], direction, share, source, expectation,
                    prices[row, CLOSE], volatility[row], time, policy,
                )  # fmt: skip
            verdicts[row, DECISION], verdicts[row, DIRECTION] = decision, direction
            verdicts[row, REASON], verdicts[row, SOURCE] = reason, source
        if waiting:
            place_orders(
                first, last, symbols, prices, positions, account, parameters, verdicts, orders,
                tally,
            )  # fmt: skip


@compiled
def _begin_day(time: int, account: Account) -> None:
    """Losses of a day are measured from the equity at its (UTC) start."""
    account.day_end = (time // _DAY_NS + 1) * _DAY_NS
    account.day_start_equity = account.equity


@compiled
def _note_exposure(
    positions: Records, instant: int, held: Float64Array, opened: Float64Array
) -> None:
    """Note the value of what is held into the bar; ``opened`` is corrected where a bar opens."""
    for symbol in range(positions.shape[0]):
        position = positions[symbol]
        value = 0.0
        if position.quantity != 0.0:
            value = position.quantity * position.last_price
        held[instant, symbol] = value
        opened[instant, symbol] = value


@inlined
def _fill_orders(
    first: int,
    last: int,
    symbols: Int32Array,
    prices: Float64Array,
    time: int,
    positions: Records,
    account: Account,
    parameters: Parameters,
    trades: Records,
    fills: Records,
    tally: Tally,
) -> None:
    """Fill what waits for this instant's open: positions taken the other way first leave room."""
    for row in range(first, last):
        position = positions[symbols[row]]
        opposite = position.pending_side != 0 and position.quantity != 0.0
        if opposite and not account.flattens:
            close_position(
                position, account, parameters, prices[row, OPEN], EXIT_OPPOSITE, time,
                trades[tally.trades], fills[tally.fills], tally,
            )  # fmt: skip
    for row in range(first, last):
        position = positions[symbols[row]]
        if position.pending_side != 0:
            enter(position, account, parameters, prices[row, OPEN], time, fills[tally.fills], tally)


@inlined
def _mark(positions: Records, account: Account) -> None:
    """Value everything at the last prices."""
    gross, net = 0.0, 0.0
    for symbol in range(positions.shape[0]):
        position = positions[symbol]
        if position.quantity != 0.0:
            value = position.quantity * position.last_price
            gross += abs(value)
            net += value
    account.gross = gross
    account.net = net
    account.equity = account.cash + net
