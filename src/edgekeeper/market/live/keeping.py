"""What was given, on disk: a store of bars, and a small file of the newest ones before it."""

import io
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.atomic import write_atomically
from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, StorageError
from edgekeeper.market.digest import bars_hash
from edgekeeper.market.interval import interval_name
from edgekeeper.market.live.sifting import CLOSED
from edgekeeper.market.quarantine import list_quarantine, write_quarantine
from edgekeeper.market.store import BarStore

__all__ = ["Kept", "bars_of"]

_MOST_RECENT = 200
_GIVEN_KEY, _HASH_KEY = "edgekeeper.given_ns", "edgekeeper.bars_hash"
_BAR = ["event_time", "symbol"]


class Kept:
    """Bars given so far, under ``folder``: a :class:`~edgekeeper.market.BarStore` of its own.

    A store's file is written anew with each bar, which takes half a second where it holds 100,000.
    So it has a file a month, and the newest instants, up to 200, lie in ``live-INTERVAL.parquet``
    first, written whole with the last instant given: a process killed at any point leaves that file
    as before or complete, and what reached the store beyond it counts as not given yet.

    Parameters
    ----------
    folder : path
    interval_ns : int
    symbols : tuple of str

    Raises
    ------
    BadData
        The file of recent bars is damaged.
    StorageError
        It cannot be read.
    """

    def __init__(self, folder: Path, interval_ns: int, symbols: tuple[str, ...]) -> None:
        self.folder = folder
        self.store = BarStore(folder, by_month=True)
        self.interval = interval_name(interval_ns)
        self._symbols = symbols
        self._file = folder / f"live-{self.interval}.parquet"
        self._recent, self._given_ns = self._loaded()
        self._written = self._signature()

    def given_ns(self) -> int | None:
        """Last instant given; a store without a file beside it was filled by someone else, whole.

        Raises
        ------
        BadData, StorageError
            The store is damaged or cannot be read.
        """
        if self._given_ns is not None:
            return self._given_ns
        return max(self.rows(None, None)["event_time"].to_list(), default=None)

    def first_stored_ns(self) -> int | None:
        """First instant from which on every symbol that has bars has them; None: there are none."""
        mine = self._recent.filter(pl.col("symbol").is_in(self._symbols))
        recent = dict(mine.group_by("symbol").agg(pl.col("event_time").min()).iter_rows())
        both = [
            [recent.get(symbol), self.store.first_ns(self.interval, symbol)]
            for symbol in self._symbols
        ]
        firsts = [min(some) for one in both if (some := [ns for ns in one if ns is not None])]
        return max(firsts, default=None)

    def rows(self, start_ns: int | None, end_ns: int | None) -> pl.DataFrame:
        """Stored bars of these symbols, both ends included, as ``CLOSED``; empty: there are none.

        Raises
        ------
        BadData
            A damaged file.
        StorageError
            One that cannot be read.
        """
        stored = set(self.store.symbols(self.interval))
        mine = [symbol for symbol in self._symbols if symbol in stored]
        frames = [pl.DataFrame(schema=CLOSED)]
        if mine:
            bars = self.store.find(self.interval, mine, start_ns, end_ns)
            if bars is not None and (bars.adjustment != 1.0).any():
                raise BadData(
                    f"{self.folder}: expected bars as live sources tell them, got stored ones with "
                    "splits or dividends, which new bars could not go on from: use another folder"
                )
            if bars is not None:
                frames.append(_rows_of(bars))
        inside = pl.col("event_time").is_between(
            start_ns if start_ns is not None else 0, end_ns if end_ns is not None else 2**63 - 1
        )
        mine_too = pl.col("symbol").is_in(self._symbols)
        frames.append(self._recent.filter(inside & mine_too))
        return pl.concat(frames).unique(_BAR, keep="last").sort(*_BAR)

    def rows_after(self, after_ns: int) -> pl.DataFrame:
        """Stored bars after an instant; only the small file is read where it holds all of them.

        Raises
        ------
        BadData, StorageError
            As :meth:`rows`.
        """
        if min(self._recent["event_time"].to_list(), default=after_ns + 1) <= after_ns:
            new = pl.col("event_time") > after_ns
            return self._recent.filter(new & pl.col("symbol").is_in(self._symbols)).sort(*_BAR)
        return self.rows(after_ns + 1, None)

    def add(self, rows: pl.DataFrame, until_ns: int) -> None:
        """Keep bars (of schema ``CLOSED``), and that everything up to ``until_ns`` is given.

        Raises
        ------
        StorageError
            Disk full, folder not writable, or another process writes there.
        BadData
            A stored file is damaged, or a stored bar has other values.
        """
        if self._signature() != self._written:
            raise StorageError(
                f"{self._file} was changed by another process: stop it, or use another folder"
            )
        recent = pl.concat([self._recent, rows])
        if recent["event_time"].n_unique() > _MOST_RECENT:
            if not self._file.exists():
                # before the first bar: without it, half an instant would pass for one that is whole
                self._write(
                    self._recent, self.given_ns() or min(recent["event_time"].to_list()) - 1
                )
            self.store.append(bars_of(recent), self.interval)
            recent = recent.clear()
        self._write(recent, until_ns)

    def settle(self) -> None:
        """Move the recent bars into the store, where others look for them.

        Raises
        ------
        StorageError, BadData
            As :meth:`add`.
        """
        if self._recent.height and self._given_ns is not None:
            self.store.append(bars_of(self._recent), self.interval)
            self._write(self._recent.clear(), self._given_ns)

    def quarantine(self, rows: pl.DataFrame) -> None:
        """Keep rows that cannot be used.

        Raises
        ------
        StorageError
            Disk full or folder not writable.
        """
        write_quarantine(self.folder, rows)

    def quarantined(self) -> pl.DataFrame:
        """All rows set aside so far.

        Raises
        ------
        BadData, StorageError
            A file that is damaged or cannot be read.
        """
        return list_quarantine(self.folder)

    def _write(self, recent: pl.DataFrame, given_ns: int) -> None:
        recent = recent.sort(*_BAR)
        said = {_GIVEN_KEY: str(given_ns)}
        if recent.height:
            said[_HASH_KEY] = bars_hash(bars_of(recent))
        buffer = io.BytesIO()
        recent.write_parquet(buffer, compression="zstd", metadata=said)
        write_atomically(self._file, buffer.getvalue())
        self._recent, self._given_ns = recent, given_ns
        self._written = self._signature()

    def _loaded(self) -> tuple[pl.DataFrame, int | None]:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return pl.DataFrame(schema=CLOSED), None
        except OSError as error:
            raise StorageError(f"could not read {self._file}: {error.strerror}") from error
        try:
            said = pl.read_parquet_metadata(content)
            rows = pl.read_parquet(content).select(*CLOSED)
            given_ns = int(said[_GIVEN_KEY])
            found = bars_hash(bars_of(rows)) if rows.height else None
        except (pl.exceptions.PolarsError, BadData, OSError, KeyError, ValueError) as error:
            raise self._damaged(str(error)) from error
        if found != said.get(_HASH_KEY):
            raise self._damaged("its content does not match its hash")
        return rows, given_ns

    def _damaged(self, why: str) -> BadData:
        return BadData(
            f"{self._file} is cut off or was changed ({why.splitlines()[0][:120]}): move it away "
            "to go on after the newest bars of the store; the bars in between are asked for again"
        )

    def _signature(self) -> tuple[int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def bars_of(rows: pl.DataFrame) -> Bars:
    """Rows of schema ``CLOSED``, at least one, as bars."""
    return Bars.from_arrays(
        symbol=rows["symbol"].to_numpy(),
        event_time=rows["event_time"].to_numpy(),
        open=rows["open"].to_numpy(),
        high=rows["high"].to_numpy(),
        low=rows["low"].to_numpy(),
        close=rows["close"].to_numpy(),
        volume=rows["volume"].fill_null(np.nan).to_numpy(),
    )


def _rows_of(part: Bars) -> pl.DataFrame:
    names = np.asarray(part.symbols)[part.symbol]
    return pl.DataFrame(
        {
            "event_time": part.event_time,
            "symbol": names,
            **{name: getattr(part, name) for name in COLUMNS},
            "row": np.zeros(len(part), dtype=np.int64),
            "content": [""] * len(part),
        },
        schema=CLOSED,
    )
