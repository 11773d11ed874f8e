"""Open the bars a command was pointed at: a file, a folder, a store, or a source by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekeeper.cli.tables import print_bullets
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from edgekeeper.bars import Bars
    from edgekeeper.market import Imported
    from edgekeeper.report.tell import Market

__all__ = ["Opened", "Wanted", "open_bars", "show_opened"]

_MOST_LINES = 8
_VENUE, _HOURS = "venue", Path("hours")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars a command was asked for, and how their times are meant."""

    path: str
    symbols: Sequence[str] = ()
    context: Sequence[str] = ()
    tz: str = ""
    venue: str = "auto"
    stamp: str = "auto"
    interval: str = ""
    dates: str = ""

    @property
    def convention(self) -> dict[str, Any]:
        """Keyword arguments of :class:`~edgekeeper.market.Convention`."""
        names = ("tz", "venue", "stamp", "interval", "dates")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Opened:
    """Bars with what a person should know of them.

    Attributes
    ----------
    bars : Bars
    interval : str
    market : Market
        Title, caveats and assumptions, for the report.
    quality : tuple of str
        Sentences on what deviates.
    quarantine : frame
        Rows not used, with their reasons.
    """

    bars: "Bars"
    interval: str
    market: "Market"
    quality: tuple[str, ...]
    quarantine: "pl.DataFrame"


def open_bars(wanted: Wanted) -> Opened:
    """Open bars and join their context.

    Raises
    ------
    UsageError
        An option that does not fit, or a context that is not ``NAME=FILE``.
    BadData, StorageError
        As :func:`~edgekeeper.market.read_bars` and :class:`~edgekeeper.market.BarStore`.
    """
    from edgekeeper.market import (
        SOURCES,
        Convention,
        join_context,
        join_hours,
        load_bars,
        read_bars,
    )

    facts = dict(_fact(text) for text in wanted.context)
    path = Path(wanted.path)
    intervals = stored_intervals(path)
    if wanted.path in SOURCES and not path.exists():
        source = SOURCES[wanted.path]()
        opened = _imported(load_bars(source, wanted.symbols), "Bundled daily bars")
    elif intervals:
        opened = _stored(path, intervals, wanted)
    else:
        imported = read_bars(path, symbols=wanted.symbols, **wanted.convention)
        opened = _imported(imported, path.absolute().name)
    if not facts:
        return opened
    hours = facts.get(_VENUE) == _HOURS and not _HOURS.exists()
    if hours:
        del facts[_VENUE]
    bars = join_context(opened.bars, facts, how=Convention(**wanted.convention))
    if hours:
        bars = join_hours(bars, wanted.venue)
    return Opened(bars, opened.interval, opened.market, opened.quality, opened.quarantine)


def stored_intervals(path: Path) -> list[str]:
    """Return the lengths of bars a store at ``path`` has, shortest first; none: it is no store."""
    from edgekeeper.market import parse_interval

    if not path.is_dir():
        return []
    found = []
    for folder in path.iterdir():
        try:
            length = parse_interval(folder.name)
        except UsageError:
            continue
        if any(folder.glob("*.parquet")):
            found.append((length, folder.name))
    return [name for _, name in sorted(found)]


def _stored(path: Path, intervals: Sequence[str], wanted: Wanted) -> Opened:
    from edgekeeper.market import BarStore, inspect, list_quarantine, parse_interval
    from edgekeeper.report.tell import Market

    interval = wanted.interval or intervals[0]
    if interval not in intervals:
        raise UsageError(f"--interval: {path} has bars of {', '.join(intervals)}, not {interval!r}")
    bars = BarStore(path).read(interval, wanted.symbols)
    notes = [f"from the store {path}, as imported"]
    if len(intervals) > 1 and not wanted.interval:
        notes.append(f"of {', '.join(intervals)} bars the shortest: --interval chooses")
    quality = inspect(bars.to_polars(), interval_ns=parse_interval(interval))
    market = Market(title=path.absolute().name, assumptions=notes)
    empty = list_quarantine(path).clear()
    return Opened(bars, interval, market, quality.lines(), empty)


def _imported(imported: "Imported", title: str) -> Opened:
    from edgekeeper.report.tell import Market

    lines = imported.quality.lines()
    market = Market(title=title, assumptions=(*imported.assumptions, *lines))
    return Opened(imported.bars, imported.interval, market, lines, imported.quarantine)


def _fact(text: str) -> "tuple[str, Any]":
    """A context as ``NAME=FILE``, or ``NAME=bundled`` for a series that comes along."""
    from edgekeeper.market import SOURCES, open_source

    name, separator, place = text.partition("=")
    if not (name.strip() and separator and place.strip()):
        raise UsageError(f"--context: expected NAME=FILE, such as VIX=vix.csv, got {text!r}")
    name, place = name.strip(), place.strip()
    if place in SOURCES and not Path(place).exists():
        return name, open_source(place).fetch([name])
    return name, Path(place)


def show_opened(screen: "Console", opened: Opened, *further: str) -> None:
    """Print what was read, what was assumed and what was set aside, and what else is to be said."""
    from rich.text import Text

    from edgekeeper.report.wording import count, day, plain

    bars = opened.bars
    symbols = len(bars.symbols_present)
    first, last = day(int(bars.event_time[0])), day(int(bars.event_time[-1]))
    screen.print(
        Text.assemble(
            (plain(opened.market.title), "bold"),
            f": {count(len(bars))} bars of {symbols} {'symbol' if symbols == 1 else 'symbols'}, "
            f"{opened.interval}, {first} to {last}",
        )
    )
    lines = [*opened.market.assumptions]
    lines += [line for line in opened.quality if line not in lines]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more"]
    print_bullets(screen, [*lines, *further], style="dim")
    if opened.quarantine.height:
        print_bullets(screen, [quarantined(opened.quarantine)], "!", "yellow")


def quarantined(rows: "pl.DataFrame") -> str:
    """How many rows were not used, and why."""
    reasons = rows["reason"].value_counts(sort=True).rows()
    said = ", ".join(f"{reason} ({times})" for reason, times in reasons)
    return f"{rows.height} {'row' if rows.height == 1 else 'rows'} in quarantine: {said}"
