"""Tables of any numbers over time: features, forecasts, outcomes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.columns import is_label, read_number
from edgekeeper.market.files import list_files, read_table
from edgekeeper.market.times import read_times
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["ValueTable", "read_value_table"]

_TIME_NAMES = ("timestamp", "datetime", "date", "time", "event_time", "event_time_ns", "ts")
_MOST_BAD = 3


@dataclass(frozen=True, slots=True)
class ValueTable:
    """Columns of numbers, in time order where a column of times came along.

    Attributes
    ----------
    names : tuple of str
    values : float64 [n, k]
        NaN is missing.
    instant : int64 [n]
        Nanoseconds, else row numbers.
    timed : bool
        Which of the two.
    """

    names: tuple[str, ...]
    values: Float64Array
    instant: Int64Array
    timed: bool

    def pick(self, names: tuple[str, ...]) -> Float64Array:
        """Return some of the columns."""
        return self.values[:, [self.names.index(name) for name in names]]


def read_value_table(path: str | Path) -> ValueTable:
    """Read a CSV or Parquet file: every column of numbers, and a time where there is one.

    Rows are sorted by time; columns of labels, such as symbols, are passed over.

    Raises
    ------
    BadData
        Empty, no column of numbers, text among numbers, times that cannot be read.
    StorageError
        No such file.
    UsageError
        Another kind of file.
    """
    (file, *more), _ = list_files(Path(path))
    if more:
        raise BadData(f"{path}: expected one file, got a folder of {len(more) + 1}: name one")
    table = read_table(file)
    by_name = {name.strip().lower(): name for name in reversed(table.columns)}
    clock = next((by_name[name] for name in _TIME_NAMES if name in by_name), None)
    columns = {
        name: _numbers(table[name], f"{path}: {name}")
        for name in table.columns
        if name != clock and not is_label(name) and _may_be_numbers(table[name])
    }
    if not columns:
        raise BadData(f"{path}: expected columns of numbers, got {table.columns[:12]}")
    values = np.stack(list(columns.values()), axis=1)
    if clock is None:
        return ValueTable(tuple(columns), values, np.arange(len(values), dtype=np.int64), False)
    times = read_times(table[clock], f"{path}: {clock}")
    instant = times["utc"].fill_null(times["wall"])
    if instant.null_count():
        row = int(instant.is_null().arg_max() or 0)
        raise BadData(
            f"{path}: expected a time in {clock!r}, got {table[clock][row]!r} in row {row}"
        )
    stamps = instant.to_numpy().astype(np.int64)
    order = np.argsort(stamps, kind="stable")
    return ValueTable(tuple(columns), values[order], stamps[order], True)


def _may_be_numbers(column: pl.Series) -> bool:
    """Numbers and truths; text only where some of it spells a number."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return True
    return column.dtype == pl.String and bool(
        read_number(column.head(1_000))[0].is_not_null().any()
    )


def _numbers(column: pl.Series, label: str) -> Float64Array:
    values, strange = read_number(column)
    if strange.any():
        got = column.filter(strange).head(_MOST_BAD).to_list()
        raise BadData(f"{label}: expected numbers or nothing, got {got}")
    return values.fill_null(float("nan")).to_numpy().astype(np.float64)
