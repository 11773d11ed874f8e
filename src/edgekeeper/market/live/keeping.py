"""What was given, on disk: bars in the store, and a mark of the last instant that is complete."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, StorageError
from edgekeeper.market.atomic import write_atomically
from edgekeeper.market.interval import interval_name
from edgekeeper.market.live.sifting import CLOSED
from edgekeeper.market.quarantine import list_quarantine, write_quarantine
from edgekeeper.market.store import BarStore

__all__ = ["Kept", "bars_of"]


class Kept:
    """Bars given so far, under ``folder``: a :class:`~edgekeeper.market.BarStore` of its own.

    A process killed while it writes leaves bars beyond the mark ``live-INTERVAL.json``. They count
    as not given yet: the next start completes their instant and gives it.

    Parameters
    ----------
    folder : path
    interval_ns : int
    symbols : tuple of str
    """

    def __init__(self, folder: Path, interval_ns: int, symbols: tuple[str, ...]) -> None:
        self.folder = folder
        self.store = BarStore(folder)
        self.interval = interval_name(interval_ns)
        self._symbols = symbols
        self._mark = folder / f"live-{self.interval}.json"

    def given_ns(self) -> int | None:
        """Last instant given; a store without a mark was filled by someone else, whole.

        Raises
        ------
        BadData
            The mark is damaged.
        StorageError
            It cannot be read.
        """
        try:
            content = self._mark.read_text()
        except FileNotFoundError:
            times = self.rows(None, None)["event_time"].to_list()
            return max(times, default=None)
        except OSError as error:
            raise StorageError(f"could not read {self._mark}: {error.strerror}") from error
        try:
            return int(json.loads(content)["given_ns"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadData(
                f"{self._mark} is damaged: delete it to go on after the newest bars stored"
            ) from error

    def first_stored_ns(self) -> int | None:
        """First instant from which on every symbol that has bars has them; None: there are none."""
        firsts = self.rows(None, None).group_by("symbol").agg(pl.col("event_time").min())
        return max(firsts["event_time"].to_list(), default=None)

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
            bars = self.store.read(self.interval, mine)
            low = 0 if start_ns is None else int(np.searchsorted(bars.event_time, start_ns))
            high = len(bars) if end_ns is None else len(bars.until(end_ns))
            frames.append(_rows_of(bars, low, high))
        return pl.concat(frames)

    def add(self, rows: pl.DataFrame, until_ns: int) -> Bars:
        """Store bars (of schema ``CLOSED``), move the mark to ``until_ns``, and return them.

        Raises
        ------
        StorageError
            Disk full, folder not writable, or another process writes there.
        BadData
            A stored file is damaged, or a stored bar has other values.
        """
        bars = bars_of(rows)
        if not self._mark.exists():
            # before the first bar: without it, half an instant would pass for one that is whole
            self._write_mark(self.given_ns() or int(bars.event_time[0]) - 1)
        self.store.append(bars, self.interval)
        self._write_mark(until_ns)
        return bars

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

    def _write_mark(self, given_ns: int) -> None:
        write_atomically(self._mark, json.dumps({"given_ns": given_ns}).encode())


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


def _rows_of(bars: Bars, low: int, high: int) -> pl.DataFrame:
    part = bars.rows(low, high)
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
