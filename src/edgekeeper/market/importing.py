"""From tables as they come to :class:`~edgekeeper.bars.Bars`, with nothing lost on the way."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.market.actions import ACTIONS, derive_actions
from edgekeeper.market.convention import Convention, Stamp
from edgekeeper.market.files import list_files, read_table
from edgekeeper.market.interval import interval_name
from edgekeeper.market.quality import Quality, inspect
from edgekeeper.market.quarantine import QUARANTINE, first_reason
from edgekeeper.market.rows import typed_rows
from edgekeeper.market.stamps import stamp
from edgekeeper.market.survivorship import survivorship_warning
from edgekeeper.types import Float64Array

__all__ = ["Imported", "assemble", "read_bars"]


@dataclass(frozen=True)
class Imported:
    """What came out of an import.

    Attributes
    ----------
    bars : Bars
    interval : str
        ``"1m"`` to ``"1d"``.
    assumptions : tuple of str
        Sentences to print: whatever the data left open and how it was read.
    quarantine : frame
        ``source, row, symbol, time, reason, content``: rows not used. ``row`` counts from 1 after
        the header; ``content`` is the row as it came, as JSON.
    quality : Quality
    actions : frame
        Splits and dividends found, see :func:`~edgekeeper.market.actions.derive_actions`.
    """

    bars: Bars
    interval: str
    assumptions: tuple[str, ...]
    quarantine: pl.DataFrame
    quality: Quality
    actions: pl.DataFrame


def read_bars(
    path: str | Path,
    *,
    symbols: Sequence[str] = (),
    stamp: Stamp = "auto",
    tz: str = "",
    venue: str = "auto",
    interval: str = "",
    dates: str = "",
) -> Imported:
    """Import a CSV or Parquet file, or a folder of them, with the usual column names.

    A file without a symbol column is one symbol, called like the file. Options are those of
    :class:`~edgekeeper.market.convention.Convention`.

    Raises
    ------
    BadData
        Empty, binary, truncated, a column missing, a single bar, or no good row at all.
    StorageError
        Nothing there, or not readable.
    UsageError
        An unknown option, zone, venue or symbol; the message names the nearest.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "ABC.csv"
    >>> _ = file.write_text("Date,Open,High,Low,Close\\n2024-01-02,1,2,1,2\\n2024-01-03,2,3,2,3\\n")
    >>> got = read_bars(file)
    >>> got.bars.symbols, got.interval
    (('ABC',), '1d')
    """
    how = Convention(stamp=stamp, tz=tz, venue=venue, interval=interval, dates=dates)
    files, passed_over = list_files(Path(path))
    said = [f"passed over {', '.join(passed_over[:5])}: no CSV or Parquet"] if passed_over else []
    tables = [(str(file), file.stem, read_table(file)) for file in files]
    return assemble(tables, how, symbols=symbols, said=said)


def assemble(
    tables: Sequence[tuple[str, str, pl.DataFrame]],
    how: Convention,
    *,
    symbols: Sequence[str] = (),
    said: Sequence[str] = (),
) -> Imported:
    """Turn tables into bars: the one path for files and for sources.

    Parameters
    ----------
    tables : sequence of (label, default symbol, table)
        The label stands in errors and in the quarantine.
    how : Convention
    symbols : sequence of str
        Keep only these; empty keeps all.
    said : sequence of str
        Assumptions already made.
    """
    notes = list(said)
    parts = []
    for number, (label, default, table) in enumerate(tables):
        part, note = typed_rows(label, default, table, how)
        parts.append(part.with_columns(table=pl.lit(number, dtype=pl.Int32)))
        if note:
            notes.append(f"{label}: {note}")
    rows = _chosen(pl.concat(parts), symbols)
    stamped = stamp(rows["symbol"].fill_null(""), rows["wall"], rows["utc"], how)
    notes += stamped.assumptions
    rows = rows.with_columns(
        event_time=pl.Series(stamped.event_time, dtype=pl.Int64),
        time_reason=pl.Series(stamped.reason, dtype=pl.String),
    ).with_columns(reason=first_reason())
    good = rows.filter(pl.col("reason").is_null()).sort("symbol", "event_time")
    quarantine = _quarantine(rows.filter(pl.col("reason").is_not_null()), tables)
    _refuse_if_too_few(good, quarantine, tables)
    adjustment, actions = _adjusted(good)
    bars = Bars.from_arrays(
        symbol=good["symbol"].to_numpy(),
        event_time=good["event_time"].to_numpy(),
        known_time=good["known_time"].fill_null(good["event_time"]).to_numpy(),
        adjustment=adjustment,
        open=_column(good, "open"),
        high=_column(good, "high"),
        low=_column(good, "low"),
        close=_column(good, "close"),
        volume=_column(good, "volume"),
    )
    notes += _about_prices(good, actions)
    if warning := survivorship_warning(bars):
        notes.append(warning)
    quality = inspect(
        bars.to_polars(),
        interval_ns=stamped.interval_ns,
        venues=stamped.venues,
        quarantined=dict(quarantine.group_by("symbol").len().iter_rows()),
    )
    return Imported(
        bars, interval_name(stamped.interval_ns), tuple(notes), quarantine, quality, actions
    )


def _column(rows: pl.DataFrame, name: str) -> Float64Array:
    return rows[name].fill_null(np.nan).to_numpy()


def _chosen(rows: pl.DataFrame, symbols: Sequence[str]) -> pl.DataFrame:
    if not symbols:
        return rows
    known = rows["symbol"].drop_nulls().unique().sort().to_list()
    for name in symbols:
        if name not in known:
            raise UsageError(
                f"symbols: expected some of {known[:8]}, got {name!r}{nearest(name, known)}"
            )
    return rows.filter(pl.col("symbol").is_in(list(symbols)))


def _quarantine(bad: pl.DataFrame, tables: Sequence[tuple[str, str, pl.DataFrame]]) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=QUARANTINE)]
    for key, part in bad.group_by("table", maintain_order=True):
        label, _, table = tables[int(str(key[0]))]
        came = table[(part["row"] - 1).to_list()]
        content = [json.dumps(row, default=str) for row in came.iter_rows(named=True)]
        frames.append(
            part.select("row", "symbol", "time", "reason")
            .with_columns(pl.Series("content", content), source=pl.lit(label))
            .select(*QUARANTINE)
        )
    return pl.concat(frames)


def _refuse_if_too_few(
    good: pl.DataFrame, quarantine: pl.DataFrame, tables: Sequence[tuple[str, str, pl.DataFrame]]
) -> None:
    if good.height >= 2:
        return
    label = tables[0][0] if len(tables) == 1 else f"{len(tables)} files"
    reasons = quarantine["reason"].value_counts(sort=True).head(3)
    said = "; ".join(f"{count} rows: {reason}" for reason, count in reasons.iter_rows())
    first = quarantine["content"].head(1).to_list()
    raise BadData(
        f"{label}: expected at least two usable bars, got {good.height} of "
        f"{good.height + quarantine.height} rows ({said or 'none was refused'})"
        + (f"; the first one refused: {first[0]}" if first else "")
    )


def _adjusted(
    good: pl.DataFrame,
) -> tuple[Float64Array, pl.DataFrame]:
    """Adjustment of all rows (sorted by symbol, then time) and the actions behind it."""
    held, actions = [], [pl.DataFrame(schema=ACTIONS)]
    for key, part in good.group_by("symbol", maintain_order=True):
        adjustment, table = derive_actions(
            str(key[0]),
            part["event_time"].to_numpy(),
            part["close"].to_numpy(),
            _column(part, "adj_close"),
        )
        held.append(adjustment)
        actions.append(table)
    return np.concatenate(held), pl.concat(actions)


def _about_prices(good: pl.DataFrame, actions: pl.DataFrame) -> list[str]:
    if good["adj_close"].is_null().all():
        return ["no adjusted close: prices are taken as traded, without splits and dividends"]
    kinds = dict(actions["kind"].value_counts().iter_rows())
    said = [
        f"from the adjusted close: {kinds.get('split', 0)} splits, "
        f"{kinds.get('dividend', 0)} dividends"
    ]
    if not kinds.get("split") and kinds:
        said.append(
            "no split among them: if close is split-adjusted already (as Yahoo's is), levels "
            "before a split carry hindsight, returns do not"
        )
    if kinds.get("unexplained"):
        said.append(
            f"{kinds['unexplained']} changes of the adjusted close fit no action: see there"
        )
    return said
