"""Read forecasts, and returns of variants, from CSV or Parquet files."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.errors import BadData, StorageError, UsageError

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.types import Float64Array

__all__ = ["is_forecast_file", "read_forecast_file", "read_returns_file"]

_SUFFIXES = (".csv", ".parquet")


def is_forecast_file(path: str) -> bool:
    """Whether a path is meant as a file of forecasts, and not as a package.

    Examples
    --------
    >>> is_forecast_file("mine.csv"), is_forecast_file("models")
    (True, False)
    """
    return Path(path).suffix.lower() in _SUFFIXES and not Path(path).is_dir()


def read_forecast_file(path: str) -> "pl.DataFrame":
    """Return the file's table.

    Raises
    ------
    StorageError
        No such file, or not readable.
    BadData
        Not what its name says.
    """
    return _table(path)


def read_returns_file(path: str) -> "Float64Array":
    """Return the numeric columns of a table, ``[periods, variants]``.

    Raises
    ------
    UsageError
        Neither CSV nor Parquet.
    BadData
        Fewer than two numeric columns.
    """
    import polars as pl
    import polars.selectors as cs

    if Path(path).suffix.lower() not in _SUFFIXES:
        raise UsageError(f"--trial-returns: expected a .csv or .parquet file, got {path}")
    numeric = _table(path).select(cs.numeric())
    if numeric.width < 2:
        raise BadData(
            f"{path}: expected returns of at least two variants, one numeric column each, got "
            f"{numeric.width}"
        )
    return numeric.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _table(path: str) -> "pl.DataFrame":
    import polars as pl

    file = Path(path)
    try:
        if file.suffix.lower() == ".parquet":
            return pl.read_parquet(file)
        return pl.read_csv(file, infer_schema_length=None)
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise BadData(f"{path}: expected a table of forecasts or returns: {error}") from error
