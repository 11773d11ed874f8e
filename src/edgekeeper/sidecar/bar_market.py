"""``BarMarket``: bars that bots send, or that a run in the same folder takes.

They lie in ``signal-bars`` inside the folder, one store a month, so that a bar costs the rewriting
of one month and not of a year.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import EdgekeeperError
from edgekeeper.features import FeatureSet
from edgekeeper.ledger import Ledger
from edgekeeper.market import BarStore
from edgekeeper.market.interval import parse_interval
from edgekeeper.market.live.run_folder import live_bars, read_traded
from edgekeeper.sidecar.bar_series import KEPT, BarSeries, Ended, bar_features
from edgekeeper.sidecar.facts import nanoseconds
from edgekeeper.sidecar.market import Seen
from edgekeeper.sidecar.messages import Bar, BarsIn, Side
from edgekeeper.types import Float64Array

__all__ = ["STORE", "BarMarket", "Settled"]

STORE = "signal-bars"
"""Folder of the bars, inside that of the run."""

_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Settled:
    """A signal whose outcome bars have shown."""

    id: str
    ended: Ended


@dataclass(frozen=True, slots=True)
class _Open:
    symbol: str
    side: Side
    time_ns: int
    traded: bool


class BarMarket:
    """Features before signals and outcomes after them, from bars.

    Parameters
    ----------
    folder : Path
    config : Config
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self._folder, self._config = folder, config
        self._series: dict[str, dict[int, BarSeries]] = {}
        self._open: dict[str, _Open] = {}
        self._looked = -math.inf
        self._run_interval_ns = 0

    # -- questions ------------------------------------------------------------------------------

    def before(self, symbol: str, time_ns: int) -> Seen:
        """Say what was known of a symbol at its last close, by its shortest bars."""
        for _, series in sorted(self._series.get(symbol, {}).items()):
            seen = series.before(time_ns)
            if seen.features or seen.bars:
                return seen
        return Seen()

    def signal_noted(self, id: str, symbol: str, side: Side, time_ns: int, size: float) -> None:
        """Wait for the outcome of a signal, if bars can show it."""
        if self.before(symbol, time_ns).bars:
            self._open[id] = _Open(symbol, side, time_ns, size > 0.0)

    def outcome_told(self, id: str) -> None:
        """Wait no more: the bot has said how it ended."""
        self._open.pop(id, None)

    # -- bars -----------------------------------------------------------------------------------

    def begin(self, ledger: Ledger) -> None:
        """Read the newest months, and which signals of the record still wait for an outcome."""
        now = datetime.fromtimestamp(time.time(), UTC)
        months = {f"{when:%Y-%m}" for when in (now, now.replace(day=1) - timedelta(days=1))}
        stored = {path.name for path in (self._folder / STORE).glob("????-??")}
        for month in sorted(stored & months) or sorted(stored)[-2:]:
            store = BarStore(self._folder / STORE / month)
            for interval in store.intervals():
                self._add_all(store.read(interval), parse_interval(interval))
        self.look(self.read_run())
        since = max((one.last_ns for kinds in self._series.values() for one in kinds.values()),
                    default=0) - 40 * 86_400 * 10**9  # fmt: skip
        ended = set(ledger.read("sidecar_outcomes", ["id"])["id"].to_list())
        columns = ["id", "symbol", "side", "event_time_ns", "size"]
        for row in ledger.read("sidecar_signals", columns, since_ns=since).iter_rows():
            if row[0] not in ended and self._series:
                self.signal_noted(*row)

    def store(self, bars: BarsIn) -> int:
        """Write bars down; return how many were new. May run in another thread.

        Raises
        ------
        BadData
            A bar that is there with other values; prices that cannot be.
        StorageError
            The disk.
        """
        months: dict[str, list[Bar]] = {}
        for bar in bars.bars:
            months.setdefault(f"{bar.time.astimezone(UTC):%Y-%m}", []).append(bar)
        new = 0
        for month, some in months.items():
            arrays = _arrays(some)
            new += BarStore(self._folder / STORE / month).append(arrays, bars.interval)
        return new

    def take(self, bars: BarsIn) -> list[Settled]:
        """Take bars that are stored; return what they settle."""
        interval_ns = parse_interval(bars.interval)
        for bar in sorted(bars.bars, key=lambda one: one.time):
            volume = math.nan if bar.volume is None else bar.volume
            values = (bar.open, bar.high, bar.low, bar.close, volume)
            self._of(bar.symbol, interval_ns).add(nanoseconds(bar.time), values)
        return self.settled()

    def read_run(self) -> Bars | None:
        """Read what a run in the same folder has got since, every few seconds.

        May run in another thread, one at a time.
        """
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return None
        self._looked = time.monotonic()
        if not (self._folder / "paper.json").is_file():
            return None
        try:
            traded = read_traded(self._folder)
            interval_ns = parse_interval(traded.interval)
            known = [self._series.get(name, {}).get(interval_ns) for name in traded.symbols]
            last = max((0 if one is None else one.last_ns for one in known), default=0)
            bars = live_bars(self._folder, traded.interval, traded.symbols, last or None)
        except EdgekeeperError:
            return None  # the run is writing them now, or has not begun
        if bars is None:
            return None
        self._run_interval_ns = interval_ns
        # Of a long run only what a series would keep.
        newest = int(bars.event_time[-1]) - KEPT * interval_ns
        return bars.rows(int(np.searchsorted(bars.event_time, newest)), len(bars))

    def look(self, run: Bars | None) -> list[Settled]:
        """Take what :meth:`read_run` found; return what it settles."""
        if run is None:
            return []
        self._add_all(run, self._run_interval_ns)
        return self.settled() if self._open else []

    def _add_all(self, bars: Bars, interval_ns: int) -> None:
        for k in range(len(bars)):
            symbol, when = bars.symbols[bars.symbol[k]], int(bars.event_time[k])
            series = self._of(symbol, interval_ns)
            if when <= series.last_ns:
                continue
            values = (bars.open, bars.high, bars.low, bars.close, bars.volume)
            o, h, low, c, v = (float(one[k]) for one in values)
            series.add(when, (o, h, low, c, v))

    @cached_property
    def _features(self) -> FeatureSet:
        """Made when the first bar comes: most bots send none."""
        return bar_features(self._config)

    def _of(self, symbol: str, interval_ns: int) -> BarSeries:
        kinds = self._series.setdefault(symbol, {})
        if interval_ns not in kinds:
            kinds[interval_ns] = BarSeries(symbol, interval_ns, self._features, self._config)
        return kinds[interval_ns]

    def settled(self) -> list[Settled]:
        """Return the signals that wait and whose outcome the bars show now; they wait no more.

        A signal that was traded has until its time barrier to be told by the bot.
        """
        found = []
        for id, one in list(self._open.items()):
            ended = self._ended(one)
            if ended is not None:
                del self._open[id]
                found.append(Settled(id, ended))
        return found

    def _ended(self, one: _Open) -> Ended | None:
        for _, series in sorted(self._series.get(one.symbol, {}).items()):
            if series.before(one.time_ns).bars:
                return series.ended(one.time_ns, one.side, by_time=one.traded)
        return None


def _arrays(bars: Iterable[Bar]) -> Bars:
    some = list(bars)

    def column(name: str) -> Float64Array:
        return np.array([getattr(bar, name) for bar in some], dtype=np.float64)

    return Bars.from_arrays(
        symbol=[bar.symbol for bar in some],
        event_time=np.array([nanoseconds(bar.time) for bar in some], dtype=np.int64),
        open=column("open"),
        high=column("high"),
        low=column("low"),
        close=column("close"),
        volume=column("volume"),
    )
