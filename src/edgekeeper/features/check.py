"""Proof on a user's own data that features see only the past, and are the same live."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.features.foreknowledge import refuse_foreknowledge
from edgekeeper.features.inputs import read_columns
from edgekeeper.features.stream import FeatureStream
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["TOLERANCE", "CheckReport", "check"]

TOLERANCE = 1e-6
"""How far a later start may move a value after warm-up, relative to the feature's size."""

UNSTEADY = 0.01
"""Share of a feature's values that a later start may move all the same.

Where two numbers are equal but for rounding, a comparison, a rank, or a share of no range may come
out either way. On prices in coarse ticks that happens now and then; memory without end, which this
is to find, moves nearly all values.
"""

_STREAMED = 2_000
_SEED = 20_240_229


class Checked(Protocol):
    """What :func:`check` needs of a feature set."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that they read."""
        ...

    def warm_ups_at(self, interval_ns: int) -> tuple[int, ...]:
        """Bars of a length after which each feature no longer depends on the start."""
        ...

    def matrix(self, bars: Bars, dtype: Any = ..., *, chunk: int = ...) -> NDArray[Any]:
        """All features of all rows."""
        ...

    def stream(self, symbols: tuple[str, ...]) -> FeatureStream:
        """Return a live computation."""
        ...


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was compared, every time without a difference.

    Attributes
    ----------
    rows, features : int
        Size of the table.
    truncated_rows : int
        Rows compared after the future had been cut off, shuffled, and multiplied.
    streamed_rows : int
        Rows compared bit for bit with the live computation.
    late_values : int
        Values compared after a later start, past their warm-up. Zero: the history is too short to
        tell.
    unsteady_values : int
        Those of them that moved, at most 1 % of each feature: ties within rounding.
    context_columns : int
        Columns of other things, none of which moves with bars that came after it.
    """

    rows: int
    features: int
    truncated_rows: int
    streamed_rows: int
    late_values: int
    unsteady_values: int
    context_columns: int


def check(features: Checked, bars: Bars) -> CheckReport:
    """Compare the features of these bars with those of changed and shortened bars.

    Cutting the future off, shuffling it, multiplying it, cutting the rows into other chunks, and
    computing live: not a bit may change. Beginning later may change nothing beyond 1e-6 after the
    stated warm-up, but for ties within rounding (at most 1 % of a feature's values; the report
    counts them).

    The values of a context column are taken as known at their rows. One that plainly moves with
    bars after it is refused (see :func:`refuse_foreknowledge`); one that knows a little of the
    future (a revised macro series, an adjusted close from another vendor) cannot be seen here.

    Raises
    ------
    BadData
        At the first difference; names the feature, the symbol, the time and both values. Or the
        context column.
    """
    context_columns = refuse_foreknowledge(features.columns, bars)
    table = features.matrix(bars)
    names = features.names
    cut = int(bars.instant_offsets[max(1, (len(bars.instants) * 3) // 5)])
    past = slice(0, cut)
    _same(names, bars, table[past], features.matrix(bars.rows(0, cut)), "cutting off the future")
    if cut < len(bars):
        shuffled = features.matrix(_shuffled(bars, cut))
        _same(names, bars, table[past], shuffled[past], "shuffling the future")
        multiplied = features.matrix(_multiplied(bars, cut))
        _same(names, bars, table[past], multiplied[past], "multiplying the future")
    _same(names, bars, table, features.matrix(bars, chunk=7), "cutting the rows into small chunks")
    late_values, unsteady_values = _check_start(features, bars)
    return CheckReport(
        rows=len(bars),
        features=len(names),
        truncated_rows=cut,
        streamed_rows=_check_stream(features, bars, table),
        late_values=late_values,
        unsteady_values=unsteady_values,
        context_columns=context_columns,
    )


def _same(
    names: tuple[str, ...], bars: Bars, left: NDArray[Any], right: NDArray[Any], what: str
) -> None:
    _report(names, bars, left, right, ~((left == right) | (np.isnan(left) & np.isnan(right))), what)


def _report(
    names: tuple[str, ...],
    bars: Bars,
    left: NDArray[Any],
    right: NDArray[Any],
    differs: BoolArray,
    what: str,
) -> None:
    """Raise for the first row that differs."""
    if not differs.any():
        return
    row = int(np.argmax(differs.any(axis=1)))
    column = int(np.argmax(differs[row]))
    time = np.datetime64(int(bars.event_time[row]), "ns").astype("datetime64[s]")
    raise BadData(
        f"feature {names[column]!r} changes by {what}: expected {left[row, column]!r}, got "
        f"{right[row, column]!r} for {bars.symbols[bars.symbol[row]]} at {time}; "
        f"{int(differs.any(axis=0).sum())} of {len(names)} features differ"
    )


def _shuffled(bars: Bars, cut: int) -> Bars:
    """Bars with the same past, and all values after row ``cut`` in another order."""
    order = np.arange(len(bars))
    order[cut:] = cut + np.random.default_rng(_SEED).permutation(len(bars) - cut)
    return replace(
        bars,
        open=bars.open[order],
        high=bars.high[order],
        low=bars.low[order],
        close=bars.close[order],
        volume=bars.volume[order],
        adjustment=bars.adjustment[order],
        context=MappingProxyType({name: c[order] for name, c in bars.context.items()}),
    )


def _multiplied(bars: Bars, cut: int) -> Bars:
    """Bars with the same past, and all numbers from row ``cut`` on a thousandfold."""
    factor = np.where(np.arange(len(bars)) < cut, 1.0, 1_000.0)
    context = {name: column * factor for name, column in bars.context.items()}
    return replace(
        bars,
        open=bars.open * factor,
        high=bars.high * factor,
        low=bars.low * factor,
        close=bars.close * factor,
        volume=bars.volume * factor,
        context=MappingProxyType(context),
    )


def _check_stream(features: Checked, bars: Bars, table: NDArray[Any]) -> int:
    """Compare with the live computation over the first instants; return how many rows."""
    instants = min(len(bars.instants), _STREAMED)
    stop = int(bars.instant_offsets[instants])
    part = bars.rows(0, stop)
    stream = features.stream(bars.symbols)
    columns = read_columns(stream.columns, part)
    inputs = np.full((len(columns), len(bars.symbols)), np.nan)
    live = np.empty((stop, len(features.names)), dtype=np.float32)
    for t in range(instants):
        rows = slice(int(bars.instant_offsets[t]), int(bars.instant_offsets[t + 1]))
        slots = part.symbol[rows]
        present = np.zeros(len(bars.symbols), dtype=bool)
        present[slots] = True
        for c, column in enumerate(columns):
            inputs[c, slots] = column[rows]
        live[rows] = stream.push(inputs, present)[slots]
    _same(features.names, bars, table[:stop], live, "computing live, bar by bar")
    return stop


def _check_start(features: Checked, bars: Bars) -> tuple[int, int]:
    """Compare with a start a fifth later: how many values were past warm-up, how many moved."""
    first = int(bars.instant_offsets[len(bars.instants) // 5])
    late = bars.rows(first, len(bars))
    if not len(late):
        return 0, 0
    exact = features.matrix(bars, np.float64)[first:]
    again = features.matrix(late, np.float64)
    scale = np.array([_size(exact[:, f]) for f in range(exact.shape[1])])
    ready = _values_before(late, again) >= np.array(features.warm_ups_at(bars.interval_ns))[None, :]
    size = np.maximum(np.fmax(np.abs(exact), np.abs(again)), scale)
    near = np.abs(exact - again) <= TOLERANCE * size
    near |= np.isnan(exact) & np.isnan(again)
    moved = ready & ~near
    too_many = moved.sum(axis=0) > UNSTEADY * ready.sum(axis=0)
    _report(features.names, late, exact, again, moved & too_many, "beginning later, after warm-up")
    return int(ready.sum()), int(moved.sum())


def _values_before(bars: Bars, table: Float64Array) -> Int64Array:
    """Values that each feature of each symbol had before each row: int64 [N, F].

    Values are counted, not rows: a missing input leaves the memory of a feature as it was.
    """
    before = np.empty(table.shape, dtype=np.int64)
    for s in range(len(bars.symbols)):
        rows = bars.by_symbol[bars.symbol_offsets[s] : bars.symbol_offsets[s + 1]]
        known = ~np.isnan(table[rows])
        before[rows] = np.cumsum(known, axis=0) - known
    return before


def _size(values: Float64Array) -> float:
    """Root mean square of a feature; zero where it has no values."""
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known * known))) if len(known) else 0.0
