"""Rows that cannot be used: set aside with a reason and their text, never repaired, never lost."""

import hashlib
import io
from pathlib import Path

import polars as pl

from edgekeeper.atomic import write_atomically
from edgekeeper.errors import BadData, StorageError

__all__ = ["QUARANTINE", "first_reason", "list_quarantine", "write_quarantine"]

QUARANTINE = pl.Schema(
    {
        "source": pl.String(),
        "row": pl.Int64(),
        "symbol": pl.String(),
        "time": pl.String(),
        "reason": pl.String(),
        "content": pl.String(),
    }
)
_PRICES = ("open", "high", "low", "close")
_SLACK = 1e-9


def first_reason() -> pl.Expr:
    """Return the first thing wrong with a row, or null.

    Expects ``symbol, time_reason, event_time``, the prices as float64 with null for text, and
    ``text`` (the name of a column that held text, or null).
    """
    slack = _SLACK * pl.col("close")
    outside = (pl.col("high") + slack < pl.max_horizontal("open", "close")) | (
        pl.col("low") - slack > pl.min_horizontal("open", "close")
    )
    missing = [pl.col(name).is_null() | pl.col(name).is_nan() for name in _PRICES]
    infinite = [pl.col(name).is_infinite() for name in _PRICES]
    same_bar = ["symbol", "event_time"]
    values = pl.struct(*_PRICES, "volume", "adj_close")
    rules = [
        (pl.col("symbol").is_null(), pl.lit("no symbol")),
        (pl.col("time_reason") != "", pl.col("time_reason")),
        (pl.col("text").is_not_null(), pl.format("text in {}", pl.col("text"))),
        (pl.any_horizontal(missing), pl.lit("price missing")),
        (pl.any_horizontal(infinite), pl.lit("price not finite")),
        (pl.min_horizontal(*_PRICES) <= 0, pl.lit("price zero or negative")),
        (pl.col("high") < pl.col("low"), pl.lit("high below low")),
        (outside, pl.lit("open or close outside low to high")),
        (pl.col("volume") < 0, pl.lit("volume negative")),
        (pl.col("volume").is_infinite(), pl.lit("volume not finite")),
        (pl.col("adj_close") <= 0, pl.lit("adjusted close zero or negative")),
        (pl.col("adj_close").is_infinite(), pl.lit("adjusted close not finite")),
        (pl.col("known_time") < pl.col("event_time"), pl.lit("known before the bar closed")),
        (
            values.n_unique().over(same_bar) > 1,
            pl.lit("one of several bars of this time that differ"),
        ),
        (pl.int_range(pl.len()).over(same_bar) > 0, pl.lit("the same bar once more")),
    ]
    return pl.coalesce(pl.when(wrong).then(reason) for wrong, reason in rules)


def write_quarantine(folder: Path, rows: pl.DataFrame) -> Path | None:
    """Keep ``rows`` as one Parquet file in ``folder``; the same rows again change nothing.

    Raises
    ------
    StorageError
        Disk full or folder not writable.
    """
    if rows.height == 0:
        return None
    buffer = io.BytesIO()
    rows.select(*QUARANTINE).write_parquet(buffer, compression="zstd")
    name = hashlib.sha256(rows.select(*QUARANTINE).write_ndjson().encode()).hexdigest()[:16]
    path = folder / f"quarantine-{name}.parquet"
    if not path.exists():
        write_atomically(path, buffer.getvalue())
    return path


def list_quarantine(folder: Path) -> pl.DataFrame:
    """Return all rows kept in ``folder``, empty if there are none.

    Raises
    ------
    StorageError
        The folder cannot be read.
    BadData
        A file in it is damaged; the message names it.
    """
    frames = [pl.DataFrame(schema=QUARANTINE)]
    try:
        for path in sorted(folder.glob("quarantine-*.parquet")):
            frames.append(pl.read_parquet(path.read_bytes()).select(*QUARANTINE))
    except OSError as error:
        raise StorageError(f"could not read {folder}: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise BadData(f"{path}: damaged; move it away to list the others") from error
    return pl.concat(frames)
