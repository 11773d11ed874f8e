"""Live rows sorted into bars that have closed and rows that cannot be used."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS
from edgekeeper.market.interval import MINUTE_NS
from edgekeeper.market.live.closing import Calendar
from edgekeeper.market.live.source import UNREADABLE
from edgekeeper.market.quarantine import QUARANTINE, first_reason
from edgekeeper.market.venues import NO_SESSION

__all__ = ["CLOSED", "Sifted", "refused_rows", "sift"]

CLOSED = pl.Schema(
    {
        "event_time": pl.Int64(),
        "symbol": pl.String(),
        **dict.fromkeys(COLUMNS, pl.Float64()),
        "row": pl.Int64(),
        "content": pl.String(),
    }
)
_SKEW_NS = MINUTE_NS
_TWICE = "the same bar once more"


@dataclass(frozen=True)
class Sifted:
    """Rows of one answer.

    Attributes
    ----------
    bars : frame
        Of schema ``CLOSED``, by time, then symbol; one row a bar.
    refused : frame
        Of schema ``QUARANTINE``.
    """

    bars: pl.DataFrame
    refused: pl.DataFrame


def sift(
    rows: pl.DataFrame, calendar: Calendar, symbols: tuple[str, ...], now_ns: int, source: str
) -> Sifted:
    """Sort ``rows`` (of schema ``LIVE_ROWS``) as things are at ``now_ns``.

    Rows of other symbols and bars still open are passed over, since they say nothing wrong; a bar
    that comes twice alike counts once. A stamp from beyond the bar now open is refused, with a
    minute of grace for clocks that differ.
    """
    mine = rows.with_row_index("row", offset=1).cast({"row": pl.Int64()})
    mine = mine.filter(pl.col("symbol").is_in(symbols) | pl.col("symbol").is_null())
    close, why = _close_times(mine, calendar, now_ns)
    judged = mine.with_columns(
        event_time=pl.Series(close, dtype=pl.Int64),
        time_reason=pl.Series(why, dtype=pl.String),
        known_time=pl.lit(None, dtype=pl.Int64),
        adj_close=pl.lit(None, dtype=pl.Float64),
    )
    judged = judged.filter((pl.col("event_time") <= now_ns) | (pl.col("time_reason") != ""))
    is_file = pl.col("text").eq_missing(UNREADABLE)
    judged = judged.with_columns(
        reason=pl.when(is_file).then(pl.lit(UNREADABLE)).otherwise(first_reason())
    )
    good = judged.filter(pl.col("reason").is_null()).sort("event_time", "symbol")
    bad = judged.filter(pl.col("reason").is_not_null() & (pl.col("reason") != _TWICE))
    return Sifted(good.select(*CLOSED).cast(CLOSED), _quarantined(bad, source))


def refused_rows(bars: pl.DataFrame, reason: str, source: str) -> pl.DataFrame:
    """Rows of schema ``CLOSED`` as rows of the quarantine, all for one reason."""
    return _quarantined(bars.with_columns(time=pl.col("event_time"), reason=pl.lit(reason)), source)


def _quarantined(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    when = pl.col("time").cast(pl.Datetime("ns", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows.with_columns(source=pl.lit(source), time=when).select(*QUARANTINE).cast(QUARANTINE)


def _close_times(
    rows: pl.DataFrame, calendar: Calendar, now_ns: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], list[str]]:
    """Closing instant of each row, and why one has none or a wrong one; empty where all is well."""
    time = rows["time"].to_physical().fill_null(0).to_numpy()
    close = np.full(rows.height, NO_SESSION, dtype=np.int64)
    why = np.full(rows.height, "", dtype=object)
    for symbol in rows["symbol"].drop_nulls().unique():
        at = np.flatnonzero((rows["symbol"] == symbol).fill_null(False).to_numpy())
        close[at] = calendar.closes(symbol, time[at])
        why[at[calendar.off_grid(symbol, close[at])]] = "no bar of this interval ends at this time"
    why[close == NO_SESSION] = "no trading session on this day at the venue"
    # a bar may close later than one interval from now, as a day before a holiday does, but its
    # stamp lies in the past, or in the bar now open where stamps are ends
    ahead = calendar.next_due(now_ns) if calendar.ends else now_ns
    why[time > ahead + _SKEW_NS] = "stamp in the future"
    why[rows["time"].is_null().to_numpy()] = "unreadable time"
    return close, why.tolist()
