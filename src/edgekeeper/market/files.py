"""Open CSV and Parquet files as tables of what they say, with nothing converted yet."""

from pathlib import Path

import polars as pl

from edgekeeper.errors import BadData, StorageError, UsageError, nearest

__all__ = ["is_data_file", "list_files", "parse_table", "read_table"]

_TEXT = (".csv", ".txt", ".tsv")
_PARQUET = (".parquet", ".pq")
_SEPARATORS = (",", ";", "\t", "|")


def list_files(path: Path) -> tuple[list[Path], list[str]]:
    """Return the data files at ``path`` (a file or a folder), and the names passed over.

    Raises
    ------
    StorageError
        Nothing there, or not readable.
    BadData
        A folder without data.
    """
    try:
        if path.is_file():
            return [path], []
        if not path.is_dir():
            siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise StorageError(
                f"expected a file or folder, found nothing at {path}{nearest(path.name, siblings)}"
            )
        inside = sorted(p for p in path.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror or error}") from error
    data = [p for p in inside if p.is_file() and is_data_file(p)]
    if not data:
        raise BadData(
            f"{path}: expected CSV or Parquet files, found {[p.name for p in inside[:5]] or 'none'}"
        )
    return data, [p.name for p in inside if p not in data]


def is_data_file(path: Path) -> bool:
    """Whether a file's name says that it may hold bars; hidden files never do."""
    return path.suffix.lower() in _TEXT + _PARQUET and not path.name.startswith(".")


def read_table(path: Path) -> pl.DataFrame:
    """Read one file. Text stays text, so that a bad value can be shown as it was written.

    Raises
    ------
    BadData
        Empty, truncated, binary, or not a table.
    StorageError
        Not readable.
    UsageError
        A kind of file that is not known.
    """
    if path.suffix.lower() not in _TEXT + _PARQUET:
        raise UsageError(
            f"{path}: expected .csv, .tsv, .txt or .parquet, got {path.suffix or 'no ending'!r}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"could not read {path}: {error.strerror or error}") from error
    return parse_table(path, content)


def parse_table(path: Path, content: bytes) -> pl.DataFrame:
    """Read what a file holds, or held when it was read: its ending says how.

    Raises
    ------
    BadData
        Empty, truncated, binary, or not a table.
    """
    if not content.strip():
        raise BadData(f"{path}: expected bars, got an empty file")
    is_parquet = path.suffix.lower() in _PARQUET
    table = _parquet(path, content) if is_parquet else _text(path, content)
    if table.height == 0 or table.width == 0:
        raise BadData(f"{path}: expected bars, got {table.width} columns and no rows")
    return table


def _parquet(path: Path, content: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(content)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadData(
            f"{path}: not a readable Parquet file, perhaps cut off in a download: "
            f"{_first_line(error)}"
        ) from error


def _text(path: Path, content: bytes) -> pl.DataFrame:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path}: expected UTF-8 text, got other bytes at position {error.start}: this is no "
            "CSV, or one to be saved again as UTF-8"
        ) from error
    if "\x00" in text:
        raise BadData(f"{path}: expected text, got zero bytes: this is no CSV")
    header = text.lstrip().splitlines()[0]
    separator = max(_SEPARATORS, key=header.count)
    try:
        table = pl.read_csv(
            text.strip("\r\n").encode(), separator=separator, infer_schema=False, null_values=[""],
            truncate_ragged_lines=False,
        )  # fmt: skip
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadData(f"{path}: not a table of values: {_first_line(error)}") from error
    cells = header.split(separator)
    if sum(_is_number(cell) for cell in cells) * 2 > len(cells):
        raise BadData(
            f"{path}: expected a first line of column names, got values ({header[:60]!r}): add a "
            "line such as timestamp,open,high,low,close,volume"
        )
    return table


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
