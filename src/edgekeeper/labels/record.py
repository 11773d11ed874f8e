"""What became of a trade: the record every barrier label fills."""

from dataclasses import dataclass, fields

import numpy as np

from edgekeeper.types import LONG, SHORT, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array

__all__ = ["NEVER", "Labels"]

NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Labels:
    """Outcomes of both sides of ``N`` bars, in the canonical order of the bars they came from.

    A side whose outcome is not known (no volatility, or the data end before the exit) has NaN
    returns, reason ``EXIT_NONE`` and known time ``NEVER``.

    Attributes
    ----------
    net_return : float64 [N, 2]
        Profit after costs, as a fraction of the entry price before costs.
    gross_return : float64 [N, 2]
        The same before costs.
    exit_reason : int8 [N, 2]
        ``fills.EXIT_*``.
    bars_held : int32 [N, 2]
        Bars of the symbol from the entry bar to the exit bar, both counted; 0 where unknown.
    mfe, mae : float64 [N, 2]
        Best and worst excursion while the trade was open, as returns of that side before costs:
        ``mae <= 0 <= mfe``. Of the exit bar only what surely came before the exit is counted as
        favourable; its adverse excursion ends at the stop.
    start_time : int64 [N]
        Event time of the bar at whose close the trade is decided.
    entry_time : int64 [N]
        Event time of the bar at whose open it is entered; ``NEVER`` if there is none.
    known_time : int64 [N, 2]
        When the outcome could first be read: the latest known time of the bars it needs.
    """

    net_return: Float64Array
    gross_return: Float64Array
    exit_reason: Int8Array
    bars_held: Int32Array
    mfe: Float64Array
    mae: Float64Array
    start_time: Int64Array
    entry_time: Int64Array
    known_time: Int64Array

    def __len__(self) -> int:
        return len(self.start_time)

    def take(self, rows: Int64Array) -> "Labels":
        """Outcomes of some of the bars."""
        return Labels(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def known(self, now_ns: int) -> BoolArray:
        """Which sides' outcomes could be read at ``now_ns``: bool [N, 2]."""
        return (self.known_time <= now_ns) & (self.known_time < NEVER)

    @property
    def end_time(self) -> Int64Array:
        """When both sides of a bar are known, int64 [N]: the label end that splits purge by."""
        return np.maximum(self.known_time[:, LONG], self.known_time[:, SHORT])

    @property
    def long_better(self) -> Float64Array:
        """1.0 where the long side earned more net than the short one, 0.0 where not: float64 [N].

        NaN where either is unknown.
        """
        difference = self.net_return[:, LONG] - self.net_return[:, SHORT]
        return np.where(np.isnan(difference), np.nan, (difference > 0.0).astype(np.float64))
