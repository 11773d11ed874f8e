"""Venues: when trading opens and closes, and which instant ends a trading day.

Exchange sessions come from ``exchange_calendars`` (half days included). Importing it costs about a
second, so the sessions of a venue are kept in the user's cache folder, named by the calendar
package's version.
"""

import io
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgekeeper.atomic import write_atomically
from edgekeeper.errors import StorageError, UsageError, nearest
from edgekeeper.market.interval import DAY_NS
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["NO_SESSION", "Venue", "guess_venue", "venue"]

NO_SESSION = int(np.iinfo(np.int64).min)
FIRST, LAST = "1900-01-01", "2045-12-31"
_SUNDAY = 6
_FIAT = frozenset(
    {
        "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK",
        "HUF", "TRY", "ZAR", "MXN", "BRL", "CNY", "CNH", "HKD", "SGD", "INR", "KRW", "ILS", "THB",
    }
)  # fmt: skip
_CRYPTO_ENDS = ("USDT", "USDC", "BUSD", "-PERP", "-USD", "-EUR", "-BTC")
_SUFFIX = {
    ".AX": "XASX", ".L": "XLON", ".TO": "XTSE", ".DE": "XFRA", ".PA": "XPAR", ".AS": "XAMS",
    ".MI": "XMIL", ".SW": "XSWX", ".HK": "XHKG", ".T": "XTKS",
}  # fmt: skip


