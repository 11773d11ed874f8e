"""A market in fast motion: made by ourselves, bar after bar, so that a loop can be seen at work.

It needs no network and no data. An edge is planted in it, and nobody who watches has to wait:
several bars pass in each second. What is earned in it says nothing about any
market that people trade.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.convention import Convention
from edgekeeper.market.live.keeping import Kept
from edgekeeper.market.live.run_folder import STORE
from edgekeeper.market.live.source import LIVE_ROWS
from edgekeeper.types import Float64Array

__all__ = ["DEMO_SYMBOLS", "DemoMarket", "FastClock", "bars_per_second", "demo_clock"]

DEMO_SYMBOLS = ("FERN/USD", "LARK/USD", "MOSS/USD", "REED/USD", "TERN/USD", "WREN/USD")

_FIRST_NS = 946_684_800 * 10**9  # 2000-01-01T00:00Z
_BEGUN_BARS = 1_000  # of history before anything is traded
_BARS = 20_000  # of a stretch; the next one goes on where it ends
_MOST_STRETCHES = 50
_LEVEL = 100.0
_SEED, _SHARPE = 1, 6.0
_BARS_PER_SECOND = 3.0
_FASTEST = 1_000.0


class FastClock:
    """A clock whose time passes fast, and only while somebody waits by it.

    So a slow machine is late for nothing: the market stands still while the loop thinks.

    Parameters
    ----------
    from_ns : int
        What it shows first.
    speed : float
        Its seconds in each of ours.
    wait : callable
        Waits that many of our seconds.
    """

    def __init__(
        self, from_ns: int, speed: float, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self.speed = speed
        self._now_ns, self._wait = from_ns, wait

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return self._now_ns

    def sleep(self, seconds: float) -> None:
        """Let so many of its seconds pass."""
        self._wait(seconds / self.speed)
        self._now_ns += round(seconds * 1e9)


class DemoMarket:
    """Endless bars of six invented pairs that trade around the clock; heavy volume precedes rises.

    They are the same bars whatever their length: what an edge of a Sharpe ratio of 6 in days of a
    stock would be is implausible in minutes, so that fits on short bars are held.
    """

    look_back = 3
    idle_seconds = 86_400.0
    name = "demo"
    convention = Convention(stamp="end")

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse other symbols.

        Raises
        ------
        UsageError
            A symbol that the demo does not have.
        """
        for symbol in symbols:
            if symbol not in DEMO_SYMBOLS:
                raise UsageError(
                    f"demo: expected symbols among {', '.join(DEMO_SYMBOLS)}, got {symbol!r}"
                    f"{nearest(symbol, DEMO_SYMBOLS)}"
                )

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return the bars that close between these times, see :class:`LiveSource`.

        Raises
        ------
        UsageError
            More than a million bars of each symbol at once.
        """
        first = max((start_ns - _FIRST_NS) // interval_ns - 1, 0) // _BARS
        last = max((end_ns - _FIRST_NS) // interval_ns - 1, 0) // _BARS
        if last - first >= _MOST_STRETCHES:
            raise UsageError(
                f"demo: expected to be asked for {_MOST_STRETCHES * _BARS:,} bars at most, got "
                f"{(end_ns - start_ns) // interval_ns:,}: ask for a shorter stretch"
            )
        inside = pl.col("time").to_physical().is_between(start_ns, end_ns)
        wanted = inside & pl.col("symbol").is_in(list(symbols))
        parts = [_bars(interval_ns, number).filter(wanted) for number in range(first, last + 1)]
        return pl.concat(parts) if parts else _bars(interval_ns, 0).clear()


@lru_cache(maxsize=2)
def _bars(interval_ns: int, stretch: int) -> pl.DataFrame:
    from edgekeeper.worlds import make_world

    bars = make_world(
        "planted", seed=_SEED + stretch, symbols=len(DEMO_SYMBOLS), bars=_BARS, net_sharpe=_SHARPE
    ).bars
    number = stretch * _BARS + np.searchsorted(bars.instants, bars.event_time) + 1
    names = np.array(DEMO_SYMBOLS, dtype=object)
    factor = _levelled(bars)
    known = {
        "symbol": pl.Series(names[bars.symbol], dtype=pl.String),
        "time": pl.Series(_FIRST_NS + number * interval_ns).cast(pl.Datetime("ns", "UTC")),
        **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")},
        "volume": bars.volume,
    }
    unknown = [pl.lit(None, kind).alias(n) for n, kind in LIVE_ROWS.items() if n not in known]
    return pl.DataFrame(known).with_columns(unknown).select(*LIVE_ROWS)


def _levelled(bars: Bars) -> Float64Array:
    """What prices are multiplied by, for each symbol to begin and end a stretch at one level.

    So no stretch depends on those before it, and however long somebody looks on, prices stay where
    people can read them: what a world adds in eighty years of days is gone in an hour here.
    """
    count = len(DEMO_SYMBOLS)
    first, last = np.empty(count), np.empty(count)
    first[bars.symbol[:count]] = bars.open[:count]
    last[bars.symbol[-count:]] = bars.close[-count:]
    share = np.searchsorted(bars.instants, bars.event_time) / (len(bars.instants) - 1)
    factor: Float64Array = _LEVEL / first[bars.symbol] * (first / last)[bars.symbol] ** share
    return factor


def demo_clock(place: str, folder: Path, interval_ns: int) -> FastClock:
    """Return the clock of a demo in the folder of a run: it stands still while nobody looks on.

    Raises
    ------
    UsageError
        After the colon there is no number of bars a second.
    """
    last = Kept(folder / STORE, interval_ns, DEMO_SYMBOLS).given_ns()
    begun = _FIRST_NS + _BEGUN_BARS * interval_ns if last is None else last
    return FastClock(begun + interval_ns // 2, bars_per_second(place) * interval_ns / 1e9)


def bars_per_second(place: str) -> float:
    """Read the pace of a demo from what stands after its colon.

    Raises
    ------
    UsageError
        No number, or one out of range.
    """
    try:
        pace = float(place) if place else _BARS_PER_SECOND
    except ValueError:
        pace = 0.0
    if not 0.001 <= pace <= _FASTEST:
        raise UsageError(
            f"demo: expected at most {_FASTEST:g} bars a second, such as demo:1, got {place!r}"
        )
    return pace
