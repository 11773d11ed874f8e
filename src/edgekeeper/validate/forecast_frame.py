"""Anyone's forecasts, from a frame: matched to bars, with what could not be used and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.bars.frames import as_polars, nanoseconds, numbers
from edgekeeper.errors import BadData, nearest
from edgekeeper.types import SIDES, Float64Array, Int64Array
from edgekeeper.validate.case import ObjectArray

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COLUMNS", "TAGS", "ForecastFrame", "read_forecasts"]

COLUMNS = ("timestamp", "symbol", "side", "probability")
TAGS = ("source", "component", "regime")
_DAY_NS = 86_400 * 10**9
_MOST_ASIDE = 0.5


@dataclass(frozen=True)
class ForecastFrame:
    """Probabilities of both sides of every bar.

    Attributes
    ----------
    probability : float64 [N, 2]
        NaN where the frame says nothing.
    tags : mapping of name to object [N, 2]
        Columns ``source``, ``component`` and ``regime`` where they came along; None elsewhere.
    first_ns : int
        Decision time of the first forecast.
    notes : tuple of str
        What was set aside, what was assumed.
    """

    probability: Float64Array
    tags: Mapping[str, ObjectArray]
    first_ns: int
    notes: tuple[str, ...]


def read_forecasts(frame: Any, bars: Bars, *, dates_as_bars: bool = False) -> ForecastFrame:
    """Match a frame ``timestamp, symbol, side, probability`` to bars.

    Parameters
    ----------
    frame : any eager frame
        ``timestamp`` is the close of the bar decided on, as in :meth:`Bars.from_frame`; a bare
        date means that day's bar. ``probability`` is the chance that a trade of that side, with
        the configuration's brackets, ends with a profit net of costs; a missing one abstains.
        ``known_time``, where it is there, says when a forecast could first be read.
    bars : Bars
    dates_as_bars : bool
        Whether bare dates mean what they meant in the frame that the bars were made from. A
        date alone cannot tell the midnight that begins a day from the one that ends it, so
        otherwise bare dates are refused where bars close at midnight: taking the earlier one
        would judge a forecast on a day it had seen.

    Raises
    ------
    BadData
        No rows; a column missing or of the wrong kind; a side other than long and short;
        probabilities outside [0, 1]; two forecasts of one side of one bar; forecasts known only
        after their bar; or more than half of the rows of no known bar.
    """
    table = _checked(as_polars(frame))
    times, dates = _times(table)
    if dates and not dates_as_bars and (bars.event_time % _DAY_NS == 0).any():
        raise BadData(
            "expected full timestamps, since these bars close at midnight and a bare date does not "
            "say which one: give the instant each bar closes, as in Bars.to_polars()"
        )
    row, matched = _rows_of(table, times, dates, bars)
    side = _sides(table)
    probability = numbers(table, "probability")
    _check_probability(probability)
    _check_known_time(table, times, matched, row, bars)
    notes = _set_aside(table, matched, probability, times, bars)
    table, row, side = table.filter(matched), row[matched], side[matched]
    probability = probability[matched]
    _check_duplicates(table, row, side, bars)
    values = np.full((len(bars), 2), np.nan)
    values[row, side] = probability
    if not np.isfinite(values).any():
        raise BadData("expected at least one forecast with a probability, got none")
    tags = {}
    for name in TAGS:
        if name in table.columns:
            labels = np.full((len(bars), 2), None, dtype=object)
            labels[row, side] = table[name].cast(_text()).to_numpy()
            tags[name] = labels
    spoken = np.isfinite(values).any(axis=1)
    return ForecastFrame(values, tags, int(bars.event_time[spoken].min()), tuple(notes))


def _text() -> Any:
    import polars as pl

    return pl.String


def _checked(table: "pl.DataFrame") -> "pl.DataFrame":
    for name in COLUMNS:
        if name not in table.columns:
            raise BadData(
                f"expected a column {name!r}, got {table.columns}{nearest(name, table.columns)}: "
                f"forecasts have the columns {', '.join(COLUMNS)}"
            )
    if table.height == 0:
        raise BadData("expected at least one forecast, got an empty frame")
    for name in ("symbol", "side"):
        if missing := table[name].null_count():
            raise BadData(f"expected a {name} in every row, got {missing} empty")
    return table


def _times(table: "pl.DataFrame") -> tuple[Int64Array, bool]:
    """Decision times, and whether they are bare dates."""
    import polars as pl

    column = table["timestamp"]
    bare = column.dtype == pl.Date or (
        column.dtype == pl.String and bool((column.str.len_chars() <= 10).all())
    )
    return nanoseconds(column), bare


def _sides(table: "pl.DataFrame") -> Int64Array:
    import polars as pl

    said = table["side"].cast(pl.String).str.strip_chars().str.to_lowercase()
    other = said.filter(~said.is_in(SIDES))
    if len(other):
        raise BadData(
            f"expected long or short in 'side', got {other.unique().sort().head(3).to_list()}: a "
            "forecast of falling prices is one of the short side"
        )
    return (said == SIDES[1]).to_numpy().astype(np.int64)


def _check_probability(probability: Float64Array) -> None:
    outside = ~np.isnan(probability) & ~((probability >= 0.0) & (probability <= 1.0))
    if outside.any():
        raise BadData(
            f"expected probabilities from 0 to 1, got {int(outside.sum())} outside, such as "
            f"{probability[outside][0]:g}: per cent have to be divided by 100, scores calibrated"
        )


def _rows_of(
    table: "pl.DataFrame", times: Int64Array, dates: bool, bars: Bars
) -> tuple[Int64Array, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Row of the bar of each forecast, and whether there is one."""
    import polars as pl

    names = table["symbol"].cast(pl.String).to_list()
    index = {name: code for code, name in enumerate(bars.symbols)}
    code = np.array([index.get(name, -1) for name in names], dtype=np.int64)
    row, found = _look_up(times, bars.event_time, code, bars)
    if dates and not found.any():
        # A day's bar closes during that day, or at the midnight that ends it.
        row, found = _look_up(times // _DAY_NS, (bars.event_time - 1) // _DAY_NS, code, bars)
    return row, found


def _look_up(
    asked: Int64Array, present: Int64Array, code: Int64Array, bars: Bars
) -> tuple[Int64Array, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    values, place = np.unique(present, return_inverse=True)
    span = len(bars.symbols)
    key = place * span + bars.symbol
    order = np.argsort(key, kind="stable")
    position = np.searchsorted(values, asked).clip(max=len(values) - 1)
    wanted = position * span + code
    # Of several bars on one day the last: a forecast for a date is one made at its end.
    at = np.searchsorted(key[order], wanted, side="right") - 1
    row = order[at.clip(min=0)]
    found = (values[position] == asked) & (code >= 0) & (key[row] == wanted)
    return row.astype(np.int64), found


def _check_known_time(
    table: "pl.DataFrame", times: Int64Array, matched: Any, row: Int64Array, bars: Bars
) -> None:
    """Refuse forecasts that say themselves that they came after the bar they decide on."""
    if "known_time" not in table.columns:
        return
    known = nanoseconds(table["known_time"])
    late = known > np.where(matched, bars.known_time[row], times)
    if late.any():
        first = int(np.argmax(late))
        raise BadData(
            f"expected forecasts known by the close of their bar, got {int(late.sum())} known "
            f"later, first {table['symbol'][first]} at {_iso(times[first])}, known "
            f"{_iso(known[first])}: nobody could have traded on them"
        )


def _check_duplicates(table: "pl.DataFrame", row: Int64Array, side: Int64Array, bars: Bars) -> None:
    key = row * 2 + side
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    if (count > 1).any():
        at = int(first[count > 1][0])
        raise BadData(
            f"expected one forecast for each side of a bar, got {int((count > 1).sum())} sides "
            f"with several, first {table['symbol'][at]} {SIDES[side[at]]} at "
            f"{_iso(bars.event_time[row[at]])}: keep the one that was known at the bar's close, "
            "since a revised forecast may have seen the outcome"
        )


def _set_aside(
    table: "pl.DataFrame",
    matched: Any,
    probability: Float64Array,
    times: Int64Array,
    bars: Bars,
) -> list[str]:
    """What could not be used, in words; too much of it is refused."""
    notes = [
        "these forecasts came from outside: that each was made before its outcome, and that none "
        "was left out, cannot be seen from them"
    ]
    aside = int((~matched).sum())
    if aside > _MOST_ASIDE * table.height:
        first = int(np.argmin(matched))
        raise BadData(
            f"expected forecasts at the closes of these bars, got {aside} of {table.height} that "
            f"match none, first {table['symbol'][first]} at {_iso(times[first])}"
            f"{_hint(times[first], bars)}"
        )
    if aside:
        notes.append(f"{aside:,} of {table.height:,} forecasts were set aside: no bar has their "
                     "time and symbol")  # fmt: skip
    silent = int((np.isnan(probability) & matched).sum())
    if silent:
        notes.append(f"{silent:,} forecasts have no probability: there the forecaster abstains")
    return notes


def _hint(time: int, bars: Bars) -> str:
    """Say how far the nearest bar is, since a wrong time zone shows as whole hours."""
    near = int(bars.instants[np.argmin(np.abs(bars.instants - time))])
    hours = (int(time) - near) / 3.6e12
    if not 0.0 < abs(hours) <= 26.0:
        return f" (bars run from {_iso(bars.instants[0])} to {_iso(bars.instants[-1])} UTC)"
    return (
        f"; the nearest bar closes at {_iso(near)} UTC, {abs(hours):g} h "
        f"{'before' if hours > 0 else 'after'}: is it another time zone, or the bar's start?"
    )


def _iso(time_ns: int) -> str:
    return str(np.datetime64(int(time_ns), "ns").astype("datetime64[s]"))
