"""Bars on disk: one Parquet file a symbol and interval, each whole or not there."""

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
    """Bars under ``root/INTERVAL/SYMBOL.parquet``.

    Each file carries the hash of its content, checked whenever it is read. One process writes at a
    time (an advisory lock says so to others); readers need no lock, since a file is replaced in one
    step. Symbols become safe file names (``BTC/USD`` is ``BTC%2FUSD``).

    Parameters
    ----------
    root : path
        Made on the first write.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def append(self, bars: Bars, interval: str) -> int:
        """Add bars that are not there yet and return how many that were.

        Bars already stored are skipped. Where symbols have splits or dividends, new bars have to
        overlap the stored ones by at least one bar, so that the adjustment can go on from there.
        Symbols are written one after the other: a crash leaves each one as before or complete, and
        the same call again finishes the work.

        Raises
        ------
        BadData
            A stored bar with other values, no overlap where one is needed, or context columns
            (join them after reading).
        StorageError
            Disk full, folder not writable, or another process is writing.
        """
        name = interval_name(parse_interval(interval))
        if bars.context:
            raise BadData(
                f"expected bars alone, got context columns {sorted(bars.context)}: store the bars, "
                "and join context after reading"
            )
        added = 0
        with self._writing():
            merged = []
            for code in np.unique(bars.symbol):
                symbol = bars.symbols[code]
                new = _rows_of(bars, int(code))
                path = self._path(name, symbol)
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
            rows = self._load(self._path(name, symbol), symbol)
            low, high = _span(rows, start_ns, end_ns)
            frames.append(rows[low:high].with_columns(symbol=pl.lit(symbol)))
        if not frames or not sum(frame.height for frame in frames):
            raise BadData(
                f"{self.root}: no {name} bars are stored in this range; import some first"
            )
        return _bars(pl.concat(frames))

    def symbols(self, interval: str) -> list[str]:
        """Return the stored symbols of an interval, sorted."""
        folder = self.root / interval_name(parse_interval(interval))
        return sorted(unquote(p.stem) for p in folder.glob("*.parquet") if p.name[0] != ".")

    def intervals(self) -> list[str]:
        """Return the stored intervals, shortest first."""
        if not self.root.is_dir():
            return []
        found = [p.name for p in self.root.iterdir() if any(p.glob("*.parquet"))]
        return sorted(found, key=parse_interval)

    def _path(self, interval: str, symbol: str) -> Path:
        return self.root / interval / f"{quote(symbol, safe='').replace('.', '%2E')}.parquet"

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


def _rows_of(bars: Bars, code: int) -> pl.DataFrame:
    mine = np.flatnonzero(bars.symbol == code)
    return pl.DataFrame({name: getattr(bars, name)[mine] for name in _SCHEMA}, schema=_SCHEMA)


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
