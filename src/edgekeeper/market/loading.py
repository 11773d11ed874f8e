"""The shelf of sources, and bars loaded from one of them by name."""

from collections.abc import Sequence
from datetime import date

from edgekeeper.errors import BadData, UsageError, nearest
from edgekeeper.market.bundled import Bundled
from edgekeeper.market.importing import Imported, assemble
from edgekeeper.market.source import Source, check_symbols

__all__ = ["SOURCES", "load_bars", "open_source"]

SOURCES: dict[str, type[Source]] = {
    "bundled": Bundled,
}


def open_source(name: str) -> Source:
    """Return the source called ``name``.

    Raises
    ------
    UsageError
        No such source; the message names the nearest.
    """
    if name not in SOURCES:
        raise UsageError(
            f"source: expected one of {sorted(SOURCES)}, got {name!r}{nearest(name, SOURCES)}"
        )
    return SOURCES[name]()


def load_bars(
    source: str | Source,
    symbols: Sequence[str] = (),
    start: date | None = None,
    end: date | None = None,
) -> Imported:
    """Load bars; no symbols means all the source carries. Caveats join the assumptions.

    Raises
    ------
    UsageError
        Unknown source or symbol, or a symbol that has no bars, only a close.
    BadData
        Nothing in this range.

    Examples
    --------
    >>> load_bars("bundled", ["IBM"]).bars.symbols
    ('IBM',)
    """
    source = open_source(source) if isinstance(source, str) else source
    check_symbols(symbols, source)
    chosen = list(symbols) or [s for s, it in source.listings.items() if it.kind != "series"]
    for symbol in chosen:
        if source.listings[symbol].kind == "series":
            raise UsageError(
                f"{symbol!r} has a close alone, no bars: use it as context, not as a symbol"
            )
    rows = source.fetch(chosen, start, end)
    if rows.height == 0:
        raise BadData(
            f"source {source.name!r}: expected bars of {chosen} from {start} to {end}, got none: "
            "widen the range"
        )
    caveats = [f"{s}: {text}" for s in chosen for text in source.listings[s].caveats]
    return assemble([(source.name, source.name, rows)], source.convention, said=caveats)
