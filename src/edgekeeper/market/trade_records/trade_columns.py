"""Recognise the columns of tables of trades and of fills by their usual names."""

import re
from collections.abc import Mapping

import polars as pl

from edgekeeper.errors import BadData, nearest
from edgekeeper.market.columns import read_number

__all__ = ["NAMES", "column_of", "numbers_of", "sides_of"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "pair", "instrument", "market", "asset", "contract", "name"),
    "side": ("side", "direction", "type", "position", "action", "buy_sell", "b_s", "long_short"),
    "entry_time": (
        "entry_time", "open_time", "entry_date", "open_date", "date_opened", "opened", "opened_at",
        "entry_at", "entry", "open_timestamp", "buy_date", "date_in", "time_in", "entrytime",
    ),
    "exit_time": (
        "exit_time", "close_time", "exit_date", "close_date", "date_closed", "closed", "closed_at",
        "exit_at", "exit", "close_timestamp", "sell_date", "date_out", "time_out", "exittime",
    ),
    "entry_price": ("entry_price", "open_price", "open_rate", "price_in", "avg_entry", "buy_price"),
    "exit_price": ("exit_price", "close_price", "close_rate", "price_out", "avg_exit",
                   "sell_price"),
    "quantity": (
        "quantity", "qty", "size", "amount", "shares", "volume", "contracts", "units", "lots",
        "filled_qty", "executed", "filled", "exec_qty",
    ),
    "price": ("price", "fill_price", "t_price", "avg_price", "average_price", "filled_avg_price",
              "exec_price", "trade_price", "rate"),
    "profit": (
        "profit", "pnl", "p_l", "net_profit", "net_pnl", "realized_pnl", "realised_pnl",
        "profit_abs", "close_profit_abs", "pl", "profit_loss", "realized_p_l", "gain",
    ),
    "return": ("return", "ret", "return_pct", "profit_pct", "pnl_pct", "profit_ratio", "roi",
               "returns", "profit_percent", "p_l_pct", "return_percent"),
    "cost": ("fee", "fees", "commission", "commissions", "cost", "costs", "comm_fee", "comm",
             "total_fees", "ib_commission"),
    "stake": ("stake", "stake_amount", "notional", "value", "cost_basis", "capital", "invested"),
    "source": ("tag", "enter_tag", "strategy", "signal", "source", "setup", "entry_name"),
    "regime": ("regime", "market_regime"),
    "component": ("component", "model", "sub_strategy"),
    "confidence": ("confidence", "probability", "signal_confidence", "ai_confidence"),
    "time": ("time", "date", "datetime", "date_time", "timestamp", "executed_at", "filled_at",
             "transaction_time", "trade_date", "date_utc", "trade_time", "exec_time"),
}  # fmt: skip
_SIDES = {
    "long": (
        "long", "buy", "b", "l", "bot", "bought", "1", "+1", "1.0", "bto", "btc", "cover",
        "buy_to_open", "buy to open", "buy_to_close", "buy to close", "buy_to_cover",
        "buy to cover",
    ),
    "short": (
        "short", "sell", "s", "sld", "sold", "-1", "-1.0", "sto", "stc", "ss", "sell_short",
        "sell short", "sell_to_open", "sell to open", "sell_to_close", "sell to close",
    ),
}  # fmt: skip


def plain(name: str) -> str:
    """Lower case, words joined by ``_``: ``"Exit Time (UTC)"`` and ``exitTime`` nearly alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip().lstrip("\ufeff"))
    spaced = spaced.replace("%", " pct ").replace("&", " ")
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def column_of(table: pl.DataFrame, role: str) -> str | None:
    """Name of the column that plays a role, or None."""
    known = {plain(name): name for name in reversed(table.columns)}
    known |= {plain(re.sub(r"\(.*?\)", "", name)): name for name in reversed(table.columns)} | known
    return next((known[name] for name in NAMES[role] if name in known), None)


def numbers_of(table: pl.DataFrame, role: str, label: str) -> pl.Series | None:
    """Column of a role as numbers; signs of money and per cent, and thousands, are read.

    Raises
    ------
    BadData
        More than a tenth of the values are text that is no number.
    """
    name = column_of(table, role)
    if name is None:
        return None
    column = table[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace_all(r"[$€£%\s]", "")
        # (12.50) is how accountants write a loss.
        column = column.str.replace(r"^\((.*)\)$", "-${1}")
        column = column.str.replace_all(r",(\d{3})", "${1}")
    values, strange = read_number(column)
    if strange.sum() * 10 > len(values):
        shown = table[name].filter(strange).head(2).to_list()
        raise BadData(f"{label}: expected numbers in {name!r}, got {shown}")
    return values


def sides_of(table: pl.DataFrame, label: str) -> pl.Series | None:
    """Column of sides as ``long`` or ``short``; null where it says neither.

    Raises
    ------
    BadData
        No value is known.
    """
    name = column_of(table, "side")
    if name is None:
        return None
    said = table[name].cast(pl.String).str.strip_chars().str.to_lowercase()
    words = {word: side for side, known in _SIDES.items() for word in known}
    side = said.replace_strict(words, default=None, return_dtype=pl.String)
    if side.null_count() == len(side):
        first = str(said.drop_nulls().head(1).to_list()[:1])
        raise BadData(
            f"{label}: expected long or short, buy or sell in {name!r}, got {first}"
            f"{nearest(first, words)}"
        )
    return side
