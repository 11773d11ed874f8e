"""Recognise the usual names of bar columns, whatever their case."""

import re

import polars as pl

from edgekeeper.errors import BadData, nearest

__all__ = ["NUMBERS", "holds_numbers", "is_label", "read_number", "recognise"]

NUMBERS = ("open", "high", "low", "close", "adj_close", "volume")

_NAMES = {
    "time": (
        "timestamp", "datetime", "date_time", "time", "date", "open_time", "start_time", "start",
        "bar_time", "ts", "t", "unix", "unix_timestamp", "index", "",
    ),
    "symbol": ("symbol", "ticker", "sym", "instrument", "pair", "asset", "code", "s"),
    "open": ("open", "o", "open_price", "first", "adj_open"),
    "high": ("high", "h", "high_price", "max", "adj_high"),
    "low": ("low", "l", "low_price", "min", "adj_low"),
    "close": ("close", "c", "close_price", "last", "close_last"),
    "adj_close": ("adj_close", "adjclose", "adjusted_close", "close_adj", "adj_close_price"),
    "adjustment": ("adjustment",),
    "volume": ("volume", "v", "vol", "volume_traded", "volume_usd", "volume_btc"),
    "known_time": ("known_time", "known_at", "knowledge_time"),
}  # fmt: skip
_MISSING = ("", "null", "nan", "na", "n/a", "none", "-", ".", "#n/a")
_IGNORED_ACTIONS = frozenset(
    ("dividends", "stock_splits", "div_cash", "split_factor", "dividend", "split")
)


def recognise(table: pl.DataFrame, label: str, needed: tuple[str, ...]) -> tuple[pl.DataFrame, str]:
    """Rename what is recognised to ``time, symbol, open, high, low, close, adj_close, volume``.

    An ``adjustment`` is the factor by which our own tables say what an adjusted close would;
    without the ``known_time`` beside it, it is somebody else's and may mean anything. Other columns
    are dropped. Where both fit, ``timestamp`` wins over ``date``; separate ``date``
    and ``time`` columns are joined as text.

    Returns
    -------
    tuple[pl.DataFrame, str]
        The table and a sentence about what was set aside, empty if nothing.

    Raises
    ------
    BadData
        A ``needed`` column is missing (the message names those found), or holds lists or bytes.
    """
    plain = {_plain(name): name for name in reversed(table.columns)}
    chosen: dict[str, pl.Expr] = {}
    for role, names in _NAMES.items():
        found = next((plain[name] for name in names if name in plain), None)
        if found is not None:
            chosen[role] = pl.col(found)
    if "date" in plain and "time" in plain and table[plain["time"]].dtype == pl.String:
        date, clock = (pl.col(plain[name]).cast(pl.String) for name in ("date", "time"))
        chosen["time"] = pl.concat_str(date, clock, separator=" ")
    if "known_time" not in chosen or "adj_close" in chosen:
        chosen.pop("adjustment", None)
    set_aside = _without_a_raw_close(chosen)
    for role in needed:
        if role not in chosen:
            raise BadData(
                f"{label}: expected a column for {role!r} (one of "
                f"{[n for n in _NAMES[role] if n][:4]}), got {table.columns[:12]}"
                f"{nearest(role, plain)}"
            )
    chosen_table = table.select(expr.alias(role) for role, expr in chosen.items())
    for column in chosen_table.get_columns():
        if not (holds_numbers(column) or (column.name not in NUMBERS and _is_plain(column))):
            raise BadData(
                f"{label}: expected {'numbers' if column.name in NUMBERS else 'plain values'} for "
                f"{column.name!r}, got {column.dtype}"
            )
    unused = sorted(_IGNORED_ACTIONS & plain.keys())
    if unused:
        set_aside += (
            f"columns {', '.join(unused)} were not used: splits and dividends come from the "
            "adjusted close, if there is one"
        )
    return chosen_table, set_aside


def is_label(name: str) -> bool:
    """Whether a column of this name says when or of what, not how much."""
    return any(_plain(name) in _NAMES[role] for role in ("time", "symbol", "known_time"))


def holds_numbers(column: pl.Series) -> bool:
    """Whether a column is of numbers, or of text that may spell some."""
    return column.dtype.is_numeric() or column.dtype in (
        pl.String,
        pl.Categorical,
        pl.Enum,
        pl.Null,
    )


def _is_plain(column: pl.Series) -> bool:
    return column.dtype in (pl.Date, pl.Datetime, pl.Boolean)


def _without_a_raw_close(chosen: dict[str, pl.Expr]) -> str:
    if "close" in chosen or "adj_close" not in chosen:
        return ""
    chosen["close"] = chosen.pop("adj_close")
    return (
        "only an adjusted close came along, without the raw one: it looks back from the future, "
        "since every later split and dividend has changed it. "
    )


def _plain(name: str) -> str:
    """Lower case with words joined by ``_``: ``"Adj Close"`` and ``adjClose`` alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip().lstrip("\ufeff"))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def read_number(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return values as float64 (null where missing or text), and where text stood."""
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        values = column.cast(pl.Float64, strict=False)
        return values, values.is_null() & column.is_not_null()
    plain = column.str.strip_chars()
    plain = plain.set(plain.str.to_lowercase().is_in(_MISSING).fill_null(True), None)
    values = plain.cast(pl.Float64, strict=False)
    return values, values.is_null() & plain.is_not_null()
