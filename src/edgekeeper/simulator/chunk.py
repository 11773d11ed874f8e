"""What goes into the compiled step."""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekeeper.types import Float64Array, Forecasts, Int8Array, Int32Array, Int64Array

__all__ = ["CLOSE", "HIGH", "LOW", "OPEN", "Chunk", "fixed"]

OPEN, HIGH, LOW, CLOSE = range(4)

_Kind = TypeVar("_Kind", bound=np.generic)


def fixed(values: NDArray[_Kind]) -> NDArray[_Kind]:
    """Read-only view: all chunks are then of one type, for which the step is compiled once."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


class Chunk(NamedTuple):
    """Inputs of ``n`` rows over ``t`` instants, in canonical order.

    ``rule`` is +1, -1 or 0; ``fresh`` 1 where the bar arrived in time. Forecasts may be NaN; a
    chunk without forecasts carries empty ones.
    """

    symbols: int  # of the whole market, whether or not they have bars here
    offsets: NDArray[np.uint64]  # [t + 1]; unsigned: no check for indices that count backwards
    time: Int64Array  # [t] ns
    latency_ms: Float64Array  # [t] recorded, never measured here
    symbol: Int32Array  # [n]
    prices: Float64Array  # [n, 4] open, high, low, close, adjusted
    volatility: Float64Array
    probability: Float64Array  # [n, 2] or [0, 2]
    expected: Float64Array  # [n, 2] or [0, 2]
    novelty: Float64Array  # [n] or [0]
    rule: Int8Array
    fresh: Int8Array
    by_model: Int8Array  # 1 where a model decides, if the book has one; 0: as if it had none
    policy: NDArray[np.uint16]  # by which of the book's policies a model decides; 0: its own

    def abstaining(self) -> "Chunk":
        """The same bars, with a forecast for each that says nothing."""
        nothing = Forecasts.empty(len(self.symbol))
        return self._replace(
            probability=fixed(nothing.probability),
            expected=fixed(nothing.expected_return),
            novelty=fixed(nothing.novelty),
        )
