"""Features from Parquet to Parquet in bounded memory: a history of any length, part by part."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.features.calendar import CALENDAR
from edgekeeper.features.compute import by_column
from edgekeeper.types import Float32Array, Int64Array

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FeatureFiles", "first_bars", "write_features"]

_PARQUET = (".parquet", ".pq")
_RESERVED = ("timestamp", "event_time", "known_time", "symbol", "adjustment")


@dataclass(frozen=True, slots=True)
class FeatureFiles:
    """What :func:`write_features` wrote.

    Attributes
    ----------
    rows : int
    files : tuple of Path
    """

    rows: int
    files: tuple[Path, ...]


def write_features(
    features: FeatureSet, source: Path, target: Path, *, rows: int = 131_072
) -> FeatureFiles:
    """Read bars part by part, and write ``timestamp, symbol`` and one float32 column a feature.

    The values are those of :meth:`FeatureSet.matrix` of all bars at once, to the last bit, in the
    order of the input's rows; missing ones are NaN. Memory does not grow with the number of rows,
    but with ``rows``, with the row groups of the files, and with symbols times windows.

    Parameters
    ----------
    source : Path
        A Parquet file, or a folder of them, taken in order of their names. Columns as
        :meth:`Bars.from_frame` reads them: ``timestamp`` is the instant a bar closes, nothing is
        guessed. A file of a bar store (``event_time``, no symbol) is one symbol, called like the
        file. Rows of a symbol go forward in time; where features compare symbols, all rows do.
    target : Path
        A name that ends in ``.parquet``: one file. Otherwise a folder, with a file for each read.
        Files appear when they are complete.
    rows : int
        Rows to read at once.

    Raises
    ------
    UsageError
        ``rows`` below one, no Parquet, a column that features need, or the input as target.
    BadData
        Rows that are no bars, or that go back in time.
    StorageError
        Not readable, or not writable.
    """
    if rows < 1:
        raise UsageError(f"expected rows of at least 1, got {rows}")
    sources = _sources(source)
    single = target.suffix.lower() in _PARQUET
    targets = [target] * len(sources) if single else [target / path.name for path in sources]
    for path in sources:
        _check_columns(path, features.columns)
        if path.resolve() in {each.resolve() for each in targets}:
            raise UsageError(f"--out: {path} is read, so it cannot be written: choose another name")
    batches, together = features.batches(), bool(features.plan.compared)
    total = 0
    groups = [sources] if single else [[path] for path in sources]
    for place, paths in zip(targets, groups, strict=False):
        with _writing(place) as file:
            for path in paths:
                for bars, places in _parts(path, features.columns, rows, together):
                    file.write(bars, features.names, by_column(batches.matrix(bars)), places)
                    total += len(bars)
    return FeatureFiles(total, tuple(dict.fromkeys(targets)))


def first_bars(source: Path, rows: int = 10_000) -> Bars:
    """Read the first bars with all context columns, to see which features they allow.

    Raises
    ------
    UsageError, BadData, StorageError
        As :func:`write_features`.
    """
    path = _sources(source)[0]
    _check_columns(path, ())
    return next(_parts(path, _open(path).schema_arrow.names, rows, together=False))[0]


def _sources(path: Path) -> list[Path]:
    try:
        found = [path] if path.is_file() else sorted(path.iterdir())
    except OSError as error:
        raise StorageError(
            f"could not read {path}: {error.strerror}; expected a Parquet file or a folder of them"
        ) from error
    files = [p for p in found if p.is_file() and p.suffix.lower() in _PARQUET and p.name[0] != "."]
    if not files:
        raise UsageError(
            f"{path}: expected a Parquet file, or a folder of them (of a bar store the folder of "
            "one interval); other bars are first brought in with `edgekeeper import`"
        )
    return files


def _open(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Reading ahead keeps every byte read so far.
        return pq.ParquetFile(path, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise BadData(f"{path}: not a readable Parquet file: {error}") from error
    except OSError as error:
        raise StorageError(f"could not read {path}: {error}") from error


def _check_columns(path: Path, needed: Sequence[str]) -> None:
    names = _open(path).schema_arrow.names
    if "event_time" not in names and not {"timestamp", "symbol"} <= set(names):
        raise BadData(f"{path}: expected the columns timestamp and symbol, got {names[:12]}")
    optional = {*CALENDAR, "volume"}
    for column in ("open", "high", "low", "close", *(c for c in needed if c not in optional)):
        if column not in names:
            raise UsageError(
                f"{path}: features need the column {column!r}, the file has {names[:12]}: leave "
                "these features out, or join the column first"
            )


def _parts(
    path: Path, columns: Sequence[str], rows: int, together: bool
) -> Iterator[tuple[Bars, Int64Array | None]]:
    """Bars of one part after the other, and where each row of the file is in them, if elsewhere.

    ``together``: all bars of an instant come in one part.
    """
    file = _open(path)
    names = file.schema_arrow.names
    time = "timestamp" if "timestamp" in names else "event_time"
    context = [c for c in columns if c not in (*COLUMNS, *CALENDAR, *_RESERVED)]
    wanted = [time, "symbol", *COLUMNS, "adjustment", *context]
    waiting: pl.DataFrame | None = None
    for batch in file.iter_batches(rows, columns=[c for c in wanted if c in names]):
        frame = pl.DataFrame(batch).rename({time: "timestamp"})
        if "symbol" not in names:
            frame = frame.with_columns(symbol=pl.lit(unquote(path.stem)))
        if time == "event_time":
            frame = frame.with_columns(pl.col("timestamp").cast(pl.Datetime("ns", "UTC")))
        if together:
            # The last instant may go on in the next part.
            frame = frame if waiting is None else pl.concat([waiting, frame])
            complete = frame["timestamp"] != frame["timestamp"][-1]
            frame, waiting = frame.filter(complete), frame.filter(~complete)
        if frame.height:
            yield _bars(path, frame)
    if waiting is not None:
        yield _bars(path, waiting)
    if not file.metadata.num_rows:
        raise BadData(f"{path}: expected bars, got a file without rows")


def _bars(path: Path, frame: pl.DataFrame) -> tuple[Bars, Int64Array | None]:
    """Bars of a frame, and where its rows are in their canonical order, if that is another one."""
    try:
        bars = Bars.from_frame(frame)
    except BadData as error:
        raise BadData(f"{path}: {error}") from error
    order = frame.select(pl.arg_sort_by("timestamp", "symbol")).to_series()
    if order.is_sorted():
        return bars, None
    return bars, np.argsort(order.to_numpy()).astype(np.int64)


class _File:
    """A Parquet file being written; its schema is known with the first part."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def write(
        self, bars: Bars, names: tuple[str, ...], values: Float32Array, places: Int64Array | None
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = _table(pa, bars, names, values)
        if places is not None:
            table = table.take(places)
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path, table.schema, compression="zstd", use_dictionary=["symbol"]
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _table(pa: Any, bars: Bars, names: tuple[str, ...], values: Float32Array) -> "pa.Table":
    symbols = pa.DictionaryArray.from_arrays(pa.array(bars.symbol), pa.array(list(bars.symbols)))
    columns = {
        "timestamp": pa.array(bars.event_time).cast(pa.timestamp("ns", tz="UTC")),
        "symbol": symbols.cast(pa.string()),
    }
    columns |= {name: pa.array(column) for name, column in zip(names, values, strict=True)}
    return pa.table(columns)


@contextmanager
def _writing(path: Path) -> Iterator[_File]:
    """A file under another name, renamed when complete, removed when anything fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    file = _File(temporary)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield file
            file.close()
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(
            f"could not write {path}: {error.strerror or error}; nothing is left of it: free some "
            "space or choose a writable folder"
        ) from error
