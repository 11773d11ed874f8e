"""What comes out of the compiled step: decisions row by row, everything else as records."""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.simulator.records import Records, record_dtype
from edgekeeper.types import Float64Array, Int8Array, Int64Array

__all__ = ["TRADE_COLUMNS", "Fill", "GuardEvent", "Log", "Order", "Tally", "Trade"]

DECISION, DIRECTION, REASON, SOURCE = range(4)

_Kind = TypeVar("_Kind", np.float64, np.int64)


class Trade:
    """A closed trade. Prices and quantities are adjusted ones, returns fractions of the entry."""

    quantity: float  # signed
    entry_price: float  # before costs
    exit_price: float
    gross_return: float
    net_return: float
    profit: float
    costs: float  # both fills and borrowing
    favourable: float
    adverse: float
    symbol: int
    decided_at: int
    entered_at: int
    exited_at: int
    reason: int
    source: int
    bars_held: int


class Fill:
    """One execution."""

    quantity: float  # signed
    price: float  # before costs
    cost: float
    symbol: int
    time: int
    kind: int  # FILL_ENTRY or the exit reason
    decided_at: int


class Order:
    """An accepted proposal."""

    row: int  # within the chunk
    value: float  # account currency; units of 1 / volatility in a virtual book
    stop: float
    target: float


class GuardEvent:
    """A pause, re-arming or halt."""

    instant: int
    event: int
    cause: int
    figure: float  # what was measured


class Tally:
    """How many rows of each kind have been written."""

    trades: int
    guards: int
    fills: int
    orders: int


TRADE, FILL, ORDER = map(record_dtype, (Trade, Fill, Order))
GUARD_EVENT, TALLY = map(record_dtype, (GuardEvent, Tally))
TRADE_COLUMNS = tuple(name for name, kind in Trade.__annotations__.items() if kind is float)


class Log(NamedTuple):
    """Outputs of a chunk, written by the compiled step.

    ``counts`` says how many trades, guard events and fills were written; what lies beyond is not
    initialised: pages that are never written are never fetched.
    """

    verdicts: Int8Array  # [n, 4] decision, direction, reason, source
    equity: Float64Array  # [t, 4]: equity, cash, gross, net
    held: Float64Array  # [t, S] value of positions carried into the bar, or [0, 0]
    opened: Float64Array  # [t, S] value of positions after the open, or [0, 0]
    trade_records: Records  # Trade [m]
    fill_records: Records  # Fill [f]
    guard_records: Records  # GuardEvent [g]
    order_records: Records  # Order [n]
    tally: Records  # Tally [1]

    @classmethod
    def blank(cls, rows: int, instants: int, symbols: int, *, virtual: bool) -> "Log":
        """Space for whatever a chunk may cause: at most one entry a row, two guard events a bar."""
        trades = rows + min(rows, symbols)
        exposure = (instants, symbols) if virtual else (0, 0)
        return cls(
            verdicts=np.empty((rows, 4), np.int8),
            equity=np.empty((instants, 4)),
            held=np.empty(exposure),
            opened=np.empty(exposure),
            trade_records=np.empty(trades, TRADE),
            fill_records=np.empty(rows + trades, FILL),
            guard_records=np.empty(2 * instants, GUARD_EVENT),
            order_records=np.empty(rows, ORDER),
            tally=np.zeros(1, TALLY),
        )

    @property
    def decision(self) -> Int8Array:
        """0 skip, 1 reduce, 2 take, [n]."""
        return self.verdicts[:, DECISION]

    @property
    def direction(self) -> Int8Array:
        """Side of the proposal: 1 long, -1 short, 0 none, [n]."""
        return self.verdicts[:, DIRECTION]

    @property
    def reason(self) -> Int8Array:
        """Index into ``REASONS``, [n]."""
        return self.verdicts[:, REASON]

    @property
    def source(self) -> Int8Array:
        """Who decided: 0 the rules, 1 the model, [n]."""
        return self.verdicts[:, SOURCE]

    @property
    def value(self) -> Float64Array:
        """Value of the order of each row, [n]; zero where there is none."""
        return self._by_row("value")

    @property
    def stop(self) -> Float64Array:
        """Adjusted price of an order's stop, [n]; zero where there is no order."""
        return self._by_row("stop")

    @property
    def target(self) -> Float64Array:
        """Adjusted price of an order's target, [n]; zero where there is no order."""
        return self._by_row("target")

    @property
    def counts(self) -> Int64Array:
        """Number of trades, of guard events and of fills, [3]."""
        return self.tally.view(np.int64)[:3]

    @property
    def trades(self) -> Float64Array:
        """Trades as columns ``TRADE_COLUMNS``, [m, 9]."""
        return _cells(self.trade_records, np.float64)[:, :9]

    @property
    def trade_keys(self) -> Int64Array:
        """Symbol, decided, entered, exited, reason, source, bars held of each trade, [m, 7]."""
        return _cells(self.trade_records, np.int64)[:, 9:]

    @property
    def fills(self) -> Float64Array:
        """Signed quantity, price and cost of each fill, [f, 3]."""
        return _cells(self.fill_records, np.float64)[:, :3]

    @property
    def fill_keys(self) -> Int64Array:
        """Symbol, time, kind and decision time of each fill, [f, 4]."""
        return _cells(self.fill_records, np.int64)[:, 3:]

    @property
    def guards(self) -> Int64Array:
        """Instant within the chunk, event and cause of each guard event, [g, 3]."""
        return _cells(self.guard_records, np.int64)[:, :3]

    @property
    def guard_values(self) -> Float64Array:
        """The figure that caused each guard event, [g]."""
        return _cells(self.guard_records, np.float64)[:, 3]

    def _by_row(self, name: str) -> Float64Array:
        written = self.order_records[: self.tally["orders"][0]]
        values = np.zeros(len(self.verdicts))
        values[written["row"]] = written[name]
        return values


def _cells(records: Records, kind: type[_Kind]) -> NDArray[_Kind]:
    """Read 8-byte fields as a matrix of one kind."""
    return records.view(kind).reshape(len(records), len(records.dtype.names or ()))
