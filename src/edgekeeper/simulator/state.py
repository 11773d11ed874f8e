"""Layout of a book's state, parameters and logs: plain arrays that a compiled step can carry.

A book is an account (one cash balance, limits, guards) or the virtual book of a line (positions of
equal predicted volatility, no limits). Both are the same arrays and the same step.
"""

from dataclasses import dataclass

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = [
    "GUARD_CAUSES",
    "GUARD_EVENTS",
    "REASONS",
    "TRADE_COLUMNS",
    "BookState",
]

# One row of `positions` a symbol. Prices are adjusted prices, quantities adjusted units.
(
    QUANTITY,  # signed; 0 = flat
    ENTRY_PRICE,  # before costs
    STOP,
    TARGET,
    BARS_LEFT,  # closes until the time barrier
    BARS_HELD,
    LAST_PRICE,
    BEST_MOVE,  # greatest favourable move so far, as a fraction of the entry price
    WORST_MOVE,  # greatest adverse move so far, a negative fraction
    SOURCE,  # FROM_RULES or FROM_MODEL
    PENDING_SIDE,  # +1, -1 or 0: order waiting for the next open
    PENDING_VALUE,  # account currency, or volatility units in a virtual book
    PENDING_STOP,
    PENDING_TARGET,
    PENDING_SOURCE,
    N_POSITION_FIELDS,
) = range(16)

# `clocks`, int64 [S, 3]
DECIDED_AT, ENTERED_AT, PENDING_DECIDED_AT = range(3)

(
    CASH,
    EQUITY,
    PEAK_EQUITY,
    DAY,
    DAY_START_EQUITY,
    GROSS,
    NET,
    OPEN_COUNT,
    LOSS_STREAK,
    MODEL_RETURN,  # sum of the champion's closed and open results, as a fraction of equity
    MODEL_PEAK,
    PAUSED,
    PAUSED_BARS,
    HALTED,
    SLOW_COUNT,
    COSTS_PAID,
    N_ACCOUNT_FIELDS,
) = range(17)

(
    COST,
    BORROW_PER_BAR,
    TARGET_WIDTH,  # barrier distances in units of volatility over the horizon
    STOP_WIDTH,
    HORIZON,
    TAKE_ABOVE,
    REDUCE_ABOVE,
    REDUCE_SIZE,
    MAX_NOVELTY,
    SHORTING,
    MAX_POSITION,
    MAX_POSITIONS,
    MAX_RISK,
    MAX_GROSS,
    STREAK_LIMIT,
    MODEL_DRAWDOWN,
    LATENCY_LIMIT_MS,
    LATENCY_TIMES,
    REARM_AFTER_BARS,
    ACCOUNT_DRAWDOWN,
    DAILY_LOSS,
    VIRTUAL,
    FALLBACK,  # FALLBACK_CASH or FALLBACK_RULES
    HAS_MODEL,
    N_PARAMETERS,
) = range(25)

FALLBACK_CASH, FALLBACK_RULES = 0.0, 1.0
FROM_RULES, FROM_MODEL = 0, 1
SKIP, REDUCE, TAKE = 0, 1, 2

# Why a decision came out as it did, in the order in which the questions are asked.
(
    ACCEPTED,
    STALE,
    WARMING_UP,
    NO_SIGNAL,
    NO_CHAMPION,
    MODEL_PAUSED,
    UNFAMILIAR,
    BELOW_COST,
    BELOW_BAND,
    NO_SHORTING,
    POSITION_OPEN,
    TOO_MANY_POSITIONS,
    NO_ROOM,
    ACCOUNT_HALTED,
) = range(14)

REASONS = (
    "accepted",
    "data too old",
    "warming up: not enough bars yet",
    "no rule signal",
    "no champion, and no rule signal",
    "model paused, and no rule signal",
    "out of distribution: the model has not seen such a market",
    "expected return does not cover its costs",
    "probability below the band",
    "shorting is switched off",
    "a position of this side is already open",
    "limit reached: number of positions",
    "limit reached: no cash or exposure left",
    "account halted",
)

PAUSE, REARM, HALT, RESUME = range(4)
GUARD_EVENTS = ("pause", "rearm", "halt", "resume")
(
    CAUSE_STREAK,
    CAUSE_MODEL_DRAWDOWN,
    CAUSE_LATENCY,
    CAUSE_MODEL_MISSING,
    CAUSE_ACCOUNT_DRAWDOWN,
    CAUSE_DAILY_LOSS,
    CAUSE_OPERATOR,
    CAUSE_BROKEN_NUMBERS,
) = range(8)
GUARD_CAUSES = (
    "losses in a row",
    "the model's own drawdown",
    "prediction latency",
    "forecast missing or not a number",
    "account drawdown",
    "daily loss",
    "operator",
    "equity is not a number",
)

TRADE_COLUMNS = (
    "quantity",
    "entry_price",
    "exit_price",
    "gross_return",
    "net_return",
    "profit",
    "costs",
    "favourable",
    "adverse",
)


@dataclass(frozen=True, slots=True)
class BookState:
    """Everything a book remembers between two bars: three arrays, saved and restored as bytes.

    Attributes
    ----------
    positions : float64 [S, 15]
    clocks : int64 [S, 3]
    account : float64 [16]
    """

    positions: Float64Array
    clocks: Int64Array
    account: Float64Array

    @classmethod
    def start(cls, symbols: int, cash: float) -> "BookState":
        """Flat, with ``cash``."""
        positions = np.zeros((symbols, N_POSITION_FIELDS))
        positions[:, LAST_PRICE] = np.nan
        account = np.zeros(N_ACCOUNT_FIELDS)
        account[[CASH, EQUITY, PEAK_EQUITY, DAY_START_EQUITY]] = cash
        account[DAY] = -1
        return cls(positions, np.zeros((symbols, 3), dtype=np.int64), account)

    def to_bytes(self) -> bytes:
        """Serialise; :meth:`from_bytes` gives the same state to the bit."""
        return self.positions.tobytes() + self.clocks.tobytes() + self.account.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, symbols: int) -> "BookState":
        """Read what :meth:`to_bytes` wrote for the same number of symbols."""
        first = symbols * N_POSITION_FIELDS * 8
        second = first + symbols * 3 * 8
        shape = (symbols, N_POSITION_FIELDS)
        return cls(
            np.frombuffer(data[:first], dtype=np.float64).reshape(shape).copy(),
            np.frombuffer(data[first:second], dtype=np.int64).reshape(symbols, 3).copy(),
            np.frombuffer(data[second:], dtype=np.float64).copy(),
        )
