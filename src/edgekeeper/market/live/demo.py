"""A market in fast motion: made by ourselves, day after day, so that a loop can be seen at work.

It needs no network and no data. An edge is planted in it, and nobody who watches has to wait: a
day of the market passes in a fraction of a second. What is earned in it says nothing about any
market that people trade.
"""

import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.convention import Convention
from edgekeeper.market.live.keeping import Kept
from edgekeeper.market.live.run_folder import STORE
from edgekeeper.market.live.source import LIVE_ROWS

__all__ = ["DEMO_SYMBOLS", "DemoMarket", "FastClock", "demo_clock", "demo_speed"]

DEMO_SYMBOLS = ("FERN/USD", "LARK/USD", "MOSS/USD", "REED/USD", "TERN/USD", "WREN/USD")

_DAY_NS = 86_400 * 10**9
_FIRST_NS = 946_684_800 * 10**9  # 2000-01-01T00:00Z
_BEGUN_DAYS = 1_000  # of history before anything is traded
_DAYS = 20_000
_SEED, _SHARPE = 1, 6.0
_SPEED = 3 * 86_400.0  # three days a second
_FASTEST = 100 * 86_400.0


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
    """Daily bars of six invented pairs that trade around the clock; heavy volume precedes rises.

    Parameters
    ----------
    speed : float
        Market seconds in each of ours.
    """

    look_back = 3
    idle_seconds = float(_DAY_NS // 10**9)
    name = "demo"
    convention = Convention(stamp="end")

    def __init__(self, speed: float = _SPEED) -> None:
        self.speed = speed

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse other symbols and intervals.

        Raises
        ------
        UsageError
            A symbol or an interval that the demo does not have.
        """
        for symbol in symbols:
            if symbol not in DEMO_SYMBOLS:
                raise UsageError(
                    f"demo: expected symbols among {', '.join(DEMO_SYMBOLS)}, got {symbol!r}"
                    f"{nearest(symbol, DEMO_SYMBOLS)}"
                )
        if interval_ns != _DAY_NS:
            raise UsageError("demo: expected --interval 1d, which is all it has")

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return the bars that close in this stretch, see :class:`LiveSource`."""
        inside = pl.col("time").to_physical().is_between(start_ns, end_ns)
        return _bars().filter(inside & pl.col("symbol").is_in(list(symbols)))


@cache
def _bars() -> pl.DataFrame:
    from edgekeeper.worlds import make_world

    bars = make_world(
        "planted", seed=_SEED, symbols=len(DEMO_SYMBOLS), bars=_DAYS, net_sharpe=_SHARPE
    ).bars
    day = np.searchsorted(bars.instants, bars.event_time)
    names = np.array(DEMO_SYMBOLS, dtype=object)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame(
        {
            "symbol": pl.Series(names[bars.symbol], dtype=pl.String),
            "time": pl.Series(_FIRST_NS + (day + 1) * _DAY_NS).cast(pl.Datetime("ns", "UTC")),
            **columns,
        }
    ).select(
        *(pl.col(name) if name in columns or name in ("symbol", "time")
          else pl.lit(None, dtype).alias(name) for name, dtype in LIVE_ROWS.items())
    )  # fmt: skip


def demo_speed(place: str) -> float:
    """Read the speed of a demo from what stands after its colon.

    Raises
    ------
    UsageError
        No number, or one out of range.
    """
    try:
        speed = float(place) if place else _SPEED
    except ValueError:
        speed = 0.0
    if not 1.0 <= speed <= _FASTEST:
        raise UsageError(
            f"demo: expected a speed of 1 to {_FASTEST:,.0f}, such as demo:86400 for a day a "
            f"second, got {place!r}"
        )
    return speed


def demo_clock(place: str, folder: Path) -> FastClock:
    """Return the clock of a demo in the folder of a run: it stands still while nobody looks on."""
    last = Kept(folder / STORE, _DAY_NS, DEMO_SYMBOLS).given_ns()
    begun = _FIRST_NS + _BEGUN_DAYS * _DAY_NS if last is None else last
    return FastClock(begun + _DAY_NS // 2, demo_speed(place))
