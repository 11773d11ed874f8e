"""Outcomes of signals that bring their own stop, target and time limit."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.fills import EXIT_NONE, Costs
from edgekeeper.labels.outcomes import follow, outcome
from edgekeeper.labels.record import NEVER
from edgekeeper.types import SHORT, BoolArray, Float64Array, Int8Array, Int32Array, Int64Array

__all__ = ["SignalLabels", "label_signals"]


@dataclass(frozen=True, slots=True)
class SignalLabels:
    """What became of ``n`` signals, in their order; the fields of :class:`Labels`, one side each.

    Where the outcome is not known (the data end before the exit) returns are NaN, the reason is
    ``EXIT_NONE`` and the known time ``NEVER``.

    Attributes
    ----------
    net_return, gross_return, mfe, mae : float64 [n]
    exit_reason : int8 [n]
    bars_held : int32 [n]
    start_time, entry_time, known_time : int64 [n]
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

    def known(self, now_ns: int) -> BoolArray:
        """Which outcomes could be read at ``now_ns``: bool [n]."""
        return (self.known_time <= now_ns) & (self.known_time < NEVER)


def label_signals(
    bars: Bars,
    rows: Int64Array,
    side: Int64Array,
    *,
    stop: Float64Array,
    target: Float64Array,
    horizon: Int64Array,
    costs: Costs | None = None,
) -> SignalLabels:
    """Label signals with barriers of their own; entry, exits and costs as for ``TripleBarrier``.

    Parameters
    ----------
    bars : Bars
    rows : int64 [n]
        Bar at whose close each signal is decided, in the canonical order of ``bars``.
    side : int64 [n]
        ``types.LONG`` or ``types.SHORT``.
    stop, target : float64 [n] or float
        Distance from that close as a fraction of it, above zero; ``inf`` for none.
    horizon : int64 [n] or int
        Bars of the symbol held at most, the entry bar the first.

    Raises
    ------
    UsageError
        Rows outside the bars, another side, a horizon below 1, or unequal lengths.
    BadData
        Distances that are missing or not positive.

    Examples
    --------
    >>> price = np.array([100.0, 100.0, 104.0, 104.0])
    >>> bars = Bars.from_arrays(symbol=["A"] * 4, event_time=np.arange(4), open=price,
    ...     high=price, low=price, close=price)
    >>> found = label_signals(bars, np.array([0, 0]), np.array([0, 1]), stop=0.02,
    ...     target=np.array([0.03, np.inf]), horizon=2, costs=Costs(0, 0, 0))
    >>> found.gross_return.round(4).tolist()
    [0.04, -0.04]
    """
    rows, side = np.asarray(rows, dtype=np.int64), np.asarray(side, dtype=np.int64)
    n = len(rows)
    if rows.ndim != 1 or side.shape != rows.shape:
        raise UsageError(f"expected a side for each signal, got {rows.shape} and {side.shape}")
    if n and (rows.min() < 0 or rows.max() >= len(bars)):
        raise UsageError(f"rows: expected 0 to {len(bars) - 1}, got {rows.min()} to {rows.max()}")
    if not np.isin(side, (0, 1)).all():
        raise UsageError("side: expected types.LONG or types.SHORT for each signal")
    limit = _each(horizon, n, "horizon").astype(np.int64)
    if (limit < 1).any():
        raise UsageError(f"horizon: expected at least one bar, got {int(limit.min())}")
    stops, targets = _distance(stop, n, "stop"), _distance(target, n, "target")
    costs = costs or Costs()
    order = bars.by_symbol
    position = np.empty(len(bars), dtype=np.int64)
    position[order] = np.arange(len(bars))
    ends = np.repeat(bars.symbol_offsets[1:], np.diff(bars.symbol_offsets))
    found = SignalLabels(
        net_return=np.full(n, np.nan),
        gross_return=np.full(n, np.nan),
        exit_reason=np.full(n, EXIT_NONE, dtype=np.int8),
        bars_held=np.zeros(n, dtype=np.int32),
        mfe=np.full(n, np.nan),
        mae=np.full(n, np.nan),
        start_time=bars.event_time[rows],
        entry_time=np.full(n, NEVER, dtype=np.int64),
        known_time=np.full(n, NEVER, dtype=np.int64),
    )
    open_, high, low, close = (
        bars.adjusted(name)[order] for name in ("open", "high", "low", "close")
    )
    _label(
        position[rows], ends[position[rows]], side, stops, targets, limit,
        open_, high, low, close, bars.event_time[order], bars.known_time[order],
        costs.side, costs.borrow_year / bars.periods_per_year,
        found.net_return, found.gross_return, found.exit_reason, found.bars_held, found.mfe,
        found.mae, found.entry_time, found.known_time,
    )  # fmt: skip
    return found


def _each(value: Float64Array | Int64Array | float, n: int, name: str) -> Float64Array:
    given = np.asarray(value, dtype=np.float64)
    if given.shape not in ((), (n,)):
        raise UsageError(f"{name}: expected one number, or one for each of {n}, got {given.shape}")
    return np.broadcast_to(given, n).copy()


def _distance(value: Float64Array | float, n: int, name: str) -> Float64Array:
    distance = _each(value, n, name)
    if not (distance > 0.0).all():
        raise BadData(
            f"{name}: expected positive fractions of the close, got "
            f"{distance[~(distance > 0.0)][0]!r}: use inf for none"
        )
    return distance


@njit(cache=True, nogil=True)
def _label(
    position: Int64Array,
    ends: Int64Array,
    side: Int64Array,
    stops: Float64Array,
    targets: Float64Array,
    limit: Int64Array,
    open_: Float64Array,
    high: Float64Array,
    low: Float64Array,
    close: Float64Array,
    event_time: Int64Array,
    known_time: Int64Array,
    cost: float,
    borrow: float,
    net_return: Float64Array,
    gross_return: Float64Array,
    exit_reason: Int8Array,
    bars_held: Int32Array,
    mfe: Float64Array,
    mae: Float64Array,
    entry_time: Int64Array,
    label_time: Int64Array,
) -> None:
    for k in range(position.shape[0]):
        i = position[k]
        if i + 1 >= ends[k]:
            continue
        entry_time[k] = event_time[i + 1]
        direction = -1.0 if side[k] == SHORT else 1.0
        reason, price, held, best, worst, known = follow(
            i, min(i + limit[k] + 1, ends[k]), i + limit[k], direction,
            close[i] * (1.0 - direction * stops[k]), close[i] * (1.0 + direction * targets[k]),
            open_, high, low, close, known_time,
        )  # fmt: skip
        if reason == EXIT_NONE:
            continue
        gross, net = outcome(direction, open_[i + 1], price, held, cost, borrow)
        gross_return[k] = gross
        net_return[k] = net
        exit_reason[k] = reason
        bars_held[k] = held
        mfe[k] = best
        mae[k] = worst
        label_time[k] = known
