"""The shelf of live sources, and one opened by its name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.live.alpaca import Alpaca
from edgekeeper.market.live.crypto_exchange import CryptoExchange
from edgekeeper.market.live.demo import (
    DEMO_SYMBOLS,
    DemoMarket,
    FastClock,
    bars_per_second,
    demo_clock,
)
from edgekeeper.market.live.folder import WatchedFolder
from edgekeeper.market.live.source import LiveSource

__all__ = ["LIVE_SOURCES", "LiveKind", "kind_of", "open_live_source"]


@dataclass(frozen=True, slots=True)
class LiveKind:
    """A kind of live source.

    Attributes
    ----------
    open : callable
        From the text after the colon to a source.
    example : str
        As it is written on a command line.
    about : str
    symbols : tuple of str
        What it gives where nobody says.
    interval : str
        Length of its bars where nobody says.
    clock : callable or None
        From the text after the colon, the folder of a run and the length of its bars in
        nanoseconds to a clock of the source's own; None: it lives by the machine's.
    """

    open: Callable[[str], LiveSource]
    example: str
    about: str
    symbols: tuple[str, ...] = ()
    interval: str = "1h"
    clock: Callable[[str, Path, int], FastClock] | None = None


def _folder(place: str) -> LiveSource:
    if not place:
        raise UsageError("folder: expected a path after the colon, as in folder:bars, got none")
    return WatchedFolder(place)


def _exchange(name: str) -> LiveSource:
    if not name:
        raise UsageError("ccxt: expected an exchange after the colon, as in ccxt:kraken, got none")
    return CryptoExchange(name)


def _demo(place: str) -> LiveSource:
    bars_per_second(place)  # refused here, before a run is begun
    return DemoMarket()


LIVE_SOURCES: dict[str, LiveKind] = {
    "folder": LiveKind(_folder, "folder:bars", "CSV or Parquet files dropped there or appended to"),
    "ccxt": LiveKind(_exchange, "ccxt:kraken", "public candles of a crypto exchange, no key"),
    "alpaca": LiveKind(
        lambda feed: Alpaca(feed or "iex"),
        "alpaca",
        "US stocks by Alpaca, with its free keys; alpaca:crypto needs none",
    ),
    "demo": LiveKind(
        _demo,
        "demo",
        "an invented market in fast motion, to see the loop at work",
        DEMO_SYMBOLS,
        "1d",
        demo_clock,
    ),
}


def kind_of(text: str) -> LiveKind:
    """Return the kind of source that ``text`` names.

    Raises
    ------
    UsageError
        No such kind; the message has an example of each.
    """
    kind = text.partition(":")[0]
    if kind not in LIVE_SOURCES:
        known = "; ".join(f"{it.example} ({it.about})" for it in LIVE_SOURCES.values())
        raise UsageError(
            f"live source: expected one of {known}; got {text!r}{nearest(kind, LIVE_SOURCES)}"
        )
    return LIVE_SOURCES[kind]


def open_live_source(text: str) -> LiveSource:
    """Return the source that ``text`` names, as ``KIND`` or ``KIND:PLACE``.

    Raises
    ------
    UsageError
        No such kind, or a place that does not fit it; the message has an example of each kind.

    Examples
    --------
    >>> open_live_source("folder:bars").name
    'folder bars'
    """
    return kind_of(text).open(text.partition(":")[2])
