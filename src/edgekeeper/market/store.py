"""Bars on disk: one Parquet file a symbol and interval, or one a month, each whole or not there."""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import polars as pl

from edgekeeper.atomic import write_atomically
from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, StorageError, nearest
from edgekeeper.market.digest import bars_hash
from edgekeeper.market.interval import interval_name, parse_interval

__all__ = ["BarStore"]

_HASH_KEY = "edgekeeper.bars_hash"
_SCHEMA = {
    "event_time": pl.Int64(),
    "known_time": pl.Int64(),
    **dict.fromkeys((*COLUMNS, "adjustment"), pl.Float64()),
}


class BarStore:
    """Bars under ``root/INTERVAL/SYMBOL.parquet``, or ``SYMBOL.YYYY-MM.parquet``; both are read.

    Each file carries the hash of its content, checked whenever it is read. One process writes at a
    time (an advisory lock says so to others); readers need no lock, since a file is replaced in one
    step. Symbols become safe file names (``BTC/USD`` is ``BTC%2FUSD``).

    Parameters
    ----------
    root : path
        Made on the first write.
    by_month : bool
        Whether what is added goes to a file a month, by the close of its bars in UTC: then it costs
        the same however much there is. For bars without splits or dividends alone, since an
        adjustment goes on from the first bar of all.
    """

    def __init__(self, root: str | Path, *, by_month: bool = False) -> None:
        self.root = Path(root)
        self.by_month = by_month

    def append(self, bars: Bars, interval: str) -> int:
        """Add bars that are not there yet and return how many that were.

        Bars already stored are skipped. Where symbols have splits or dividends, new bars have to
        overlap the stored ones by at least one bar, so that the adjustment can go on from there.
        Symbols are written one after the other: a crash leaves each one as before or complete, and
        the same call again finishes the work.

        Raises
        ------
        BadData
            A stored bar with other values, no overlap where one is needed, splits or dividends
            where there are none, or context columns (join them after reading).
        StorageError
            Disk full, folder not writable, or another process is writing.
        """
        name = interval_name(parse_interval(interval))
        if bars.context:
            raise BadData(
                f"expected bars alone, got context columns {sorted(bars.context)}: store the bars, "
                "and join context after reading"
            )
        if self.by_month and (bars.adjustment != 1.0).any():
            raise BadData(
                f"{self.root}: expected bars without splits and dividends, got some: a store by "
                "months has no place for them"
            )
        added = 0
        with self._writing():
            merged = []
            for symbol, part, new in self._split(bars):
                path = self._path(name, symbol, part)
                old = self._load(path, symbol) if path.exists() else new.clear()
                both = _merged(symbol, old, new)
                if both.height > old.height:
                    merged.append((path, symbol, both))
                    added += both.height - old.height
            for path, symbol, both in merged:
                write_atomically(path, _encoded(symbol, both))
        return added

    def read(
        self,
        interval: str,
        symbols: Sequence[str] = (),
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Bars:
        """Return the bars that closed from ``start_ns`` to ``end_ns``, both included.

        Raises
        ------
        BadData
            Nothing stored for a symbol or range, or a damaged file; the message names it.
        StorageError
            A file cannot be read.
        """
        found = self.find(interval, symbols, start_ns, end_ns)
        if found is None:
            name = interval_name(parse_interval(interval))
            raise BadData(
                f"{self.root}: no {name} bars are stored in this range; import some first"
            )
        return found

    def find(
        self,
        interval: str,
        symbols: Sequence[str] = (),
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Bars | None:
        """Return what :meth:`read` does; None where nothing is stored in the range."""
        name = interval_name(parse_interval(interval))
        stored = self.symbols(name)
        for symbol in symbols:
            if symbol not in stored:
                raise BadData(
                    f"{self.root}: no {name} bars of {symbol!r} are stored, only of {stored[:8]}"
                    f"{nearest(symbol, stored)}"
                )
        frames = []
        for symbol in symbols or stored:
            parts = self._parts(name, symbol, start_ns, end_ns)
            rows = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
            if len(parts) > 1:
                rows = rows.unique("event_time", keep="last").sort("event_time")
            low, high = _span(rows, start_ns, end_ns)
            frames.append(rows[low:high].with_columns(symbol=pl.lit(symbol)))
        if not sum(frame.height for frame in frames):
            return None
        return _bars(pl.concat(frames))

    def symbols(self, interval: str) -> list[str]:
        """Return the stored symbols of an interval, sorted."""
        folder = self.root / interval_name(parse_interval(interval))
        found = {p.name.split(".")[0] for p in folder.glob("*.parquet") if p.name[0] != "."}
        return sorted(unquote(one) for one in found)

    def first_ns(self, interval: str, symbol: str) -> int | None:
        """Return when the first stored bar of a symbol closed; None: there is none.

        Raises
        ------
        BadData, StorageError
            A file that is damaged or cannot be read.
        """
        folder = self.root / interval_name(parse_interval(interval))
        paths = sorted(folder.glob(f"{_quoted(symbol)}.*parquet"))[:1]
        whole = folder / f"{_quoted(symbol)}.parquet"
        if whole.exists() and whole not in paths:
            paths.append(whole)
        firsts = [self._load(path, symbol)["event_time"][:1] for path in paths]
        return min((int(one[0]) for one in firsts if len(one)), default=None)

    def intervals(self) -> list[str]:
        """Return the stored intervals, shortest first."""
        if not self.root.is_dir():
            return []
        found = [p.name for p in self.root.iterdir() if any(p.glob("*.parquet"))]
        return sorted(found, key=parse_interval)

    def _path(self, interval: str, symbol: str, month: str = "") -> Path:
        part = f".{month}" if month else ""
        return self.root / interval / f"{_quoted(symbol)}{part}.parquet"

    def _parts(
        self, interval: str, symbol: str, start_ns: int | None, end_ns: int | None
    ) -> list[pl.DataFrame]:
        """Rows of each file that may hold some of the range, oldest first."""
        first, last = (None if one is None else _month(one) for one in (start_ns, end_ns))
        whole = self._path(interval, symbol)
        paths = [whole] if whole.exists() else []
        for path in sorted((self.root / interval).glob(f"{_quoted(symbol)}.????-??.parquet")):
            month = path.name.split(".")[1]
            if (first is None or month >= first) and (last is None or month <= last):
                paths.append(path)
        return [self._load(path, symbol) for path in paths]

    def _split(self, bars: Bars) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Symbol, month (or none) and rows of each file that bars belong to."""
        months = bars.event_time.astype("datetime64[ns]").astype("datetime64[M]")
        if not self.by_month:
            months = months[:1].repeat(len(bars))
        for code in np.unique(bars.symbol):
            mine = bars.symbol == code
            for month in np.unique(months[mine]):
                rows = np.flatnonzero(mine & (months == month))
                frame = pl.DataFrame({k: getattr(bars, k)[rows] for k in _SCHEMA}, schema=_SCHEMA)
                yield bars.symbols[code], str(month) if self.by_month else "", frame

    @contextmanager
    def _writing(self) -> Iterator[None]:
        import fcntl

        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise StorageError(
                f"could not write in {self.root}: {error.strerror}; choose a writable folder"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise StorageError(
                f"{self.root}: another process is writing bars here; wait for it to finish"
            ) from error
        finally:
            os.close(lock)

    @staticmethod
    def _load(path: Path, symbol: str) -> pl.DataFrame:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageError(f"could not read {path}: {error.strerror}") from error
        try:
            rows = pl.read_parquet(content)
            stated = pl.read_parquet_metadata(content).get(_HASH_KEY)
            rows = rows.select(*_SCHEMA)
            found = bars_hash(_bars(rows.with_columns(symbol=pl.lit(symbol))))
        except (pl.exceptions.PolarsError, BadData, OSError) as error:
            raise _damaged(path, str(error)) from error
        if rows.schema != pl.Schema(_SCHEMA) or found != stated:
            raise _damaged(path, "its content does not match its hash")
        return rows


def _damaged(path: Path, why: str) -> BadData:
    return BadData(
        f"{path} is cut off or was changed ({why.splitlines()[0][:160]}): move it away and import "
        "its bars again; the other files are not affected"
    )


def _quoted(symbol: str) -> str:
    return quote(symbol, safe="").replace(".", "%2E")


def _month(time_ns: int) -> str:
    return str(np.datetime64(time_ns, "ns").astype("datetime64[M]"))


def _bars(rows: pl.DataFrame) -> Bars:
    return Bars.from_arrays(
        symbol=rows["symbol"].to_numpy(),
        event_time=rows["event_time"].to_numpy(),
        known_time=rows["known_time"].to_numpy(),
        open=rows["open"].to_numpy(),
        high=rows["high"].to_numpy(),
        low=rows["low"].to_numpy(),
        close=rows["close"].to_numpy(),
        volume=rows["volume"].to_numpy(),
        adjustment=rows["adjustment"].to_numpy(),
    )


def _encoded(symbol: str, rows: pl.DataFrame) -> bytes:
    digest = bars_hash(_bars(rows.with_columns(symbol=pl.lit(symbol))))
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd", metadata={_HASH_KEY: digest})
    return buffer.getvalue()


def _merged(symbol: str, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Old and new rows by time, the new adjustment carried on from the old one."""
    if old.height == 0:
        return _rebased(new)
    both = old.join(new, on="event_time", suffix="_new")
    acted = (old["adjustment"] != 1.0).any() or (new["adjustment"] != 1.0).any()
    if acted and both.height == 0:
        raise BadData(
            f"{symbol}: expected new bars to overlap the stored ones by at least one bar, so that "
            "splits and dividends in between are known; import a longer range"
        )
    if both.height:
        scale = both["adjustment"][-1] / both["adjustment_new"][-1]
        new = new.with_columns(pl.col("adjustment") * scale)
        both = old.join(new, on="event_time", suffix="_new")
        differs = pl.any_horizontal(
            ~pl.col(name).eq_missing(pl.col(f"{name}_new")) for name in ("known_time", *COLUMNS)
        )
        drift = (pl.col("adjustment") / pl.col("adjustment_new") - 1).abs() > 1e-6
        clash = both.filter(differs | drift)
        if clash.height:
            when = np.datetime64(int(clash["event_time"][0]), "ns").astype("datetime64[s]")
            raise BadData(
                f"{symbol}: {clash.height} bars are stored with other values, first {when}: if the "
                "new ones are right, move the stored file away and import again"
            )
    fresh = new.join(old, on="event_time", how="anti")
    return _rebased(pl.concat([old, fresh]).sort("event_time")) if fresh.height else old


def _rebased(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.sort("event_time")
    return rows.with_columns(pl.col("adjustment") / pl.col("adjustment").first())


def _span(rows: pl.DataFrame, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
    time = rows["event_time"].to_numpy()
    low = 0 if start_ns is None else int(np.searchsorted(time, start_ns, side="left"))
    high = len(time) if end_ns is None else int(np.searchsorted(time, end_ns, side="right"))
    return low, high
