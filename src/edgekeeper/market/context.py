"""Join facts about other things to bars, each as late as it became known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.market.columns import holds_numbers, is_label, read_number, recognise
from edgekeeper.market.convention import Convention
from edgekeeper.market.files import read_table
from edgekeeper.market.interval import DAY_NS
from edgekeeper.market.stamps import stamp
from edgekeeper.market.times import read_instants, read_times
from edgekeeper.market.venues import NO_SESSION, guess_venue, venue
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["join_context"]


@dataclass(frozen=True)
class _Facts:
    """Columns of one context, sorted by the time they became known."""

    event_time: Int64Array
    known_time: Int64Array
    columns: Mapping[str, Float64Array]
    declared: bool


def join_context(
    bars: Bars,
    context: Mapping[str, "Bars | pl.DataFrame | str | Path"],
    *,
    how: Convention | None = None,
) -> Bars:
    """Add columns such as ``"VIX.close"`` and ``"VIX.age_days"``, joined by known time.

    A row of ``bars`` gets the newest fact with ``known_time`` at or before its event time: never
    one that was published later, whatever it is about. A file or frame that declares no known time
    lags one bar: what happened up to the symbol's bar before. ``age_days`` is the time since the
    fact happened; before the first fact everything is NaN.

    Parameters
    ----------
    bars : Bars
    context : mapping of name to Bars, frame or path
        The name has to be an identifier, since expressions write ``VIX.close``. From bars of many
        symbols the one called like the context is taken; it may be among ``bars`` itself. Their
        prices come adjusted for splits and dividends up to each bar, as the features of a symbol
        see its own. All numeric columns of a frame or file
        are taken as they stand (import a stock's file with ``read_bars`` first, for its splits);
        one with a symbol column has to contain the name, or one symbol alone.
    how : Convention, optional
        How the times of files and frames are meant.

    Raises
    ------
    UsageError
        A name that is no identifier, or taken already.
    BadData
        No time, no number, a time twice, or a symbol that is not there.

    Examples
    --------
    >>> from edgekeeper.market import load_bars, open_source
    >>> bars = load_bars("bundled", ["SP500"]).bars
    >>> joined = join_context(bars, {"VIX": open_source("bundled").fetch(["VIX"])})
    >>> sorted(joined.context), round(float(joined.context["VIX.close"][-1]), 2)
    (['VIX.age_days', 'VIX.close'], 28.34)
    """
    columns = dict(bars.context)
    before = _bar_before(bars)
    for name, facts_from in context.items():
        if not name.isidentifier():
            raise UsageError(
                f"context: expected a name such as VIX or DXY, which expressions can spell, got "
                f"{name!r}"
            )
        facts = _facts(name, facts_from, how or Convention())
        for column, values in _joined(facts, bars, before).items():
            if f"{name}.{column}" in columns:
                raise UsageError(f"context: {name}.{column} is there already; use another name")
            columns[f"{name}.{column}"] = values
    return Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        known_time=bars.known_time,
        adjustment=bars.adjustment,
        context=columns,
        **{column: getattr(bars, column) for column in COLUMNS},
    )


def _bar_before(bars: Bars) -> Int64Array:
    """Event time of each row's previous bar of the same symbol; the distant past for the first."""
    before = np.full(len(bars), np.iinfo(np.int64).min, dtype=np.int64)
    order = bars.by_symbol
    follows = np.flatnonzero(np.diff(bars.symbol[order]) == 0)
    before[order[follows + 1]] = bars.event_time[order[follows]]
    return before


def _joined(facts: _Facts, bars: Bars, before: Int64Array) -> dict[str, Float64Array]:
    cutoff = bars.event_time if facts.declared else before
    at = np.searchsorted(facts.known_time, cutoff, side="right") - 1
    none = at < 0
    # a late revision of an old fact must not displace a newer one already known
    newest = _newest_so_far(facts.event_time)[at.clip(min=0)]
    joined = {}
    for column, values in facts.columns.items():
        joined[column] = np.where(none, np.nan, values[newest])
    age = (bars.event_time - facts.event_time[newest]) / DAY_NS
    joined["age_days"] = np.where(none, np.nan, age)
    return joined


def _newest_so_far(event_time: Int64Array) -> Int64Array:
    """Index of the latest event among the facts known so far, the last one of equals."""
    best = np.maximum.accumulate(event_time)
    return np.maximum.accumulate(np.where(event_time == best, np.arange(len(best)), 0))


def _facts(name: str, given: "Bars | pl.DataFrame | str | Path", how: Convention) -> _Facts:
    if isinstance(given, Bars):
        return _from_bars(name, given)
    if isinstance(given, pl.DataFrame):
        return _from_table(name, given, how)
    return _from_table(name, read_table(Path(given)), how)


def _from_bars(name: str, given: Bars) -> _Facts:
    only = given.symbols[0] if len(given.symbols) == 1 else name
    if only not in given.symbols:
        raise BadData(
            f"context {name}: expected bars of {name!r}, got {list(given.symbols[:8])}"
            f"{nearest(name, given.symbols)}"
        )
    mine = np.flatnonzero(given.symbol == given.symbols.index(only))
    columns = {column: given.adjusted(column)[mine] for column in COLUMNS}
    return _sorted(name, given.event_time[mine], given.known_time[mine], columns, declared=True)


def _from_table(name: str, table: pl.DataFrame, how: Convention) -> _Facts:
    label = f"context {name}"
    known, _ = recognise(table, label, ("time",))
    if "symbol" in known.columns:
        mine = _rows_called(name, known["symbol"])
        known, table = known.filter(mine), table.filter(mine)
    numbers = _numeric(table, label)
    if "close" in known.columns:
        numbers |= _numeric(known, label)
    if not numbers:
        raise BadData(f"{label}: expected at least one column of numbers, got none")
    event_time = _event_times(name, known["time"], how)
    known_time, declared = event_time, "known_time" in known.columns
    if declared:
        stated = read_instants(known["known_time"], f"{label}, known_time", how.tz, how.dates)
        if stated.null_count():
            raise BadData(
                f"{label}: expected a known_time in every row, {stated.null_count()} lack it"
            )
        known_time = np.maximum(stated.to_numpy(), event_time)
    usable = ~np.isnan(np.stack([*numbers.values()])).all(axis=0)
    columns = {column: values[usable] for column, values in numbers.items()}
    return _sorted(name, event_time[usable], known_time[usable], columns, declared=declared)


def _event_times(name: str, column: pl.Series, how: Convention) -> Int64Array:
    """When facts happened: a bare date ends with that day's session, or at midnight without one."""
    times = read_times(column, f"context {name}", how.tz, how.dates)
    wall = times["wall"]
    if wall.null_count():
        first = column.filter(wall.is_null()).cast(pl.String).head(1).to_list()
        raise BadData(
            f"context {name}: expected times, got {first} and {wall.null_count() - 1} more"
        )
    if (wall % DAY_NS != 0).any():
        stamped = stamp(pl.repeat(name, len(wall), eager=True), wall, times["utc"], how)
        if (stamped.event_time == NO_SESSION).any():
            raise BadData(f"context {name}: {next(filter(None, stamped.reason))}")
        return stamped.event_time
    day = wall.to_numpy() // DAY_NS
    weekend = float(((day + 3) % 7 >= 5).mean())
    place = venue(guess_venue(name, weekend) if how.venue == "auto" else how.venue)
    close = place.close_of(day)
    return np.where(close == NO_SESSION, (day + 1) * DAY_NS, close)


def _rows_called(name: str, symbol: pl.Series) -> pl.Series:
    names = symbol.cast(pl.String).unique().drop_nulls().sort().to_list()
    if len(names) == 1:
        return symbol.is_not_null()
    if name not in names:
        raise BadData(
            f"context {name}: expected rows of {name!r}, got {names[:8]}{nearest(name, names)}"
        )
    return symbol == name


def _numeric(table: pl.DataFrame, label: str) -> dict[str, Float64Array]:
    """Columns of numbers, or of text that mostly reads as numbers, as float64 with NaN."""
    found = {}
    for column in table.get_columns():
        if is_label(column.name) or not holds_numbers(column):
            continue
        values, is_text = read_number(column)
        plain = re.sub(r"\W+", "_", column.name.strip().lower())
        if not plain.isidentifier() or values.count() <= int(is_text.sum()):
            continue
        if is_text.any():
            raise BadData(
                f"{label}: expected numbers in {column.name!r}, got "
                f"{column.filter(is_text).head(1).to_list()}"
            )
        found[plain] = values.fill_null(np.nan).to_numpy()
    return found


def _sorted(
    name: str,
    event_time: Int64Array,
    known_time: Int64Array,
    columns: Mapping[str, Float64Array],
    *,
    declared: bool,
) -> _Facts:
    if len(event_time) == 0:
        raise BadData(f"context {name}: expected facts with a time and a number, got none")
    order = np.lexsort((event_time, known_time))
    event_time, known_time = event_time[order], known_time[order]
    if ((np.diff(event_time) == 0) & (np.diff(known_time) == 0)).any():
        raise BadData(f"context {name}: expected each time once, got some twice: remove duplicates")
    return _Facts(event_time, known_time, {k: v[order] for k, v in columns.items()}, declared)
