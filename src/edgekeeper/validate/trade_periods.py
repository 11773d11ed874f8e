"""Trades on a calendar: profits booked per day, week or four weeks, idle ones included."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Periods", "split_into_periods"]

_DAY_NS = 86_400 * 10**9
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Periods:
    """Consecutive periods of whole UTC days from the first entry to the last exit.

    Profits are booked where a trade ends. A period as long as trades usually last keeps one
    trade's gain from being spread over neighbours that would then depend on each other.

    Attributes
    ----------
    days : int
        Length of a period.
    count : int
    index : int64 [n]
        Period of each trade's exit.
    entry_day : int64 [n]
        Day of each trade's entry, days since 1970.
    start_ns : int
        When the first period begins.
    years : float
        From the first to the last.
    block : int
        How many trades in the order of exits are usually open together: they hang together.
    """

    days: int
    count: int
    index: Int64Array
    entry_day: Int64Array
    start_ns: int
    years: float
    block: int

    @property
    def per_year(self) -> float:
        """Periods in a year."""
        return _YEAR_DAYS / self.days

    @property
    def name(self) -> str:
        """What a period is called."""
        return {1: "day", 7: "week", 28: "four weeks"}[self.days]

    @property
    def ends_ns(self) -> Int64Array:
        """When each period ends, ``[count]``."""
        return self.start_ns + np.arange(1, self.count + 1) * self.days * _DAY_NS

    def profits(self, profit: Float64Array) -> Float64Array:
        """Sum of profits booked in each period, ``[count]``; 0 where no trade ended."""
        booked = np.bincount(self.index, weights=profit, minlength=self.count)
        return booked.astype(np.float64)

    def returns(self, profit: Float64Array, capital: float, *, compounding: bool) -> Float64Array:
        """Return of each period on the capital, or on what it has become if ``compounding``.

        Without a known capital the profits themselves, whose Sharpe ratio is the same. Once the
        account is used up, returns are on the capital it began with.
        """
        booked = self.profits(profit)
        if not math.isfinite(capital):
            return booked
        if not compounding:
            return booked / capital
        before = capital + np.cumsum(booked) - booked
        if (before <= 0.05 * capital).any():
            return booked / capital
        return booked / before


def split_into_periods(entry_ns: Int64Array, exit_ns: Int64Array) -> Periods:
    """Choose the period by how long trades usually last, and put trades into it.

    A day for a median of up to two days, a week for up to two weeks, else four weeks.

    Examples
    --------
    >>> day = 86_400 * 10**9
    >>> periods = split_into_periods(np.array([0, 3 * day]), np.array([day // 2, 3 * day]))
    >>> periods.name, periods.count, periods.profits(np.array([1.0, 2.0])).tolist()
    ('day', 4, [1.0, 0.0, 0.0, 2.0])
    """
    held = (exit_ns - entry_ns) / _DAY_NS
    typical = float(np.median(held))
    days = 1 if typical <= 2.0 else 7 if typical <= 14.0 else 28
    start = int(entry_ns.min()) // _DAY_NS
    index = (exit_ns // _DAY_NS - start) // days
    count = int(index.max()) + 1
    whole = (int(exit_ns.max()) - int(entry_ns.min())) / _DAY_NS
    together = float(held.sum()) / whole if whole > 0.0 else 1.0
    return Periods(
        days=days,
        count=count,
        index=index.astype(np.int64),
        entry_day=(entry_ns // _DAY_NS).astype(np.int64),
        start_ns=start * _DAY_NS,
        years=count * days / _YEAR_DAYS,
        block=min(max(1, math.ceil(together), round(len(held) ** (1 / 3))), len(held)),
    )
