"""Series of a run, read back from its ledger: equity of every account, and the passive basket."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.ledger import Ledger
from edgekeeper.report.story import Drawdown
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Curves", "basket_returns", "buy_and_hold", "read_curves", "worst_drawdowns"]


@dataclass(frozen=True, slots=True)
class Curves:
    """Equity and gross exposure of each account after each bar, ``[T]``."""

    time_ns: Int64Array
    equity: dict[str, Float64Array]
    gross: dict[str, Float64Array]


def read_curves(ledger: Ledger) -> Curves:
    """Read all accounts' marks, in time order."""
    frame = ledger.read("equity", ["event_time_ns", "account", "equity", "gross_exposure"])
    equity, gross = {}, {}
    time_ns = np.empty(0, dtype=np.int64)
    for (name,), part in frame.sort("event_time_ns").group_by("account", maintain_order=True):
        time_ns = part["event_time_ns"].to_numpy()
        equity[str(name)] = part["equity"].cast(pl.Float64).to_numpy()
        gross[str(name)] = part["gross_exposure"].cast(pl.Float64).to_numpy()
    return Curves(time_ns, equity, gross)


def basket_returns(bars: Bars) -> Float64Array:
    """Mean return of all symbols that have a bar, from their previous close, ``[T]``."""
    close = bars.adjusted("close")
    change = np.full(len(bars), np.nan)
    order = bars.by_symbol
    change[order[1:]] = close[order[1:]] / close[order[:-1]] - 1.0
    change[order[bars.symbol_offsets[:-1]]] = np.nan
    known = np.isfinite(change)
    instant = np.repeat(np.arange(len(bars.instants)), np.diff(bars.instant_offsets))
    total = np.bincount(instant[known], weights=change[known], minlength=len(bars.instants))
    count = np.bincount(instant[known], minlength=len(bars.instants))
    return np.where(count > 0, total / np.maximum(count, 1), 0.0)


def buy_and_hold(bars: Bars, gross: Float64Array, cash: float) -> Float64Array:
    """Equity of an equal-weight basket holding what Edgekeeper had at work the bar before."""
    exposure = np.concatenate(([0.0], gross[:-1]))
    growth = 1.0 + exposure * basket_returns(bars)[: len(exposure)]
    return np.asarray(cash * np.cumprod(growth), dtype=np.float64)


def worst_drawdowns(time_ns: Int64Array, equity: Float64Array, count: int = 5) -> list[Drawdown]:
    """Return the deepest falls from a high, none overlapping another, deepest first."""
    peaks = np.maximum.accumulate(equity)
    under = np.append(equity < peaks, False)
    edges = np.flatnonzero(np.diff(under.astype(np.int8), prepend=0))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        bottom = start + int(np.argmin(equity[start:end]))
        found.append(
            Drawdown(
                start_ns=int(time_ns[max(start - 1, 0)]),
                bottom_ns=int(time_ns[bottom]),
                end_ns=int(time_ns[end]) if end < len(equity) else None,
                depth=float(1.0 - equity[bottom] / peaks[bottom]),
            )
        )
    return sorted(found, key=lambda fall: -fall.depth)[:count]
