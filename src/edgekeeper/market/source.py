"""What a source of bars has to offer. Implement it in one file, add one line to ``SOURCES``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import polars as pl

from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.convention import Convention

__all__ = ["RAW", "Listing", "Source", "check_symbols"]

RAW = pl.Schema(
    {
        "symbol": pl.String(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "adj_close": pl.Float64(),
        "volume": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol a source carries.

    Attributes
    ----------
    kind : {"stock", "etf", "index", "crypto", "forex", "series"}
        A *series* has a close alone: context for other bars, never bars itself.
    interval : str
    tradable : bool
        Whether anyone could have bought it.
    caveats : tuple of str
        What a user must know before believing a result on it; printed and reported.
    """

    kind: Literal["stock", "etf", "index", "crypto", "forex", "series"]
    interval: str
    tradable: bool
    caveats: tuple[str, ...] = ()


class Source(Protocol):
    """Where bars come from.

    Attributes
    ----------
    name : str
        Short name, the key in ``SOURCES``.
    convention : Convention
        How the times of its frames are meant.
    listings : mapping of symbol to Listing
    """

    name: str
    convention: Convention
    listings: Mapping[str, Listing]

    def fetch(
        self, symbols: Sequence[str], start: date | None = None, end: date | None = None
    ) -> pl.DataFrame:
        """Return rows in raw form, sorted by symbol and time, no time twice.

        Columns: ``time`` (``Date`` for daily data, ``Datetime("ns", "UTC")`` else), those of
        ``RAW``, prices as traded, null where unknown; and ``known_time``
        (``Datetime("ns", "UTC")``) where facts come later than their bar closes. ``start`` and
        ``end`` are both included. An empty range is an empty frame, not an error.

        Raises
        ------
        UsageError
            An unknown symbol; the message names the nearest.
        """
        ...


def check_symbols(symbols: Sequence[str], source: Source) -> None:
    """Refuse symbols the source does not carry, naming the nearest one it does."""
    for name in symbols:
        if name not in source.listings:
            raise UsageError(
                f"source {source.name!r}: expected some of {sorted(source.listings)[:12]}, got "
                f"{name!r}{nearest(name, source.listings)}"
            )
