"""Triple barrier: what a bracketed trade of either side would have earned, net of costs."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.fills import EXIT_NONE, Costs
from edgekeeper.labels.outcomes import label_symbol
from edgekeeper.labels.record import NEVER, Labels
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["TripleBarrier"]


@dataclass(frozen=True, slots=True)
class TripleBarrier:
    """A bracket of stop and target, scaled by predicted volatility, with a time limit.

    Decided at the close of a bar, entered at the open of the symbol's next bar, left by
    :func:`fills.bracket_exit` on adjusted prices: exactly what the simulator and a live order do.
    Barriers are set from the close and the volatility known at the decision::

        distance = close * volatility * sqrt(horizon)
        long:  stop = close - stop * distance     target = close + target * distance
        short: mirrored

    Stop, target and time limit are those of López de Prado, Advances in Financial Machine
    Learning (2018), 3.4. Different on purpose: entry at the next open instead of the same close,
    touches inside the bar, fills at the barrier, and costs.

    Parameters
    ----------
    horizon : int
        Bars of the symbol held at most; the entry bar is the first.
    target, stop : float
        Distances in units of the volatility predicted over the horizon; ``inf`` means none.
    costs : Costs
        Paid on entry and on exit; borrow is paid by shorts for each bar held.

    Examples
    --------
    >>> from edgekeeper.bars import Bars
    >>> closes = np.array([100.0, 101.0, 104.0])
    >>> opens = np.array([100.0, 100.0, 101.0])
    >>> bars = Bars.from_arrays(symbol=["A"] * 3, event_time=np.arange(3), open=opens,
    ...     high=np.maximum(opens, closes), low=np.minimum(opens, closes), close=closes)
    >>> labels = TripleBarrier(horizon=2, costs=Costs(0, 0, 0)).label(bars, np.full(3, 0.01))
    >>> labels.gross_return[0].round(4).tolist()
    [0.0141, -0.0141]
    """

    horizon: int = 10
    target: float = 1.0
    stop: float = 1.0
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= 100_000:
            raise UsageError(f"horizon: expected 1 to 100000 bars, got {self.horizon!r}")
        for name in ("target", "stop"):
            value = getattr(self, name)
            if not value > 0.0:
                raise UsageError(
                    f"{name}: expected a positive number of volatilities, got {value!r}: "
                    "use inf for none"
                )

    def label(self, bars: Bars, volatility: Float64Array) -> Labels:
        """Label both sides of every bar.

        Parameters
        ----------
        bars : Bars
        volatility : float64 [N]
            Standard deviation of the log return over one bar, as predicted at each bar's close.
            NaN or zero: no label.

        Raises
        ------
        UsageError
            Not one number a bar.
        BadData
            A negative or infinite volatility.
        """
        volatility = _checked(bars, volatility)
        n = len(bars)
        labels = Labels(
            net_return=np.full((n, 2), np.nan),
            gross_return=np.full((n, 2), np.nan),
            exit_reason=np.full((n, 2), EXIT_NONE, dtype=np.int8),
            bars_held=np.zeros((n, 2), dtype=np.int32),
            mfe=np.full((n, 2), np.nan),
            mae=np.full((n, 2), np.nan),
            start_time=bars.event_time,
            entry_time=np.full(n, NEVER, dtype=np.int64),
            known_time=np.full((n, 2), NEVER, dtype=np.int64),
        )
        order = bars.by_symbol
        scale = volatility[order] * np.sqrt(self.horizon)
        open_, high, low, close = (
            bars.adjusted(name)[order] for name in ("open", "high", "low", "close")
        )
        event_time, known_time = bars.event_time[order], bars.known_time[order]
        per_bar = self.costs.borrow_year / bars.periods_per_year
        for begin, end in pairwise(bars.symbol_offsets):
            own = slice(begin, end)
            label_symbol(
                open_[own],
                high[own],
                low[own],
                close[own],
                event_time[own],
                known_time[own],
                scale[own],
                order[own],
                self.horizon,
                float(self.target),
                float(self.stop),
                self.costs.side,
                per_bar,
                labels.net_return,
                labels.gross_return,
                labels.exit_reason,
                labels.bars_held,
                labels.mfe,
                labels.mae,
                labels.entry_time,
                labels.known_time,
            )
        return labels

    def label_rows(self, bars: Bars, volatility: Float64Array, rows: Int64Array) -> Labels:
        """Label both sides of some bars: what :meth:`label` of all says of them.

        Looks only at these and at what follows them, of each symbol: the price of a few rows
        does not grow with the history before.

        Parameters
        ----------
        bars : Bars
        volatility : float64 [N]
            Of all bars.
        rows : int64 [n]
            In any order.
        """
        symbols, picked = bars.symbol[rows], [np.zeros(0, dtype=np.int64)]
        for symbol in np.unique(symbols).tolist():
            mine = rows[symbols == symbol]
            first, last = int(mine.min()), int(mine.max())
            span = first + np.flatnonzero(bars.symbol[first : last + 1] == symbol)
            span = np.append(span, bars.first_rows(symbol, last + 1, self.horizon))
            edges = np.zeros(len(span) + self.horizon + 2, dtype=np.int64)
            asked = np.searchsorted(span, mine)
            np.add.at(edges, asked, 1)
            np.add.at(edges, asked + self.horizon + 1, -1)
            picked.append(span[np.cumsum(edges)[: len(span)] > 0])
        some = np.sort(np.concatenate(picked))
        labels = self.label(bars.take(some).judged_by(bars), volatility[some])
        return labels.take(np.searchsorted(some, rows))


def _checked(bars: Bars, volatility: Float64Array) -> Float64Array:
    volatility = np.asarray(volatility, dtype=np.float64)
    if volatility.shape != (len(bars),):
        raise UsageError(
            f"volatility: expected one number for each of {len(bars)} bars, got shape "
            f"{volatility.shape}"
        )
    if (volatility < 0.0).any() or np.isinf(volatility).any():
        row = int(np.argmax((volatility < 0.0) | np.isinf(volatility)))
        raise BadData(
            f"volatility: expected finite numbers of zero or more, or NaN for none, got "
            f"{volatility[row]!r} in row {row}"
        )
    return volatility
