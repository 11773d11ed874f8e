"""When live bars close, row by row: no guess over a whole table, which the next row may change."""

import numpy as np
import polars as pl

from edgekeeper.market.convention import Convention
from edgekeeper.market.interval import DAY_NS, MINUTE_NS
from edgekeeper.market.venues import NO_SESSION, Venue, guess_venue, venue
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["Calendar"]

_HOUR_NS = 60 * MINUTE_NS
_MOST_DUE = 100_000
_ROUND_THE_CLOCK = ("24/7", "FX")


class Calendar:
    """Closing instants of the bars of some symbols at their venues.

    Parameters
    ----------
    symbols : sequence of str
    interval_ns : int
    convention : Convention
        ``stamp="auto"`` means starts, no ``tz`` means UTC, ``venue="auto"`` goes by the name alone.

    Attributes
    ----------
    interval_ns : int
    ends : bool
        Whether stamps name the end of a bar.

    Raises
    ------
    UsageError
        An unknown venue.
    """

    def __init__(self, symbols: tuple[str, ...], interval_ns: int, convention: Convention) -> None:
        self.interval_ns = interval_ns
        self.ends = convention.stamp == "end"
        self._tz = convention.tz or "UTC"
        named = convention.venue
        self._venue = {
            name: venue(guess_venue(name, 0.0) if named == "auto" else named) for name in symbols
        }
        self._places = list({place.name: place for place in self._venue.values()}.values())

    def closes(self, symbol: str, time_ns: Int64Array) -> Int64Array:
        """Instant each stamped bar of ``symbol`` closes; ``NO_SESSION`` on a day without one."""
        place = self._venue[symbol]
        if self.interval_ns >= DAY_NS:
            return self._daily(time_ns, place)
        if self.ends:
            return time_ns
        end = time_ns + self.interval_ns
        return end if place.name in _ROUND_THE_CLOCK else place.capped(time_ns, end)

    def off_grid(self, symbol: str, close_ns: Int64Array) -> BoolArray:
        """Whether bars close where none of this interval does, as when seconds got into a stamp."""
        length = self.interval_ns
        if length >= DAY_NS:
            return np.zeros(len(close_ns), dtype=np.bool_)
        regular = self._venue[symbol].name == "24/7" and _HOUR_NS % min(length, _HOUR_NS) == 0
        return np.asarray(close_ns % (min(length, _HOUR_NS) if regular else MINUTE_NS) != 0)

    def next_due(self, time_ns: int) -> int:
        """First instant after ``time_ns`` at which a bar of any of the symbols closes."""
        return min(self._next(place, time_ns) for place in self._places)

    def due(self, after_ns: int, until_ns: int) -> Int64Array:
        """Instants after one and up to another at which a bar of any symbol closes: at most
        100,000."""
        found: list[int] = []
        instant = self.next_due(after_ns)
        while instant <= until_ns and len(found) < _MOST_DUE:
            found.append(instant)
            instant = self.next_due(instant)
        return np.array(found, dtype=np.int64)

    def trades(self, symbol: str, close_ns: Int64Array) -> BoolArray:
        """Whether trading in ``symbol`` ends in a bar at each of these instants."""
        place = self._venue[symbol]
        if self.interval_ns >= DAY_NS:
            return np.array([self._next(place, int(at) - 1) == at for at in close_ns], dtype=bool)
        return place.in_session(close_ns - 1)

    def expected(self, close_ns: int) -> frozenset[str]:
        """Symbols whose venue has trading that ends in a bar at this instant."""
        at = np.array([close_ns])
        return frozenset(name for name in self._venue if self.trades(name, at)[0])

    def _daily(self, time_ns: Int64Array, place: Venue) -> Int64Array:
        wall = _wall(time_ns, self._tz)
        if place.name not in _ROUND_THE_CLOCK:
            return place.close_of(wall // DAY_NS)
        if self.ends:
            dates = wall % DAY_NS == 0
            return np.where(dates, _instant(wall + DAY_NS, self._tz), time_ns)
        return _instant(wall + DAY_NS, self._tz)

    def _next(self, place: Venue, time_ns: int) -> int:
        now = np.array([time_ns])
        if self.interval_ns >= DAY_NS:
            if place.name in _ROUND_THE_CLOCK:
                day = _wall(now, self._tz) // DAY_NS
                return int(_instant((day + 1) * DAY_NS, self._tz)[0])
            return int(place.next_close(now)[0])
        at = int(np.searchsorted(place.closes, time_ns, side="right"))
        if at == len(place.closes):
            return (time_ns // self.interval_ns + 1) * self.interval_ns
        begun = max(time_ns, int(place.opens[at]))
        return min((begun // self.interval_ns + 1) * self.interval_ns, int(place.closes[at]))


def _wall(time_ns: Int64Array, tz: str) -> Int64Array:
    if tz == "UTC":
        return time_ns
    there = pl.Series(time_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(tz)
    return there.dt.replace_time_zone(None).to_physical().to_numpy()


def _instant(wall_ns: Int64Array, tz: str) -> Int64Array:
    """Instants of wall times; one that daylight saving skips has none."""
    if tz == "UTC":
        return wall_ns
    local = (
        pl.Series(wall_ns)
        .cast(pl.Datetime("ns"))
        .dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    )
    return local.to_physical().fill_null(NO_SESSION).to_numpy()
