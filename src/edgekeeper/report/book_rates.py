"""Books over many made markets: what share of an oracle's, how soon back, what online adds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["WITH", "WITHOUT", "OnlineGain", "mean_oracle_share", "median_recovery", "online_gains"]

WITHOUT, WITH = "without", "with"
"""Names of the two runs over a market: without online learning, and with it."""

_Z95 = 1.959963984540054

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnlineGain:
    """What online learning added to the annual Sharpe ratio of a line's book.

    Attributes
    ----------
    mean : float
        Over markets, each of them compared with itself.
    low, high : float or None
        95 % interval of the mean; None with fewer than two markets.
    """

    mean: float
    low: float | None
    high: float | None


def mean_oracle_share(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Mean Sharpe ratio of each line's book over that of the oracle in the same bars."""
    shares: dict[str, dict[str, float | None]] = {}
    for name, books in _by_line(rows):
        known = [book for book in books if book["oracle"] is not None]
        best = sum(book["oracle"] for book in known)
        if best > 0.0:
            shares[name] = {
                run: sum(book[run]["sharpe"] for book in known) / best
                if all(run in book for book in known)
                else None
                for run in (WITHOUT, WITH)
            }
    return shares


def median_recovery(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Median bars from the flip until a line's book was back at profit.

    Of the markets in which it was at profit before, without online learning. Infinite where more
    than half of them never were again.
    """
    found: dict[str, dict[str, float | None]] = {}
    for name, books in _by_line(rows):
        earned = [book for book in books if book["earned"]]
        if earned:
            found[name] = {
                run: float(np.median([
                    math.inf if book[run]["recovery"] is None else book[run]["recovery"]
                    for book in earned
                ]))
                if all(run in book for book in earned)
                else None
                for run in (WITHOUT, WITH)
            }  # fmt: skip
    return found


def online_gains(rows: Sequence[Row]) -> dict[str, OnlineGain]:
    """What online learning added to each line's book, where it was tried."""
    gains = {}
    for name, books in _by_line(rows):
        added = np.array([b[WITH]["sharpe"] - b[WITHOUT]["sharpe"] for b in books if WITH in b])
        if len(added):
            mean = float(added.mean())
            if len(added) < 2:
                gains[name] = OnlineGain(mean, None, None)
                continue
            half = _Z95 * float(added.std(ddof=1)) / math.sqrt(len(added))
            gains[name] = OnlineGain(mean, mean - half, mean + half)
    return gains


def _by_line(rows: Sequence[Row]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    names = dict.fromkeys(name for row in rows for name in row["books"])
    for name in names:
        yield name, [row["books"][name] for row in rows if name in row["books"]]
