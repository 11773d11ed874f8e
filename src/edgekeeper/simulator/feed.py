"""``MarketFeed``: bars with what is needed to decide on them, cut into chunks of instants."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.simulator.chunk import Chunk
from edgekeeper.types import Float64Array, Forecasts, Int8Array

__all__ = ["MarketFeed"]

_T = TypeVar("_T", bound=np.generic)
_NO_PAIRS, _NO_NUMBERS = np.empty((0, 2)), np.empty(0)


class MarketFeed:
    """Bars with what is needed to decide on them, cut into chunks of instants.

    Parameters
    ----------
    bars : Bars
    volatility : float64 [N]
        Predicted standard deviation of the next bar's log return; NaN while warming up.
    rule : int8 [N]
        The rules' signal: +1 long, -1 short, 0 none.
    max_age_ns : int
        Bars known later than this after their close lead to no new entries.
    latency_ms : float64 [T], optional
        Recorded prediction latency of each instant; 0 where nothing was recorded.

    Raises
    ------
    BadData
        Not one number a bar (an instant, for latencies); a negative or infinite volatility; a rule
        other than -1, 0, 1.
    """

    def __init__(
        self,
        bars: Bars,
        volatility: Float64Array,
        rule: Int8Array,
        *,
        max_age_ns: int,
        latency_ms: Float64Array | None = None,
    ) -> None:
        self.bars = bars
        self.offsets = bars.instant_offsets
        self.instants = _fixed(bars.instants)
        if latency_ms is None:
            latency_ms = np.zeros(len(self.instants))
        self.latency_ms = _column("latency_ms", latency_ms, np.float64, len(self.instants))
        self.volatility = _column("volatility", volatility, np.float64, len(bars))
        self.rule = _column("rule", rule, np.int8, len(bars))
        if ((self.volatility < 0.0) | np.isinf(self.volatility)).any():
            raise BadData(
                "expected volatility to be finite and not negative, or NaN while it warms up, got "
                f"{self.volatility[(self.volatility < 0.0) | np.isinf(self.volatility)][0]}"
            )
        if (np.abs(self.rule) > 1).any():
            raise BadData(
                f"expected rule to be -1, 0 or 1, got {self.rule[np.abs(self.rule) > 1][0]}"
            )
        self.fresh = _fixed((bars.known_time - bars.event_time <= max_age_ns).astype(np.int8))
        self.symbol = _fixed(bars.symbol)
        self.open = _fixed(bars.adjusted("open"))
        self.high = _fixed(bars.adjusted("high"))
        self.low = _fixed(bars.adjusted("low"))
        self.close = _fixed(bars.adjusted("close"))

    def chunk(self, first: int, last: int, forecasts: Forecasts | None = None) -> Chunk:
        """Instants ``first:last``; ``forecasts`` covers exactly their rows, or is absent.

        Raises
        ------
        UsageError
            Instants that are not there.
        BadData
            Another number of forecasts than rows.
        """
        if not 0 <= first <= last <= len(self.instants):
            raise UsageError(f"expected instants within 0:{len(self.instants)}, got {first}:{last}")
        start, stop = int(self.offsets[first]), int(self.offsets[last])
        rows = slice(start, stop)
        probability, expected, novelty = _NO_PAIRS, _NO_PAIRS, _NO_NUMBERS
        if forecasts is not None:
            n = stop - start
            probability = _column("probability", forecasts.probability, np.float64, n, 2)
            expected = _column("expected_return", forecasts.expected_return, np.float64, n, 2)
            novelty = _column("novelty", forecasts.novelty, np.float64, n)
        return Chunk(
            symbols=len(self.bars.symbols),
            offsets=self.offsets[first : last + 1] - start,
            time=self.instants[first:last],
            latency_ms=self.latency_ms[first:last],
            symbol=self.symbol[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volatility=self.volatility[rows],
            probability=probability,
            expected=expected,
            novelty=novelty,
            rule=self.rule[rows],
            fresh=self.fresh[rows],
        )


def _fixed(values: NDArray[_T]) -> NDArray[_T]:
    """Read-only view: all chunks are then of one type, for which the step is compiled once."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def _column(name: str, values: NDArray[_T], kind: type, *shape: int) -> NDArray[_T]:
    """Check the shape, convert to the type that the step was compiled for, and fix."""
    if np.shape(values) != shape:
        raise BadData(f"expected {name} of shape {shape}, got {np.shape(values)}")
    return _fixed(np.asarray(values, dtype=kind))


_NO_PAIRS, _NO_NUMBERS = _fixed(_NO_PAIRS), _fixed(_NO_NUMBERS)
