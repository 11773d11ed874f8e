"""Turn stamps into event times: the instant each bar closes, by its venue, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.convention import Convention
from edgekeeper.market.interval import DAY_NS, infer_interval, interval_name, parse_interval
from edgekeeper.market.venues import NO_SESSION, Venue, guess_venue, venue
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["Stamped", "stamp"]

_NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class Stamped:
    """Event times of a table and what had to be assumed to find them.

    Attributes
    ----------
    event_time : int64 [n]
        Instant each bar closes; ``NO_SESSION`` where there is none (see ``reason``).
    reason : list of str, [n]
        Why a row has no event time; empty where it has one.
    interval_ns : int
    venues : mapping of symbol to venue name
    assumptions : tuple of str
    """

    event_time: Int64Array
    reason: list[str]
    interval_ns: int
    venues: Mapping[str, str]
    assumptions: tuple[str, ...]


def stamp(symbol: pl.Series, wall: pl.Series, utc: pl.Series, how: Convention) -> Stamped:
    """Find the event time of each row from its wall clock or instant.

    Raises
    ------
    BadData
        Times with and without zone side by side, no common interval, or daily dates of which more
        than a twentieth are no trading days of the venue.
    """
    readable = wall.is_not_null().to_numpy()
    aware = utc.is_not_null().to_numpy()
    if aware.any() and (readable & ~aware).any():
        raise BadData(
            "expected all files with a time zone or all without, got both: import them separately"
        )
    names = symbol.unique().sort().to_list()
    code = np.searchsorted(np.asarray(names, dtype=str), symbol.to_numpy().astype(str))
    clock = wall.fill_null(0).to_numpy()
    venues = _venues(code, clock, readable, names, how)
    if how.interval:
        interval = parse_interval(how.interval)
    else:
        interval = infer_interval(code[readable].astype(np.int32), clock[readable])
    said = [f"bars are {interval_name(interval)} apart"]
    instant, ambiguous = clock, np.zeros(len(clock), dtype=bool)
    if aware.any():
        instant = utc.fill_null(0).to_numpy()
    elif interval < DAY_NS or (clock[readable] % DAY_NS != 0).any():
        instant, ambiguous, line = _localised(wall, readable, venues, how)
        said.append(line)
    event = np.full(len(clock), NO_SESSION, dtype=np.int64)
    for name in sorted(set(venues.values())):
        mine = np.isin(code, [i for i, s in enumerate(names) if venues[s] == name])
        rows = np.flatnonzero(mine & readable & ~ambiguous)
        if len(rows) == 0:
            continue
        place = venue(name)
        if interval >= DAY_NS:
            event[rows], line = _daily(clock[rows], instant[rows], place, how)
        else:
            event[rows], line = _intraday(instant[rows], interval, place, how)
        said.append(f"{_listed([s for s in names if venues[s] == name])}: {line}")
    reason = np.full(len(clock), "", dtype=object)
    reason[event == NO_SESSION] = "no trading session on this day at the venue"
    reason[ambiguous] = "this local time does not exist or exists twice (daylight saving)"
    reason[~readable] = "unreadable time"
    return Stamped(event, reason.tolist(), interval, venues, tuple(said))


def _venues(
    code: Int64Array, clock: Int64Array, readable: BoolArray, names: list[str], how: Convention
) -> dict[str, str]:
    if how.venue != "auto":
        venue(how.venue)
        return dict.fromkeys(names, how.venue)
    weekend = ((clock // DAY_NS + 3) % 7 >= 5) & readable
    rows = np.bincount(code[readable], minlength=len(names)).clip(min=1)
    share = np.bincount(code[weekend], minlength=len(names)) / rows
    return {name: guess_venue(name, float(share[i])) for i, name in enumerate(names)}


def _localised(
    wall: pl.Series, readable: BoolArray, venues: Mapping[str, str], how: Convention
) -> tuple[Int64Array, BoolArray, str]:
    """Instants of wall-clock times in the named zone, else UTC, else what the hours betray."""
    zone, why = how.tz or "UTC", "as named" if how.tz else "no zone was given"
    if not how.tz and set(venues.values()) == {"XNYS"}:
        as_utc, _ = _in_zone(wall, "UTC")
        as_local, _ = _in_zone(wall, _NEW_YORK)
        place = venue("XNYS")
        if (
            place.in_session(as_local[readable]).mean() > 0.9
            and place.in_session(as_utc[readable]).mean() < 0.6
        ):
            zone, why = _NEW_YORK, "no zone was given, and the hours are New York's session"
    instant, lost = _in_zone(wall, zone)
    return instant, lost & readable, f"times are read as {zone} ({why}; tz= says otherwise)"


def _in_zone(wall: pl.Series, zone: str) -> tuple[Int64Array, BoolArray]:
    local = wall.cast(pl.Datetime("ns")).dt.replace_time_zone(
        zone, ambiguous="null", non_existent="null"
    )
    return (
        local.to_physical().fill_null(0).to_numpy().astype(np.int64),
        local.is_null().to_numpy(),
    )


def _daily(
    clock: Int64Array, instant: Int64Array, place: Venue, how: Convention
) -> tuple[Int64Array, str]:
    day = clock // DAY_NS
    if (clock % DAY_NS == 0).all():
        event = place.close_of(day)
        _check_sessions(day, event, place)
        if place.name in ("24/7", "FX"):
            return event, "a date means the day that ends at the next midnight UTC"
        return event, f"a date means that day's close at {place.name}, half days included"
    at_close = float((instant == place.close_of(day)).mean())
    if how.stamp == "end" or (how.stamp == "auto" and at_close > 0.9):
        return instant, "daily times are the bar's end"
    event = place.next_close(instant)
    line = f"daily times are starts; a bar ends at the next close of {place.name}"
    if place.name in ("24/7", "FX"):
        event, line = instant + DAY_NS, "daily times are starts; a bar ends 24 hours later"
    return event, line


def _check_sessions(day: Int64Array, event: Int64Array, place: Venue) -> None:
    off = event == NO_SESSION
    if off.mean() > 0.05:
        first = np.datetime64(int(day[off][0]), "D")
        raise BadData(
            f"expected trading days of {place.name}, got {int(off.sum())} of {len(day)} dates "
            f"without a session, first {first}: name the right one, as venue='24/7' for crypto or "
            "venue='XLON'"
        )


def _intraday(
    instant: Int64Array, interval: int, place: Venue, how: Convention
) -> tuple[Int64Array, str]:
    if how.stamp == "end":
        return instant, "times are the bar's end"
    event = instant + interval
    line = "times are the bar's start"
    if place.name in ("24/7", "FX"):
        return event, line
    distinct = np.unique(instant)
    at_close, at_open = np.isin(distinct, place.closes).sum(), np.isin(distinct, place.opens).sum()
    if at_close > max(at_open, len(np.unique(distinct // DAY_NS)) // 2):
        line += " (but they run to the session's close as ends do: stamp='end' if so)"
    if place.in_session(instant).mean() > 0.99:
        event = place.capped(instant, event)
        line += "; a bar over the session's close ends with it"
    return event, line


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
