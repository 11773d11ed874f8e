"""A record of closed trades, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["TradeRecord", "make_record"]

COLUMNS: Mapping[str, pl.DataType] = {
    "symbol": pl.String(),
    "side": pl.String(),
    "entry_time": pl.Int64(),
    "exit_time": pl.Int64(),
    "stake": pl.Float64(),
    "profit": pl.Float64(),
    "cost": pl.Float64(),
    "source": pl.String(),
    "regime": pl.String(),
    "component": pl.String(),
    "confidence": pl.Float64(),
}
_FIRST, _LAST = 0, 4_102_444_800 * 10**9  # 1970 to 2100


@dataclass(frozen=True)
class TradeRecord:
    """Closed trades in the order of their exits, with what is known about them.

    Attributes
    ----------
    trades : polars frame
        ``symbol``, ``side`` (``long`` or ``short``), ``entry_time`` and ``exit_time`` (nanoseconds
        UTC), ``stake`` (value at entry), ``profit`` and ``cost`` (both in ``currency``; cost is the
        explicit cost of entry and exit), ``source`` (tag of the entry, may be empty). What a
        record does not say is NaN.
    net : bool
        Whether ``profit`` is after ``cost``.
    origin : str
        What was read, in words.
    currency : str
        Of stakes and profits; empty where the record does not say.
    start_equity : float
        Account at the start; NaN where the record does not say.
    open_trades : int
        Positions not closed yet, which are left out.
    least_trials : int
        Variants the record itself shows were compared.
    set_aside : mapping of reason to rows
    assumptions : tuple of str
    """

    trades: pl.DataFrame
    net: bool
    origin: str
    currency: str = ""
    start_equity: float = float("nan")
    open_trades: int = 0
    least_trials: int = 1
    set_aside: Mapping[str, int] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.trades.height

    def numbers(self, column: str) -> Float64Array:
        """A column of numbers, NaN where missing, ``[n]``."""
        return self.trades[column].fill_null(np.nan).to_numpy().astype(np.float64)

    def times(self, column: str) -> Int64Array:
        """A column of instants, ``[n]``."""
        return self.trades[column].to_numpy().astype(np.int64)


def make_record(
    rows: pl.DataFrame,
    *,
    net: bool,
    origin: str,
    currency: str = "",
    start_equity: float = float("nan"),
    open_trades: int = 0,
    least_trials: int = 1,
    assumptions: tuple[str, ...] = (),
) -> TradeRecord:
    """Check rows, set aside those that cannot be used, and order the rest by exit.

    Raises
    ------
    BadData
        No usable row is left.
    """
    frame = rows.select(
        pl.col(name).cast(kind, strict=False)
        if name in rows.columns
        else pl.lit(None, dtype=kind).alias(name)
        for name, kind in COLUMNS.items()
    ).with_columns(
        pl.col("symbol").fill_null("unnamed").str.strip_chars(),
        pl.col("side").fill_null("long"),
        pl.col("source", "regime", "component").fill_null(""),
    )
    reason = (
        pl.when(pl.col("entry_time").is_null() | pl.col("exit_time").is_null())
        .then(pl.lit("a time is missing or unreadable"))
        .when(~pl.col("entry_time").is_between(_FIRST, _LAST))
        .then(pl.lit("a time before 1970 or after 2100"))
        .when(pl.col("exit_time") < pl.col("entry_time"))
        .then(pl.lit("the exit lies before the entry"))
        .when(~pl.col("exit_time").is_between(_FIRST, _LAST))
        .then(pl.lit("a time before 1970 or after 2100"))
        .when(~pl.col("profit").is_finite().fill_null(False))
        .then(pl.lit("the profit is missing or not a number"))
        .when(~pl.col("side").is_in(["long", "short"]))
        .then(pl.lit("neither long nor short"))
        .when((pl.col("stake") <= 0.0).fill_null(False))
        .then(pl.lit("a stake that is not positive"))
        .when((pl.col("cost") < 0.0).fill_null(False) & pl.lit(not net))
        .then(pl.lit("a negative cost"))
    )
    marked = frame.with_columns(reason.alias("reason"))
    counts = marked["reason"].drop_nulls().value_counts()
    good = marked.filter(pl.col("reason").is_null()).drop("reason")
    if good.height == 0:
        why = "; ".join(f"{count} rows: {text}" for text, count in counts.iter_rows())
        raise BadData(
            f"{origin}: expected closed trades, got none that can be used"
            f"{f' ({why})' if why else ''}"
        )
    return TradeRecord(
        trades=good.sort("exit_time", "entry_time", "symbol", maintain_order=True),
        net=net,
        origin=origin,
        set_aside={str(text): int(count) for text, count in counts.iter_rows()},
        currency=currency,
        start_equity=start_equity,
        open_trades=open_trades,
        least_trials=least_trials,
        assumptions=assumptions,
    )
