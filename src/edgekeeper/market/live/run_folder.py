"""What lies in the folder of a live run: what it trades, and the bars that came while it lived."""

import json
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.atomic import write_atomically
from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.market.interval import parse_interval
from edgekeeper.market.live.keeping import Kept, bars_of

__all__ = ["STORE", "Traded", "live_bars", "read_traded", "write_traded"]

STORE = "live"
"""Folder of the bars that came, inside that of the run."""

_TRADED = "paper.json"


@dataclass(frozen=True, slots=True)
class Traded:
    """What a live run trades.

    Attributes
    ----------
    source : str
        As it is written on a command line.
    symbols : tuple of str
    interval : str
    """

    source: str
    symbols: tuple[str, ...]
    interval: str


def read_traded(folder: Path) -> Traded:
    """Return what the run in a folder trades.

    Raises
    ------
    BadData
        ``paper.json`` is missing or damaged.
    """
    try:
        kept = json.loads((folder / _TRADED).read_text("utf-8"))
        return Traded(str(kept["source"]), tuple(kept["symbols"]), str(kept["interval"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadData(
            f"{folder / _TRADED} is missing or damaged ({error}): write it anew, as "
            '{"source": "ccxt:kraken", "symbols": ["BTC/USD"], "interval": "1h"}'
        ) from error


def write_traded(folder: Path, traded: Traded) -> None:
    """Keep what a run trades beside its record, so that it goes on without being told again."""
    kept = {"source": traded.source, "symbols": traded.symbols, "interval": traded.interval}
    write_atomically(folder / _TRADED, json.dumps(kept, indent=2).encode())


def live_bars(
    folder: Path, interval: str, symbols: tuple[str, ...], after_ns: int | None = None
) -> Bars | None:
    """Bars that came while a run lived, as they are kept beside it; None: there are none.

    With ``after_ns``, those after that instant: who asks often reads only a small file.
    """
    kept = Kept(folder / STORE, parse_interval(interval), symbols)
    rows = kept.rows(None, None) if after_ns is None else kept.rows_after(after_ns)
    return bars_of(rows) if rows.height else None
