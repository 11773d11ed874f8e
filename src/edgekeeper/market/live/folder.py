"""A watched folder: CSV and Parquet files dropped into it or appended to, read as they grow."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from edgekeeper.clock import Clock, WallClock
from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.convention import Convention
from edgekeeper.market.files import is_data_file, parse_table
from edgekeeper.market.interval import DAY_NS
from edgekeeper.market.live.source import LIVE_ROWS, UNREADABLE
from edgekeeper.market.live.trouble import SourceTrouble
from edgekeeper.market.rows import typed_rows

__all__ = ["WatchedFolder"]

_STEADY_NS = 5 * 10**9
_Signature = tuple[int, int, int]


@dataclass(slots=True)
class _Seen:
    """A file as it was at the last look, and the rows it held."""

    signature: _Signature
    since_ns: int
    rows: pl.DataFrame
    whole: bool


class WatchedFolder:
    """Bars from files that someone else writes, in the formats that ``edgekeeper import`` reads.

    A file without a symbol column is one symbol, called like the file (``BTC%2FUSD.csv`` is
    BTC/USD). Hidden files and other endings are passed over, so that a writer may write
    ``.ABC.csv.tmp`` and rename it. A last line without its end, or a Parquet file without its
    footer, is left for later, until the file has not changed for five seconds: then the line
    counts, and the file is told as unreadable.

    Parameters
    ----------
    path : path
    convention : Convention, optional
        How the times are meant; by default bar starts in UTC, or dates.
    clock : Clock, optional

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> line = "2024-01-02T10:00:00Z,1,2,1,2,5"
    >>> _ = (folder / "A.csv").write_text(f"time,open,high,low,close,volume\\n{line}\\n")
    >>> WatchedFolder(folder).history(["A"], 3_600 * 10**9, 0, 2 * 10**18)["close"].to_list()
    [2.0]
    """

    look_back = 200
    idle_seconds = 5.0

    def __init__(
        self,
        path: str | Path,
        convention: Convention | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.path = Path(path)
        self.name = f"folder {self.path.name or self.path}"
        self.convention = convention or Convention()
        self._clock = clock or WallClock()
        self._seen: dict[Path, _Seen] = {}

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse a folder that is not there; any symbol may still be dropped into it.

        Raises
        ------
        UsageError
            No such folder.
        """
        if not self.path.is_dir():
            raise UsageError(
                f"folder:{self.path}: expected a folder, found none: make it, and let bars be "
                "written into it as CSV or Parquet"
            )

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return rows of the files as they are now, see :class:`LiveSource`.

        Raises
        ------
        SourceTrouble
            The folder cannot be read.
        """
        parts = [pl.DataFrame(schema=LIVE_ROWS)]
        for path in self._files():
            rows = self._rows(path)
            # a bar closes at most some days after its stamp, as a date before holidays does
            reach = pl.col("time").to_physical().is_between(start_ns - 5 * DAY_NS, end_ns)
            parts.append(rows.filter(reach.fill_null(True)))
        return pl.concat(parts)

    def _files(self) -> list[Path]:
        try:
            inside = sorted(entry.path for entry in os.scandir(self.path) if entry.is_file())
        except OSError as error:
            raise SourceTrouble(
                "lost connection", f"could not read {self.path}: {error.strerror or error}"
            ) from error
        files = [path for path in map(Path, inside) if is_data_file(path)]
        self._seen = {path: seen for path, seen in self._seen.items() if path in files}
        return files

    def _rows(self, path: Path) -> pl.DataFrame:
        """Rows of a file, from memory where it has not changed."""
        now_ns, seen = self._clock.now_ns(), self._seen.get(path)
        try:
            signature = _signature(path)
            since_ns = seen.since_ns if seen and seen.signature == signature else now_ns
            steady = now_ns - since_ns >= _STEADY_NS
            if seen and seen.signature == signature and (seen.whole or not steady):
                return seen.rows
            content = path.read_bytes()
        except OSError:
            # renamed or removed between two looks; the next one settles it
            return seen.rows if seen else pl.DataFrame(schema=LIVE_ROWS)
        whole = steady or _is_whole(path, content)
        rows = self._parsed(path, content if whole else _whole_part(path, content))
        self._seen[path] = _Seen(signature, since_ns, rows, whole)
        return rows

    def _parsed(self, path: Path, content: bytes) -> pl.DataFrame:
        if not content.strip():
            return pl.DataFrame(schema=LIVE_ROWS)
        try:
            table = parse_table(path, content)
            typed, _ = typed_rows(path.name, unquote(path.stem), table, self.convention)
        except BadData as error:
            if _only_a_header(content):
                return pl.DataFrame(schema=LIVE_ROWS)
            return _unreadable(path, str(error))
        wall = pl.col("wall").cast(pl.Datetime("ns"))
        local = wall.dt.replace_time_zone(
            self.convention.tz or "UTC", ambiguous="earliest", non_existent="null"
        )
        utc = pl.col("utc").cast(pl.Datetime("ns", "UTC"))
        return typed.with_columns(
            time=pl.coalesce(utc, local.dt.convert_time_zone("UTC")),
            content=table.select(pl.struct(pl.all()).struct.json_encode()).to_series(),
        ).select(*LIVE_ROWS)


def _signature(path: Path) -> _Signature:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _is_whole(path: Path, content: bytes) -> bool:
    if path.suffix.lower() in (".parquet", ".pq"):
        return len(content) > 8 and content[:4] == content[-4:] == b"PAR1"
    return content.endswith((b"\n", b"\r"))


def _whole_part(path: Path, content: bytes) -> bytes:
    """Complete lines of a text file; of a Parquet file without its footer nothing."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return b""
    return content[: content.rfind(b"\n") + 1]


def _only_a_header(content: bytes) -> bool:
    return len(content.strip().splitlines()) == 1 and content.isascii() and b"\0" not in content


def _unreadable(path: Path, why: str) -> pl.DataFrame:
    """One row that stands for a file, so that it is told and kept like any other bad row."""
    row = {"text": UNREADABLE, "content": f"{path.name}: {why}"}
    return pl.DataFrame([row], schema=LIVE_ROWS)
