"""``MarketFeed``: bars with what is needed to decide on them, cut into chunks of instants."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.simulator.chunk import CLOSE, Chunk, fixed
from edgekeeper.types import Float64Array, Forecasts, Int8Array

__all__ = ["MarketFeed"]

_T = TypeVar("_T", bound=np.generic)
_NO_PAIRS, _NO_NUMBERS = fixed(np.empty((0, 2))), fixed(np.empty(0))


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
        self.instants = fixed(bars.instants)
        instants = len(self.instants)
        self.latency_ms = _floats(
            "latency_ms", np.zeros(instants) if latency_ms is None else latency_ms, instants
        )
        self.volatility = _checked_volatility(_numbers("volatility", volatility, len(bars)))
        self.rule = _checked_rule(_numbers("rule", rule, len(bars)))
        self.fresh = fixed((bars.known_time - bars.event_time <= max_age_ns).astype(np.int8))
        self.symbol = fixed(bars.symbol)
        prices = np.empty((len(bars), 4))
        for column, name in enumerate(("open", "high", "low", "close")):
            np.multiply(getattr(bars, name), bars.adjustment, out=prices[:, column])
        self.prices = fixed(prices)

    @property
    def close(self) -> Float64Array:
        """Adjusted closes, [N]."""
        return self.prices[:, CLOSE]

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
            probability = _floats("probability", forecasts.probability, n, 2)
            expected = _floats("expected_return", forecasts.expected_return, n, 2)
            novelty = _floats("novelty", forecasts.novelty, n)
        return Chunk(
            symbols=len(self.bars.symbols),
            offsets=(self.offsets[first : last + 1] - start).astype(np.uint64),
            time=self.instants[first:last],
            latency_ms=self.latency_ms[first:last],
            symbol=self.symbol[rows],
            prices=self.prices[rows],
            volatility=self.volatility[rows],
            probability=probability,
            expected=expected,
            novelty=novelty,
            rule=self.rule[rows],
            fresh=self.fresh[rows],
        )


def _numbers(name: str, values: NDArray[_T], *shape: int) -> NDArray[_T]:
    values = np.asarray(values)
    if values.shape != shape or values.dtype.kind not in "fiu":
        raise BadData(
            f"expected {name} to be numbers of shape {shape}, got {values.dtype} of shape "
            f"{values.shape}"
        )
    return values


def _floats(name: str, values: Float64Array, *shape: int) -> Float64Array:
    return fixed(_numbers(name, values, *shape).astype(np.float64, copy=False))


def _checked_volatility(values: Float64Array) -> Float64Array:
    bad = (values < 0.0) | np.isinf(values)
    if bad.any():
        raise BadData(
            "expected volatility to be finite and not negative, or NaN while it warms up, got "
            f"{values[bad][0]}"
        )
    return fixed(values.astype(np.float64, copy=False))


def _checked_rule(values: Int8Array) -> Int8Array:
    if not ((values == 0) | (np.abs(values) == 1)).all():
        raise BadData(f"expected rule to be -1, 0 or 1, got {values.min()} to {values.max()}")
    return fixed(values.astype(np.int8, copy=False))
