"""Books over many made markets: what share of an oracle's, how soon back, what online adds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "WITH",
    "WITHOUT",
    "OnlineGain",
    "Share",
    "mean_oracle_share",
    "median_recovery",
    "online_gains",
    "visible_oracle_reach",
    "visible_oracle_shares",
]

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


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio of mean Sharpe ratios over markets.

    Attributes
    ----------
    share : float
    low, high : float or None
        95 % interval; None with fewer than two markets.
    """

    share: float
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


def visible_oracle_shares(rows: Sequence[Row]) -> dict[str, dict[str, Share | None]]:
    """Each line's book over the oracle that sees bars alone; markets without its figure left out.

    None where one of these markets was not run that way.
    """
    shares: dict[str, dict[str, Share | None]] = {}
    for name, books in _by_line(rows):
        known = [book for book in books if book.get("visible_oracle") is not None]
        best = [book["visible_oracle"] for book in known]
        if sum(best) > 0.0:
            shares[name] = {
                run: _share([book[run]["sharpe"] for book in known], best)
                if all(run in book for book in known)
                else None
                for run in (WITHOUT, WITH)
            }
    return shares


def visible_oracle_reach(rows: Sequence[Row]) -> dict[str, Share]:
    """How much of the oracle that knows the state one reaches that sees bars alone, by line."""
    reached = {}
    for name, books in _by_line(rows):
        known = [book for book in books if book.get("visible_oracle") is not None]
        best = [book["oracle"] for book in known]
        if sum(best) > 0.0:
            reached[name] = _share([book["visible_oracle"] for book in known], best)
    return reached


def _share(mine: Sequence[float], best: Sequence[float]) -> Share:
    """Ratio of means; its interval from what each market is off the ratio, by Student's t.

    Source: Cochran (1977), "Sampling techniques", 6.4, without a finite population.
    """
    from scipy.special import stdtrit

    a, b = np.asarray(mine, dtype=np.float64), np.asarray(best, dtype=np.float64)
    ratio = float(a.sum() / b.sum())
    if len(a) < 2:
        return Share(ratio, None, None)
    error = float((a - ratio * b).std(ddof=1)) / math.sqrt(len(a)) / float(b.mean())
    half = float(stdtrit(len(a) - 1, 0.975)) * error
    return Share(ratio, ratio - half, ratio + half)


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
