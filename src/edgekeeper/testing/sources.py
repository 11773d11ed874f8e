"""What every source of bars has to pass. Ships with the package, for whoever writes a source.

Call :func:`check_source` from a test of your own; it fails on the first promise not kept.
"""

from datetime import date, timedelta
from typing import get_type_hints

import polars as pl

from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.importing import assemble
from edgekeeper.market.interval import parse_interval
from edgekeeper.market.source import RAW, Listing, Source

__all__ = ["check_source"]

_UTC = pl.Datetime("ns", "UTC")
_PRICES = ("open", "high", "low", "close", "adj_close")


def check_source(source: Source) -> int:
    """Check all a source promises and return how many symbols were looked at.

    Raises
    ------
    AssertionError
        The first broken promise, with the symbol.

    Examples
    --------
    >>> from edgekeeper.market import open_source
    >>> check_source(open_source("bundled"))
    7
    """
    assert source.name.isidentifier(), f"name {source.name!r} is no short name"
    assert source.listings, "a source carries at least one symbol"
    for symbol, listing in source.listings.items():
        _check_listing(symbol, listing)
        rows = source.fetch([symbol])
        _check_raw(symbol, listing, rows)
        _check_bars(source, symbol, listing, rows)
        _check_ranges(source, symbol, rows)
    _check_asking(source)
    return len(source.listings)


def _check_listing(symbol: str, listing: Listing) -> None:
    kinds = get_type_hints(Listing)["kind"].__args__
    assert listing.kind in kinds, f"{symbol}: kind {listing.kind!r} is none of {kinds}"
    assert parse_interval(listing.interval) > 0
    assert listing.tradable or listing.caveats, f"{symbol}: say why nobody can trade it"


def _check_raw(symbol: str, listing: Listing, rows: pl.DataFrame) -> None:
    expected = {"time", *RAW}
    assert expected <= set(rows.columns), f"{symbol}: lacks {expected - set(rows.columns)}"
    daily = parse_interval(listing.interval) == parse_interval("1d")
    assert rows.schema["time"] == (pl.Date() if daily else _UTC), f"{symbol}: time is not UTC"
    for name, dtype in RAW.items():
        assert rows.schema[name] == dtype, f"{symbol}: {name} is {rows.schema[name]}"
    if "known_time" in rows.columns:
        assert rows.schema["known_time"] == _UTC, f"{symbol}: known_time is not UTC"
    assert rows.height > 0, f"{symbol}: no rows at all"
    assert rows["symbol"].unique().to_list() == [symbol], f"{symbol}: rows of other symbols"
    assert rows["time"].is_sorted(), f"{symbol}: not sorted by time"
    assert not rows["time"].is_duplicated().any(), f"{symbol}: a time comes twice"
    assert rows["time"].null_count() + rows["close"].null_count() == 0, f"{symbol}: gaps in rows"
    for name in _PRICES:
        assert not (rows[name] <= 0).any(), f"{symbol}: {name} is not positive"
        assert not rows[name].is_nan().any(), f"{symbol}: {name} is NaN where null is meant"
    assert not (rows["volume"] < 0).any(), f"{symbol}: volume is negative"


def _check_bars(source: Source, symbol: str, listing: Listing, rows: pl.DataFrame) -> None:
    if listing.kind == "series":
        return
    try:
        imported = assemble([(source.name, symbol, rows)], source.convention)
    except BadData as error:
        raise AssertionError(f"{symbol}: {error}") from error
    bars = imported.bars
    assert len(bars) + imported.quarantine.height == rows.height, f"{symbol}: rows were lost"
    assert imported.quarantine.height <= 0.01 * rows.height, (
        f"{symbol}: {imported.quarantine['reason'].value_counts(sort=True).rows()}"
    )
    assert imported.interval == listing.interval, f"{symbol}: bars are {imported.interval} apart"
    assert (bars.known_time >= bars.event_time).all(), f"{symbol}: known before it happened"


def _check_ranges(source: Source, symbol: str, rows: pl.DataFrame) -> None:
    days = rows["time"].cast(pl.Date)
    start, end = days[rows.height // 3], days[rows.height // 2]
    part = source.fetch([symbol], start, end)
    assert part.equals(rows.filter(days.is_between(start, end))), f"{symbol}: range {start} {end}"
    last = days[-1]
    assert isinstance(last, date)
    nothing = source.fetch([symbol], last + timedelta(days=1), last + timedelta(days=2))
    assert nothing.height == 0, f"{symbol}: rows beyond its last one"
    assert nothing.schema == rows.schema, f"{symbol}: an empty range has other columns"
    assert source.fetch([symbol]).equals(rows), f"{symbol}: asking twice gives other rows"


def _check_asking(source: Source) -> None:
    known = sorted(source.listings)
    both = known[:2]
    rows = source.fetch(both[::-1])
    assert rows.equals(rows.sort("symbol", "time")), "not sorted by symbol, then time"
    assert rows["symbol"].unique().sort().to_list() == both, "symbols asked for are missing"
    misspelt = f"{known[-1]}_"
    refusal = ""
    try:
        source.fetch([misspelt])
    except UsageError as error:
        refusal = str(error)
    assert refusal, f"{misspelt!r} is unknown, and was not refused"
    assert repr(known[-1]) in refusal, f"does not name {known[-1]!r}: {refusal}"
