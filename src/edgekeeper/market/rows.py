"""One table as typed rows: times read, numbers converted, what is neither of them named."""

import polars as pl

from edgekeeper.market.columns import NUMBERS, read_number, recognise
from edgekeeper.market.convention import Convention
from edgekeeper.market.times import read_instants, read_times

__all__ = ["typed_rows"]

_BARS = ("time", "open", "high", "low", "close")


def typed_rows(
    label: str, default: str, table: pl.DataFrame, how: Convention
) -> tuple[pl.DataFrame, str]:
    """Return all rows of a table of bars, bad ones included, and a sentence on what was set aside.

    Columns: ``row`` (from 1), ``symbol``, ``time`` (as written), ``wall``, ``utc`` and
    ``known_time`` (int64 nanoseconds), the numbers as float64, and ``text``: the first column that
    held text where a number belongs.

    Raises
    ------
    BadData
        A column is missing, or its times cannot be read at all.
    """
    known, note = recognise(table, label, _BARS)
    height = known.height
    symbol = pl.Series("symbol", [default] * height, dtype=pl.String)
    if "symbol" in known.columns:
        symbol = known["symbol"].cast(pl.String).str.strip_chars()
        symbol = symbol.set((symbol == "").fill_null(False), None)
    known_time = pl.repeat(None, height, dtype=pl.Int64, eager=True)
    if "known_time" in known.columns:
        known_time = read_instants(known["known_time"], f"{label}, known_time", how.tz, how.dates)
    text = pl.repeat(None, height, dtype=pl.String, eager=True)
    numbers = {}
    for name in (*NUMBERS, "adjustment"):
        values = pl.repeat(None, height, dtype=pl.Float64, eager=True)
        if name in known.columns:
            values, is_text = read_number(known[name])
            text = text.set(is_text & text.is_null(), name)
        numbers[name] = values.alias(name)
    factor = numbers.pop("adjustment")
    if "adjustment" in known.columns:
        numbers["adj_close"] = (numbers["close"] * factor).alias("adj_close")
    rows = pl.DataFrame(
        [
            pl.int_range(1, height + 1, eager=True).alias("row"),
            symbol,
            known["time"].cast(pl.String).alias("time"),
            *read_times(known["time"], label, how.tz, how.dates).get_columns(),
            known_time.alias("known_time"),
            *numbers.values(),
            text.alias("text"),
        ]
    )
    return rows, note
