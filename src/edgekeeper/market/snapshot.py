"""All bars of a run in one file, named by their hash: what a record needs to be lived again."""

import io
import json
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.atomic import write_atomically
from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, StorageError
from edgekeeper.market.digest import bars_hash

__all__ = ["load_snapshot", "longest_snapshot", "save_snapshot"]

_SYMBOLS, _CONTEXT = "edgekeeper.symbols", "edgekeeper.context"
_FACTS = ("event_time", "known_time", *COLUMNS, "adjustment")


def save_snapshot(folder: Path, bars: Bars) -> Path:
    """Write ``bars`` to ``folder/<hash>.parquet``, unless they lie there; return the path.

    Raises
    ------
    StorageError
        Disk full or folder not writable; nothing half-written stays.
    """
    path = folder / f"{bars_hash(bars)}.parquet"
    if path.is_file():
        return path
    context = sorted(bars.context)
    columns = {name: getattr(bars, name) for name in _FACTS}
    columns |= {f"context.{i}": bars.context[name] for i, name in enumerate(context)}
    buffer = io.BytesIO()
    pl.DataFrame({"symbol": bars.symbol, **columns}).write_parquet(
        buffer,
        compression="zstd",
        metadata={_SYMBOLS: json.dumps(bars.symbols), _CONTEXT: json.dumps(context)},
    )
    write_atomically(path, buffer.getvalue())
    return path


def load_snapshot(path: Path) -> Bars:
    """Read a snapshot, checked against the hash that is its name.

    Raises
    ------
    BadData
        Cut off, changed, or no snapshot at all.
    StorageError
        Missing or unreadable.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror}") from error
    try:
        said = pl.read_parquet_metadata(content)
        rows = pl.read_parquet(content)
        symbols, context = json.loads(said[_SYMBOLS]), json.loads(said[_CONTEXT])
        bars = Bars(
            symbols=tuple(symbols),
            symbol=rows["symbol"].to_numpy().astype(np.int32),
            **{name: rows[name].to_numpy() for name in _FACTS},
            context={name: rows[f"context.{i}"].to_numpy() for i, name in enumerate(context)},
        )
        found = bars_hash(bars)
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError, IndexError) as error:
        raise _changed(path, str(error)) from error
    if found != path.stem:
        raise _changed(path, f"its bars have the hash {found[:12]}…")
    return bars


def longest_snapshot(folder: Path) -> Bars | None:
    """Return the bars that reach furthest among the snapshots of a folder; None: there are none.

    Raises
    ------
    BadData, StorageError
        As :func:`load_snapshot`, for any of them.
    """
    found = [load_snapshot(path) for path in sorted(folder.glob("[0-9a-f]*.parquet"))]
    return max(found, key=lambda bars: (int(bars.event_time[-1]), len(bars)), default=None)


def _changed(path: Path, why: str) -> BadData:
    return BadData(
        f"{path} is cut off or was changed ({why.splitlines()[0][:120]}): restore it from a backup"
    )
