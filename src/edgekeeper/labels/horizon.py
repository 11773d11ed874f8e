"""Fixed horizon: where the price stands a given number of bars later, costs taken seriously."""

from dataclasses import dataclass, field

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.fills import Costs
from edgekeeper.labels.record import NEVER
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["FixedHorizon", "HorizonLabels"]


@dataclass(frozen=True, slots=True)
class HorizonLabels:
    """Outcomes of holding for a fixed number of bars, in canonical order.

    Attributes
    ----------
    action : float64 [N]
        1.0 buy, -1.0 sell, 0.0 hold (the move would not have paid its costs); NaN: not known.
    gross_return : float64 [N]
        From the entry's open to the last close, before costs.
    start_time, known_time : int64 [N]
        Decision, and when the outcome could first be read (``NEVER`` if not in these bars).
    """

    action: Float64Array
    gross_return: Float64Array
    start_time: Int64Array
    known_time: Int64Array

    def known(self, now_ns: int) -> BoolArray:
        """Which outcomes could be read at ``now_ns``: bool [N]."""
        return (self.known_time <= now_ns) & (self.known_time < NEVER)


@dataclass(frozen=True, slots=True)
class FixedHorizon:
    """Buy, hold or sell, by the return from the next open to the close ``horizon`` bars on.

    Parameters
    ----------
    horizon : int
        Bars of the symbol held; the entry bar is the first.
    costs : Costs
        Buying (selling) is right only if the rise (fall) exceeds the costs of both fills.
    margin : float
        Further dead zone on both sides, as a return. With no costs and no margin only an
        unchanged price is a hold: plain direction.

    Examples
    --------
    >>> from edgekeeper.bars import Bars
    >>> price = np.array([100.0, 100.0, 102.0, 102.01])
    >>> bars = Bars.from_arrays(symbol=["A"] * 4, event_time=np.arange(4), open=price,
    ...     high=price * 1.03, low=price * 0.97, close=np.array([100.0, 102.0, 102.01, 101.0]))
    >>> FixedHorizon(horizon=1).label(bars).action.tolist()
    [1.0, 0.0, -1.0, nan]
    """

    horizon: int = 1
    costs: Costs = field(default_factory=Costs)
    margin: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= 100_000:
            raise UsageError(f"horizon: expected 1 to 100000 bars, got {self.horizon!r}")
        if not 0.0 <= self.margin < np.inf:
            raise UsageError(f"margin: expected a return of zero or more, got {self.margin!r}")

    def label(self, bars: Bars) -> HorizonLabels:
        """Label every bar; the last ``horizon`` bars of each symbol are not known yet."""
        order = bars.by_symbol
        last = np.repeat(bars.symbol_offsets[1:], np.diff(bars.symbol_offsets)) - 1
        exit_position = np.arange(len(bars)) + self.horizon
        finished = exit_position <= last
        row, entry, exit_ = (
            order[finished],
            order[np.flatnonzero(finished) + 1],
            order[exit_position[finished]],
        )
        gross = np.full(len(bars), np.nan)
        gross[row] = bars.adjusted("close")[exit_] / bars.adjusted("open")[entry] - 1.0
        # A long pays cost on entry and on the exit's value, which has moved by the return itself.
        side = self.costs.side
        buys = gross - side * (2.0 + gross) > self.margin
        sells = -gross - side * (2.0 + gross) > self.margin
        known = np.full(len(bars), NEVER, dtype=np.int64)
        known[row] = np.maximum(bars.known_time[row], bars.known_time[exit_])
        return HorizonLabels(
            action=np.where(np.isnan(gross), np.nan, buys.astype(np.float64) - sells),
            gross_return=gross,
            start_time=bars.event_time,
            known_time=known,
        )
