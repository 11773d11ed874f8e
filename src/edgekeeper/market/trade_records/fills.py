"""A broker's list of fills, put together to trades: from flat, to flat."""

import math
from dataclasses import dataclass, field

import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.times import read_instants
from edgekeeper.market.trade_records.record import TradeRecord, make_record
from edgekeeper.market.trade_records.trade_columns import column_of, numbers_of, sides_of

__all__ = ["is_fills", "read_fills"]

_FLAT = 1e-9


def is_fills(table: pl.DataFrame) -> bool:
    """Whether a table has a row for each fill: one time, one price, one quantity."""
    return all(column_of(table, role) for role in ("time", "price", "quantity"))


def read_fills(table: pl.DataFrame, label: str, tz: str = "", dates: str = "") -> TradeRecord:
    """Read fills and match them per symbol; a trade lasts from no position to none again.

    A fill that turns a position around ends one trade and begins the next; its fee is shared by
    quantity. What is still open at the end is left out.

    Raises
    ------
    BadData
        A needed column is missing or unreadable, or no position was ever closed.
    """
    time = read_instants(table[column_of(table, "time") or ""], label, tz, dates)
    quantity, price = numbers_of(table, "quantity", label), numbers_of(table, "price", label)
    assert quantity is not None
    assert price is not None
    side, fee = sides_of(table, label), numbers_of(table, "cost", label)
    said = [] if tz else ["times without a zone are read as UTC (--tz says otherwise)"]
    if side is not None:
        bought = quantity.abs().zip_with((side == "long").fill_null(False), -quantity.abs())
        quantity = bought.zip_with(side.is_not_null(), bought.clear(len(bought)))
    elif (quantity >= 0).all():
        raise BadData(
            f"{label}: expected a column with buy or sell, or quantities with a sign, got "
            f"{table.columns[:12]}: without it buys and sells look alike"
        )
    symbol = column_of(table, "symbol")
    if symbol is None:
        said.append("no symbol is recorded: all fills are taken as of one")
    if fee is None:
        said.append("fees are not recorded")
    rows = table.height
    unnamed = pl.repeat("unnamed", rows, dtype=pl.String, eager=True)
    unknown = pl.repeat(float("nan"), rows, dtype=pl.Float64, eager=True)
    fills = pl.DataFrame(
        {
            "symbol": unnamed if symbol is None else table[symbol].cast(pl.String),
            "time": time,
            "quantity": quantity,
            "price": price,
            "fee": unknown if fee is None else fee.abs().fill_null(float("nan")),
        }
    )
    usable = fills.drop_nulls(["symbol", "time", "quantity", "price"]).filter(
        (pl.col("quantity") != 0.0) & (pl.col("price") > 0.0)
    )
    lost = fills.height - usable.height
    if lost:
        what = "1 fill" if lost == 1 else f"{lost} fills"
        said.append(f"left out: {what} without a time, side, quantity or price")
    trades, opened = _round_trips(usable.sort("time", maintain_order=True))
    said.append("fills are put together to trades from flat to flat, per symbol")
    return make_record(
        trades, net=fee is not None, origin="list of fills", open_trades=opened,
        assumptions=tuple(said),
    )  # fmt: skip


@dataclass(slots=True)
class _Position:
    """A position being built up and taken down again."""

    held: float = 0.0
    opened: int = 0
    direction: float = 0.0
    invested: float = 0.0
    cash: float = 0.0
    fee: float = 0.0
    rows: list[dict[str, object]] = field(default_factory=list)

    def fill(self, symbol: str, time: int, quantity: float, price: float, fee: float) -> None:
        """Take one fill; a turn is a fill to flat and one from flat."""
        turning = self.held * quantity < 0.0 and abs(quantity) > abs(self.held) * (1.0 + _FLAT)
        if turning:
            share = abs(self.held) / abs(quantity)
            rest = quantity + self.held
            self.fill(symbol, time, -self.held, price, fee * share)
            self.fill(symbol, time, rest, price, fee * (1.0 - share))
            return
        if self.held == 0.0:
            self.opened, self.direction = time, 1.0 if quantity > 0 else -1.0
            self.invested = self.cash = self.fee = 0.0
        if quantity * self.direction > 0.0:
            self.invested += abs(quantity) * price
        self.cash -= quantity * price
        self.fee += fee
        largest = max(abs(self.held), abs(quantity))
        self.held += quantity
        if abs(self.held) <= _FLAT * largest:
            self.held = 0.0
            # A fee that is not known is not taken off; the record then says so.
            profit = self.cash - (0.0 if math.isnan(self.fee) else self.fee)
            self.rows.append(
                {
                    "symbol": symbol,
                    "side": "long" if self.direction > 0 else "short",
                    "entry_time": self.opened,
                    "exit_time": time,
                    "stake": self.invested,
                    "profit": profit,
                    "cost": self.fee,
                    "source": "",
                }
            )


def _round_trips(fills: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    positions: dict[str, _Position] = {}
    for symbol, time, quantity, price, fee in fills.iter_rows():
        positions.setdefault(symbol, _Position()).fill(symbol, time, quantity, price, fee)
    rows = [row for position in positions.values() for row in position.rows]
    return pl.DataFrame(rows), sum(position.held != 0.0 for position in positions.values())
