"""What the lines' virtual books earned in a made market, beside what the truth would have."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.ledger import Ledger
from edgekeeper.types import Float64Array

__all__ = ["RECOVERY_WINDOW", "Books", "book_figures", "line_books", "recovery_bars"]

RECOVERY_WINDOW = 63
"""Bars over which a book has to have earned to be back at profit: a quarter of days."""

Books = Mapping[str, tuple[int, Float64Array]]
"""By line, the bar that its book starts at, and its gain of each bar from there."""


def line_books(ledger: Ledger, bars: Bars) -> Books:
    """Read the virtual books of a finished run; bars are counted from 0 over the market."""
    position = {int(time): place for place, time in enumerate(bars.instants)}
    columns = ["line", "event_time_ns", "book_return"]
    frame = ledger.read("evidence", columns, order=["event_time_ns"])
    return {
        str(name): (position[part["event_time_ns"][0]], part["book_return"].to_numpy())
        for (name,), part in frame.partition_by("line", as_dict=True).items()
    }


def book_figures(
    runs: Mapping[str, Books],
    oracles: Mapping[str, Mapping[str, Float64Array | None]],
    periods: float,
    flip: int | None,
) -> dict[str, Any]:
    """Compare runs over one market, over the bars that all of them have of a line.

    Parameters
    ----------
    runs : mapping of name to Books
    oracles : mapping of line to mapping of name to float64 [T] or None
        What the oracles a line is compared with gained in each bar.
    periods : float
        Bars a year.
    flip : int or None
        Bar at which the edge turned round.

    Returns
    -------
    dict
        By line: bars, each oracle's Sharpe ratio over them, whether the first run was at profit
        before the flip, and by run the Sharpe ratio and the bars until it was back at profit.
    """
    found: dict[str, Any] = {}
    names = [
        name for name in next(iter(runs.values())) if all(name in run for run in runs.values())
    ]
    for name in names:
        books = {run: each[name] for run, each in runs.items()}
        first = max(start for start, _ in books.values())
        last = min(start + len(gain) for start, gain in books.values())
        if last - first < 2:
            continue
        parts = {run: gain[first - start : last - start] for run, (start, gain) in books.items()}
        at = None if flip is None else flip - first
        before = next(iter(parts.values()))[: at or 0]
        found[name] = {
            "first": first,
            "bars": last - first,
            **{
                oracle: None if gain is None else sharpe(gain[first:last], periods)
                for oracle, gain in oracles[name].items()
            },
            "earned": None if at is None else bool(len(before) > 0 and before.mean() > 0.0),
            **{
                run: {
                    "sharpe": sharpe(gain, periods),
                    "recovery": None if at is None or at < 0 else recovery_bars(gain[at:]),
                }
                for run, gain in parts.items()
            },
        }
    return found


def recovery_bars(gain: Float64Array) -> int | None:
    """Bars until a mean of the last ``RECOVERY_WINDOW`` is above zero; None where it never is.

    Examples
    --------
    >>> recovery_bars(np.array([-1.0] * 50 + [1.0] * 200))
    82
    """
    if len(gain) < RECOVERY_WINDOW:
        return None
    sums = np.cumsum(np.concatenate([[0.0], gain]))
    over = np.flatnonzero(sums[RECOVERY_WINDOW:] - sums[:-RECOVERY_WINDOW] > 0.0)
    return int(over[0]) + RECOVERY_WINDOW if len(over) else None


def sharpe(gain: Float64Array, periods: float) -> float:
    """Annual Sharpe ratio; 0 for a book that never traded."""
    deviation = float(gain.std(ddof=1))
    if not deviation > 0.0:
        return 0.0
    return round(math.sqrt(periods) * float(gain.mean()) / deviation, 4)
