"""What a live source has to offer. Implement it in one file, add one line to ``LIVE_SOURCES``."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import polars as pl

from edgekeeper.market.convention import Convention
from edgekeeper.market.source import RAW

__all__ = ["LIVE_ROWS", "UNREADABLE", "LiveSource", "live_rows"]

_NUMBERS = tuple(name for name in RAW if name not in ("symbol", "adj_close"))
_YEAR_2200_NS = 7_258_118_400 * 10**9
LIVE_ROWS = pl.Schema(
    {
        "symbol": pl.String(),
        "time": pl.Datetime("ns", "UTC"),
        **{name: RAW[name] for name in _NUMBERS},
        "text": pl.String(),
        "content": pl.String(),
    }
)
"""Columns of live rows: those of ``RAW`` without an adjusted close, which no vendor knows at the
bar's close; ``text``, the first column that held no number where one belongs (null: none); and
``content``, the row as it came."""
UNREADABLE = "unreadable file"
"""In ``text``: the row stands for a whole file, and ``content`` says what is wrong with it."""


class LiveSource(Protocol):
    """Where bars come from while time passes.

    Attributes
    ----------
    name : str
        As a person says it, such as ``"kraken"``: in sentences and in the quarantine.
    convention : Convention
        How the times of its rows are meant. Nothing is guessed from live rows, because a guess may
        change as more of them come: ``auto`` means starts, UTC, and a venue by the symbol's name.
    look_back : int
        How many bars before the newest one to ask for again, so that late and revised ones show.
    idle_seconds : float
        Longest time to leave the source alone: seconds where files may come at any time, minutes
        where bars come as they close, since it is asked whenever one is due anyway.
    """

    name: str
    convention: Convention
    look_back: int
    idle_seconds: float

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse what the source does not carry.

        Raises
        ------
        UsageError
            An unknown symbol or interval; the message names the nearest.
        SourceTrouble
            It cannot be known now.
        """
        ...

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return at least all bars that close from ``start_ns`` to ``end_ns``, as ``LIVE_ROWS``.

        More rows are allowed, in any order, and so are rows that cannot be used: whoever asks
        sorts them out, counts and keeps them. A bar still open is left out where that is known.

        Raises
        ------
        SourceTrouble
            No answer, or one that is no table of bars. Nothing else may escape for a reason that
            lies with the vendor, and no message may show a key.
        SourceRefused
            An answer that says no.
        """
        ...


def live_rows(
    records: Iterable[tuple[str, int | None, Mapping[str, object], object]],
) -> pl.DataFrame:
    """Make a frame of ``LIVE_ROWS`` from answers of a vendor.

    Parameters
    ----------
    records : iterable of (symbol, nanoseconds UTC or None, mapping of column to value, row)
        The row is kept as JSON, as it came. What is no number becomes null and is named in
        ``text``; numbers written as text are read, as several exchanges send them.

    Examples
    --------
    >>> live_rows([("A", 0, {"open": "1.5", "close": "?"}, ["1.5", "?"])]).row(0)[2:]
    (1.5, None, None, None, None, 'close', '["1.5", "?"]')
    """
    rows: list[tuple[object, ...]] = []
    for symbol, time_ns, values, row in records:
        numbers, text = [], None
        for name in _NUMBERS:
            value = values.get(name)
            number = _number(value)
            if number is None and value is not None and text is None:
                text = name
            numbers.append(number)
        rows.append((symbol, _inside(time_ns), *numbers, text, json.dumps(row, default=str)))
    return pl.DataFrame(rows, schema=LIVE_ROWS, orient="row")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _inside(time_ns: int | None) -> int | None:
    """The time, or None where it lies outside the years 1970 to 2200."""
    return time_ns if time_ns is not None and 0 <= time_ns < _YEAR_2200_NS else None
