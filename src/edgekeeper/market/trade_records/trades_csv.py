"""Tables of round trips: one row a trade, with whatever columns its owner kept."""

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.times import read_instants
from edgekeeper.market.trade_records.record import TradeRecord, make_record
from edgekeeper.market.trade_records.trade_columns import column_of, numbers_of, sides_of

__all__ = ["is_trades", "read_trades_table"]


def is_trades(table: pl.DataFrame) -> bool:
    """Whether a table has a row for each trade: it knows when trades ended, or what they made."""
    made = any(column_of(table, role) for role in ("profit", "return"))
    return column_of(table, "exit_time") is not None or made


def read_trades_table(
    table: pl.DataFrame, label: str, tz: str = "", dates: str = ""
) -> TradeRecord:
    """Read a table of trades.

    Needed are the time of the exit (or one time) and either a profit, a return, or prices of
    entry and exit. Returns alone are read as trades of one unit each.

    Raises
    ------
    BadData
        A needed column is missing or unreadable.
    """
    said: list[str] = []
    exit_name = column_of(table, "exit_time") or column_of(table, "time")
    if exit_name is None:
        raise BadData(
            f"{label}: expected a column with the time of exit, such as exit_time, got "
            f"{table.columns[:12]}"
        )
    exit_time = read_instants(table[exit_name], label, tz, dates)
    entry_name = column_of(table, "entry_time")
    if entry_name is None:
        said.append("times of entry are not recorded: those of exits stand for them")
        entry_time = exit_time
    else:
        entry_time = read_instants(table[entry_name], label, tz, dates)
    if not tz:
        said.append("times without a zone are read as UTC (--tz says otherwise)")
    side = sides_of(table, label)
    if side is None:
        said.append("no side is recorded: all trades are taken as long")
        side = pl.repeat("long", table.height, dtype=pl.String, eager=True)
    side = side.fill_null("unknown")
    money = _Money(table, label, side)
    said += money.said
    symbol = column_of(table, "symbol")
    missing = pl.repeat(None, table.height, dtype=pl.String, eager=True)
    named = {
        role: missing if column is None else table[column].cast(pl.String)
        for role in ("source", "regime", "component")
        for column in (column_of(table, role),)
    }
    confidence = numbers_of(table, "confidence", label)
    rows = pl.DataFrame(
        {
            "symbol": missing if symbol is None else table[symbol].cast(pl.String),
            "side": side,
            "entry_time": entry_time,
            "exit_time": exit_time,
            "stake": money.stake,
            "profit": money.profit,
            "cost": money.cost,
            **named,
            "confidence": missing if confidence is None else confidence,
        }
    )
    return make_record(rows, net=money.net, origin="table of trades", assumptions=tuple(said))


class _Money:
    """Stake, profit and cost of each trade, derived where not given."""

    def __init__(self, table: pl.DataFrame, label: str, side: pl.Series) -> None:
        def numbers(role: str) -> pl.Series | None:
            return numbers_of(table, role, label)

        nothing = pl.repeat(None, table.height, dtype=pl.Float64, eager=True)
        profit, ratio = numbers("profit"), numbers("return")
        entry, exit_ = numbers("entry_price"), numbers("exit_price")
        quantity, cost = numbers("quantity"), numbers("cost")
        stake = numbers("stake")
        self.said: list[str] = []
        if stake is None and entry is not None and quantity is not None:
            stake = entry * quantity.abs()
        self.net = True
        if profit is not None:
            self.said.append("recorded profits are taken as net of costs")
        elif ratio is not None:
            ratio = self._fraction(ratio, column_of(table, "return") or "")
            if stake is None:
                self.said.append("no stakes are recorded: each trade counts as one unit")
                stake = pl.repeat(1.0, table.height, dtype=pl.Float64, eager=True)
            profit = ratio * stake
            self.said.append("recorded returns are taken as net of costs")
        elif entry is not None and exit_ is not None:
            size = quantity.abs() if quantity is not None else 1.0 / entry
            stake = entry * size
            profit = (exit_ - entry) * size
            profit = profit.zip_with(side != "short", -profit)
            self.net = False
        else:
            raise BadData(
                f"{label}: expected a column with profit, return, or entry_price and exit_price, "
                f"got {table.columns[:12]}"
            )
        self.profit = profit
        self.stake = nothing if stake is None else stake
        self.cost = nothing if cost is None else cost.abs()

    def _fraction(self, ratio: pl.Series, name: str) -> pl.Series:
        """Returns in per cent, by name or by size, as fractions."""
        typical = float(np.nanmedian(ratio.abs().drop_nulls().to_numpy())) if len(ratio) else 0.0
        named = any(word in name.lower() for word in ("pct", "percent", "%"))
        if named or typical > 0.5:
            self.said.append(f"{name!r} is read as per cent")
            return ratio / 100.0
        return ratio
