"""What a book remembers between two bars: one account and one position a symbol.

A book is an account (one cash balance, limits, guards) or the virtual book of a line (positions of
equal predicted volatility, no limits). Both are the same records and the same step.
"""

from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.simulator.records import Records, record_dtype

__all__ = ["ACCOUNT", "POSITION", "Account", "BookState", "Position"]


class Position:
    """Open position of a symbol and the order waiting for its next bar.

    Prices are adjusted prices, quantities adjusted units, times int64 nanoseconds UTC.
    """

    symbol: int
    quantity: float  # signed; 0 = flat
    last_price: float  # at which it was last marked
    stop: float
    target: float
    entry_price: float  # before costs
    bars_left: int  # closes until the time barrier
    bars_held: int
    highest: float  # prices seen since the entry, as far as a bar tells their order
    lowest: float
    borrow_paid: float
    source: int  # FROM_RULES or FROM_MODEL
    decided_at: int
    entered_at: int
    pending_side: int  # +1, -1, or 0: no order waiting
    pending_value: float  # account currency, or units of 1 / volatility in a virtual book
    pending_stop: float
    pending_target: float
    pending_source: int
    pending_decided_at: int
    # A proposal until it is admitted; the other fields of an order are those pending ones.
    draft_side: int
    draft_share: float  # of the largest value allowed
    draft_expected: float  # net return expected; 0 where the rules decided


class Account:
    """Money, guards, and the tallies of the running bar."""

    cash: float
    equity: float
    gross: float  # value of all positions, shorts counted positive
    net: float
    open_count: int
    order_count: int  # orders waiting for their symbol's next bar
    costs_paid: float
    peak_equity: float
    day_end: int  # of the UTC day, ns
    day_start_equity: float
    halted: bool
    flattens: bool  # while halted: close each position at its next open
    paused: bool
    paused_bars: int
    loss_streak: int
    slow_count: int
    model_return: float  # sum of the model's closed and open results, as fractions of equity
    model_peak: float
    # The model's trades in the running bar; zero between bars.
    model_exits: int
    model_profit: float
    model_gain: float
    equity_before: float
    # The account as it would stand if every order sent so far were filled at the last prices.
    planned_cash: float
    planned_gross: float
    planned_count: int


POSITION = record_dtype(Position)
ACCOUNT = record_dtype(Account)


@dataclass(frozen=True, slots=True)
class BookState:
    """Everything a book remembers, saved and restored as bytes.

    Attributes
    ----------
    positions : Position [S]
    account : Account [1]
    """

    positions: Records
    account: Records

    @classmethod
    def start(cls, symbols: int, cash: float) -> "BookState":
        """Flat, with ``cash``."""
        positions = np.zeros(symbols, POSITION)
        positions["symbol"] = np.arange(symbols)
        positions["last_price"] = np.nan
        account = np.zeros(1, ACCOUNT)
        for name in ("cash", "equity", "equity_before", "peak_equity", "day_start_equity"):
            account[name] = cash
        account["day_end"] = np.iinfo(np.int64).min
        return cls(positions, account)

    def to_bytes(self) -> bytes:
        """Serialise; :meth:`from_bytes` gives the same state to the bit."""
        return self.positions.tobytes() + self.account.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, symbols: int) -> "BookState":
        """Read what :meth:`to_bytes` wrote for the same number of symbols.

        Raises
        ------
        BadData
            Not as many bytes as such a state has.
        """
        end = symbols * POSITION.itemsize
        if len(data) != end + ACCOUNT.itemsize:
            raise BadData(
                f"expected {end + ACCOUNT.itemsize} bytes for a book of {symbols} symbols, got "
                f"{len(data)}: it was saved for other symbols or by another version; replay "
                "rebuilds it"
            )
        return cls(
            np.frombuffer(data[:end], POSITION).copy(),
            np.frombuffer(data[end:], ACCOUNT).copy(),
        )
