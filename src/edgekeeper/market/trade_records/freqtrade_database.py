"""freqtrade's ``tradesv3.sqlite``: the trades a bot has made, live or dry."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.times import read_instants
from edgekeeper.market.trade_records.record import TradeRecord, make_record

__all__ = ["is_database", "read_database"]

_MAGIC = b"SQLite format 3\x00"
_NEEDED = ("pair", "is_open", "open_date", "close_date", "open_rate", "close_rate", "stake_amount")
_WANTED = (
    *_NEEDED, "amount", "fee_open", "fee_close", "fee", "close_profit", "close_profit_abs",
    "is_short", "enter_tag", "buy_tag", "stake_currency", "max_stake_amount", "leverage",
    "strategy", "exchange", "funding_fees",
)  # fmt: skip


def is_database(head: bytes) -> bool:
    """Whether a file that begins so is an SQLite database."""
    return head.startswith(_MAGIC)


def read_database(path: Path, strategy: str = "") -> TradeRecord:
    """Read closed trades; the file is opened for reading only, so a running bot is not disturbed.

    Profit is the bot's ``close_profit_abs``, after the exchange's fees and funding. Databases of
    older versions lack columns; what can be derived is.

    Parameters
    ----------
    strategy : str
        Only trades of this strategy; all of them without it.

    Raises
    ------
    BadData
        Not freqtrade's, damaged, or without a closed trade.
    """
    table, opened = _rows(path)
    if strategy:
        table = table.filter(pl.col("strategy") == strategy)
    currencies = table["stake_currency"].drop_nulls().unique().sort().to_list()
    if len(currencies) > 1:
        raise BadData(
            f"{path}: expected one stake currency, got {', '.join(map(str, currencies))}: profits "
            "in different currencies do not add up"
        )
    names = table["strategy"].drop_nulls().unique().sort().to_list()
    said = ["profits are the bot's own, after its exchange's fees and funding"]
    if len(names) > 1:
        said.append(f"trades of {len(names)} strategies together: {', '.join(map(str, names))}")
    return make_record(
        _trades(table, str(path)),
        net=True,
        origin="freqtrade database",
        currency=str(currencies[0]) if currencies else "",
        open_trades=opened,
        least_trials=max(1, len(names)),
        assumptions=tuple(said),
    )


def _rows(path: Path) -> tuple[pl.DataFrame, int]:
    """Closed trades as the database has them, and how many are open."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            known = [row[1] for row in connection.execute("PRAGMA table_info(trades)")]
            missing = [name for name in _NEEDED if name not in known]
            if missing:
                raise BadData(
                    f"{path}: expected freqtrade's table `trades`, "
                    + (f"got one without {', '.join(missing)}" if known else "found none")
                )
            names = [name for name in _WANTED if name in known]
            # Names come from the list above, never from the file.
            rows = connection.execute(
                f"SELECT {', '.join(names)} FROM trades WHERE NOT is_open"  # noqa: S608
            ).fetchall()
            opened = connection.execute("SELECT count(*) FROM trades WHERE is_open").fetchone()[0]
    except sqlite3.Error as error:
        raise BadData(
            f"{path}: not readable as freqtrade's database ({error}): copy it while the bot is "
            "stopped, or with its -wal file"
        ) from error
    text = {
        name: pl.Series(name, [None if row[i] is None else str(row[i]) for row in rows], pl.String)
        for i, name in enumerate(names)
    }
    for name in _WANTED:
        text.setdefault(name, pl.Series(name, [None] * len(rows), pl.String))
    return pl.DataFrame(text), int(opened)


def _trades(table: pl.DataFrame, label: str) -> pl.DataFrame:
    if table.height == 0:
        return pl.DataFrame()

    def number(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.Float64, strict=False)

    fee_open = pl.coalesce(number("fee_open"), number("fee"))
    fee_close = pl.coalesce(number("fee_close"), number("fee"))
    short = pl.col("is_short").is_in(["1", "True", "true"]).fill_null(False)
    bought = number("amount") * number("open_rate")
    sold = number("amount") * number("close_rate")
    cost = bought * fee_open + sold * fee_close
    direction = pl.when(short).then(-1.0).otherwise(1.0)
    derived = direction * (sold - bought) - cost
    return table.select(
        pl.col("pair").alias("symbol"),
        pl.when(short).then(pl.lit("short")).otherwise(pl.lit("long")).alias("side"),
        read_instants(table["open_date"], label).alias("entry_time"),
        read_instants(table["close_date"], label).alias("exit_time"),
        pl.coalesce(number("max_stake_amount"), number("stake_amount")).alias("stake"),
        pl.coalesce(number("close_profit_abs"), derived).alias("profit"),
        cost.alias("cost"),
        pl.coalesce(pl.col("enter_tag"), pl.col("buy_tag")).alias("source"),
    )
