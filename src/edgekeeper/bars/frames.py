"""Read columns of any eager frame: instants, numbers, names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_polars", "nanoseconds", "numbers"]


def as_polars(frame: Any) -> "pl.DataFrame":
    """Any eager frame as a Polars one."""
    import narwhals as nw
    import polars as pl
    import pyarrow as pa

    try:
        native = nw.from_native(frame, eager_only=True, pass_through=True)
        if not isinstance(native, nw.DataFrame):
            raise BadData(
                f"expected a Polars, pandas or Arrow frame, got {type(frame).__name__}: collect a "
                "lazy one first"
            )
        table = pl.from_arrow(native.to_arrow())
    except (pa.ArrowInvalid, pa.ArrowTypeError, nw.exceptions.NarwhalsError) as error:
        raise BadData(
            f"expected columns of one type and of different names: {error}: "
            "`edgekeeper import` finds and quarantines the rows"
        ) from error
    assert isinstance(table, pl.DataFrame)
    return table


def nanoseconds(times: "pl.Series") -> Int64Array:
    """Event times as int64 nanoseconds UTC, from text, dates or datetimes."""
    import polars as pl

    try:
        if times.dtype == pl.String:
            # Text beyond the years 1678 to 2262 wraps round in nanoseconds; the cast refuses it.
            coarse = times.str.to_datetime(time_unit="us", time_zone="UTC", strict=True)
            coarse.cast(pl.Datetime("ns", "UTC"))
            times = times.str.to_datetime(time_unit="ns", time_zone="UTC", strict=True)
        elif isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
            times = times.dt.convert_time_zone("UTC")
        elif times.dtype.is_numeric():
            raise BadData(
                f"expected dates or datetimes in {times.name!r}, got bare numbers: convert them, "
                "or use `edgekeeper import`"
            )
        times = times.cast(
            pl.Datetime(
                "ns", times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None
            )
        )
    except pl.exceptions.PolarsError as error:
        raise BadData(f"expected dates or datetimes in {times.name!r}: {error}") from error
    if times.null_count():
        raise BadData(
            f"expected a time in every row of {times.name!r}, got {times.null_count()} empty"
        )
    return times.to_physical().to_numpy().astype(np.int64)


def numbers(table: "pl.DataFrame", name: str) -> Float64Array:
    """A column as float64, missing values as NaN; text is refused."""
    import polars as pl

    series = table[name]
    if not series.dtype.is_numeric():
        raise BadData(
            f"expected numbers in {name!r}, got {series.dtype}: "
            "`edgekeeper import` finds and quarantines the rows"
        )
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