@dataclass(frozen=True)
class Venue:
    """Trading days and hours of one venue.

    Attributes
    ----------
    name : str
    day : int64 [D]
        Days with a bar, as days since 1970-01-01 in the venue's own calendar.
    day_close : int64 [D]
        Instant each of those days ends, nanoseconds UTC.
    ordinal : int64 [D]
        Running count of trading days; a short Sunday session counts with its Monday.
    opens, closes : int64 [K]
        Stretches of continuous trading, nanoseconds UTC.
    """

    name: str
    day: Int64Array
    day_close: Int64Array
    ordinal: Int64Array
    opens: Int64Array
    closes: Int64Array

    def close_of(self, day: Int64Array) -> Int64Array:
        """Closing instant of each day, or ``NO_SESSION`` where the venue had none."""
        at = np.searchsorted(self.day, day).clip(max=len(self.day) - 1)
        return np.where(self.day[at] == day, self.day_close[at], NO_SESSION)

    def next_close(self, time_ns: Int64Array) -> Int64Array:
        """First closing of a trading day strictly after each instant, or ``NO_SESSION``."""
        at = np.searchsorted(self.day_close, time_ns, side="right")
        inside = at < len(self.day_close)
        return np.where(inside, self.day_close[at.clip(max=len(self.day_close) - 1)], NO_SESSION)

    def capped(self, start_ns: Int64Array, end_ns: Int64Array) -> Int64Array:
        """Bar ends, cut at a session's close that falls inside the bar."""
        at = np.searchsorted(self.closes, start_ns, side="right").clip(max=len(self.closes) - 1)
        close = self.closes[at]
        return np.where((close > start_ns) & (close < end_ns), close, end_ns)

    def in_session(self, time_ns: Int64Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether trading was open at each instant (opening included, closing not)."""
        at = np.searchsorted(self.opens, time_ns, side="right") - 1
        return (at >= 0) & (time_ns < self.closes[at.clip(min=0)])

    def elapsed(self, time_ns: Int64Array, interval_ns: int) -> Float64Array:
        """Trading time up to each bar's end, in bars: neighbours without a gap are 1 apart."""
        if interval_ns >= DAY_NS:
            at = np.searchsorted(self.day_close, time_ns).clip(max=len(self.day_close) - 1)
            return self.ordinal[at].astype(np.float64)
        lengths = self.closes - self.opens
        before = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        at = (np.searchsorted(self.opens, time_ns, side="right") - 1).clip(min=0)
        inside = np.clip(time_ns - self.opens[at], 0, lengths[at])
        return (before[at] + inside) / interval_ns


def guess_venue(symbol: str, weekend_share: float) -> str:
    """Name the venue a symbol most likely trades at.

    Two currencies are forex; a pair or stable-coin name, or more than a tenth of Saturdays and
    Sundays, is crypto; a Yahoo suffix names its exchange; everything else is New York.

    Examples
    --------
    >>> [guess_venue(name, 0.0) for name in ("EURUSD", "BTC/USD", "AAPL", "IOZ.AX")]
    ['FX', '24/7', 'XNYS', 'XASX']
    """
    upper = symbol.upper()
    letters = "".join(c for c in upper.removesuffix("=X") if c.isalpha())
    if len(letters) == 6 and {letters[:3], letters[3:]} <= _FIAT:
        return "FX"
    if "/" in upper or upper.endswith(_CRYPTO_ENDS) or weekend_share > 0.1:
        return "24/7"
    for suffix, code in _SUFFIX.items():
        if upper.endswith(suffix):
            return code
    return "XNYS"


@lru_cache(maxsize=16)
def venue(name: str) -> Venue:
    """Return the venue called ``"24/7"``, ``"FX"`` or by an exchange code such as ``"XNYS"``.

    Raises
    ------
    UsageError
        No such venue; the message names the nearest.

    Notes
    -----
    Source of exchange sessions: the ``exchange_calendars`` package. Forex trades from Sunday to
    Friday, 17:00 New York; its day, as that of crypto, ends at midnight UTC.
    """
    if name in ("24/7", "FX"):
        return _round_the_clock(name)
    sessions = _cached_sessions(name)
    return Venue(
        name=name,
        day=sessions[:, 0],
        day_close=sessions[:, 2],
        ordinal=np.arange(len(sessions), dtype=np.int64),
        opens=sessions[:, 1],
        closes=sessions[:, 2],
    )


def _round_the_clock(name: str) -> Venue:
    first, last = (int(np.datetime64(t, "D").astype(np.int64)) for t in (FIRST, LAST))
    day = np.arange(first, last + 1, dtype=np.int64)
    weekday = (day + 3) % 7
    if name == "24/7":
        close = (day + 1) * DAY_NS
        return Venue(name, day, close, day, day * DAY_NS, close)
    day = day[weekday != _SUNDAY - 1]
    weekday = (day + 3) % 7
    count = np.cumsum(weekday != _SUNDAY)
    sundays = day[weekday == _SUNDAY]
    opens, closes = _five_in_new_york(sundays), _five_in_new_york(sundays + 5)
    return Venue(name, day, (day + 1) * DAY_NS, count, opens, closes)


def _five_in_new_york(day: Int64Array) -> Int64Array:
    import polars as pl

    wall = pl.Series(day * DAY_NS + 17 * 3_600 * 10**9).cast(pl.Datetime("ns"))
    return wall.dt.replace_time_zone("America/New_York").to_physical().to_numpy().astype(np.int64)


def _cached_sessions(name: str) -> Int64Array:
    """Sessions as int64 [D, 3] (day, open, close), from the cache folder if they are there."""
    from importlib.metadata import version

    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    safe = "".join(c if c.isalnum() else "_" for c in name)
    path = Path(home) / "edgekeeper" / f"sessions-{safe}-{version('exchange_calendars')}.npy"
    try:
        sessions = np.load(path, allow_pickle=False)
        if sessions.dtype == np.int64 and sessions.ndim == 2 and sessions.shape[1] == 3:
            return np.asarray(sessions, dtype=np.int64)
    except (OSError, ValueError, EOFError):
        pass  # absent or damaged: it is only a cache
    sessions = _sessions(name)
    buffer = io.BytesIO()
    np.save(buffer, sessions, allow_pickle=False)
    # where home is read-only, this costs a second next time and nothing else
    with suppress(StorageError):
        write_atomically(path, buffer.getvalue())
    return sessions


def _sessions(name: str) -> Int64Array:
    import exchange_calendars
    import pandas

    known = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        raise UsageError(
            f"venue: expected '24/7', 'FX' or an exchange code such as 'XNYS', got {name!r}"
            f"{nearest(name, known)}"
        )
    with warnings.catch_warnings():
        # the calendar package trips over deprecations of newer pandas; its results are right
        warnings.simplefilter("ignore", DeprecationWarning)
        kind = type(exchange_calendars.get_calendar(name))
        earliest, latest = kind.bound_min(), kind.bound_max()
        start = max(pandas.Timestamp(FIRST), earliest) if earliest is not None else FIRST
        end = min(pandas.Timestamp(LAST), latest) if latest is not None else LAST
        table = exchange_calendars.get_calendar(name, start=start, end=end).schedule
    day = table.index.as_unit("ns").asi8 // DAY_NS
    opens, closes = (
        pandas.DatetimeIndex(table[side]).tz_convert(None).as_unit("ns").asi8
        for side in ("open", "close")
    )
    return np.stack([day, opens, closes], axis=1)
