"""Columns of a symbol's exchange: its sessions, how far each is gone, half days, holidays."""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import UsageError
from edgekeeper.market.interval import DAY_NS
from edgekeeper.market.venues import FIRST, LAST, Venue, guess_venue, venue
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["HOURS", "join_hours"]

HOURS = (
    "session",
    "minutes_to_close",
    "session_part",
    "half_day",
    "days_to_holiday",
    "days_after_holiday",
)
"""Columns that :func:`join_hours` adds, each after ``venue.``."""

_MINUTE_NS = 60 * 10**9
_AFTER_HOURS_NS = 8 * 60 * _MINUTE_NS
_HALF = 0.8
_USUAL = 21
_RECENT = 500
_ROUND_THE_CLOCK = ("24/7", "FX")


def join_hours(bars: Bars, place: str = "auto") -> Bars:
    """Add the columns ``venue.*`` of :data:`HOURS`, each symbol by its own exchange.

    ``session`` counts trading days and is a key for session-aware ops, as in
    ``session_vwap(venue.session)``; a session that crosses midnight UTC stays one, and crypto and
    forex have the days of UTC. ``minutes_to_close`` and ``session_part`` (0 to 1) know half days;
    up to eight hours after the close a bar belongs to the session that ended, later to the next.
    ``half_day`` is 1 for a session shorter than four fifths of what was usual. ``days_to_holiday``
    counts days to the next weekday without trading that was scheduled by rule (a closing that
    nobody could foresee is not known ahead), ``days_after_holiday`` those since the last of any
    kind; both are NaN where trading has no holidays.

    Parameters
    ----------
    bars : Bars
    place : str
        Venue of all symbols, or ``auto``: guessed by name, as imports do.

    Raises
    ------
    UsageError
        No such venue, or columns ``venue.*`` are there already.

    Examples
    --------
    >>> from edgekeeper.market import load_bars
    >>> bars = join_hours(load_bars("bundled", ["IBM"]).bars)
    >>> eve = np.datetime64("2007-12-24T18:00", "ns").astype(np.int64)
    >>> row = int(np.searchsorted(bars.event_time, eve))
    >>> [float(bars.context[f"venue.{name}"][row]) for name in ("half_day", "days_to_holiday")]
    [1.0, 1.0]
    """
    names = [f"venue.{name}" for name in HOURS]
    if taken := [name for name in names if name in bars.context]:
        raise UsageError(f"context: {taken[0]} is there already: drop it or do not ask for hours")
    columns = {name: np.full(len(bars), np.nan) for name in names}
    for code, symbol in enumerate(bars.symbols):
        rows = bars.by_symbol[bars.symbol_offsets[code] : bars.symbol_offsets[code + 1]]
        times = bars.event_time[rows]
        first = (times[:_RECENT] - 1) // DAY_NS  # only the start, so that more bars change nothing
        weekend = float(((first + 3) % 7 >= 5).mean()) if len(rows) else 0.0
        where = guess_venue(symbol, weekend) if place == "auto" else place
        for name, values in zip(names, _hours(_table(where), times), strict=True):
            columns[name][rows] = values
    return Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        known_time=bars.known_time,
        adjustment=bars.adjustment,
        context={**bars.context, **columns},
        **{column: getattr(bars, column) for column in COLUMNS},
    )


@dataclass(frozen=True)
class _Table:
    """Sessions of a venue, which of them are short, and its days without (by rule; all)."""

    place: Venue
    short: BoolArray
    scheduled: Int64Array
    closed: Int64Array


@lru_cache(maxsize=16)
def _table(name: str) -> _Table:
    place = venue(name)
    if name in _ROUND_THE_CLOCK:
        none = np.empty(0, np.int64)
        return _Table(place, np.zeros(len(place.opens), np.bool_), none, none)
    length = (place.closes - place.opens).astype(np.float64)
    before = np.concatenate([np.full(_USUAL, length[0]), length[:-1]])
    usual = np.median(np.lib.stride_tricks.sliding_window_view(before, _USUAL), axis=1)
    days = np.arange(place.day[0], place.day[-1] + 1)
    trades = np.bincount((place.day[-_RECENT:] + 3) % 7, minlength=7) > _RECENT // 20
    closed = np.setdiff1d(days[trades[(days + 3) % 7]], place.day)
    return _Table(
        place, length < _HALF * usual[: len(length)], np.intersect1d(closed, _by_rule(name)), closed
    )


def _by_rule(name: str) -> Int64Array:
    """Holidays that a rule of the calendar sets, as days since 1970."""
    import exchange_calendars

    with warnings.catch_warnings():
        # the calendar package trips over deprecations of newer pandas; its results are right
        warnings.simplefilter("ignore", DeprecationWarning)
        rules = exchange_calendars.get_calendar(name).regular_holidays
        if rules is None:
            return np.empty(0, np.int64)
        days = rules.holidays(FIRST, LAST)
    return np.asarray(days.as_unit("ns").asi8 // DAY_NS, dtype=np.int64)


def _hours(table: _Table, time_ns: Int64Array) -> tuple[Float64Array, ...]:
    """Columns of :data:`HOURS` for event times of one symbol."""
    place = table.place
    at = (np.searchsorted(place.opens, time_ns, side="left") - 1).clip(min=0)
    late = time_ns > place.closes[at] + _AFTER_HOURS_NS
    at = np.minimum(at + late, len(place.opens) - 1)
    opened, closes = place.opens[at], place.closes[at]
    utc_day = (time_ns - 1) // DAY_NS
    daily = place.name not in _ROUND_THE_CLOCK
    session = at if daily else utc_day
    day = place.day[at] if daily else utc_day
    part = np.clip((time_ns - opened) / (closes - opened), 0.0, 1.0)
    return (
        session.astype(np.float64),
        np.maximum(closes - np.maximum(time_ns, opened), 0) / _MINUTE_NS,
        part,
        table.short[at].astype(np.float64),
        _days_to(table.scheduled, day),
        _days_after(table.closed, day),
    )


def _days_to(holidays: Int64Array, day: Int64Array) -> Float64Array:
    """Days to the next holiday after each day, NaN beyond the calendar."""
    at = np.searchsorted(holidays, day, side="right")
    ahead = np.append(holidays, -1)[at]
    return np.where(ahead < 0, np.nan, (ahead - day).astype(np.float64))


def _days_after(holidays: Int64Array, day: Int64Array) -> Float64Array:
    """Days since the last holiday before each day, NaN before the first."""
    at = np.searchsorted(holidays, day, side="left")
    before = np.concatenate(([-1], holidays))[at]
    return np.where(at == 0, np.nan, (day - before).astype(np.float64))
