"""``FeatureBatches``: features of a history that comes in parts, in bounded memory."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.features.compute import compute
from edgekeeper.features.plan import Plan
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["FeatureBatches"]

_NEVER = np.iinfo(np.int64).min


class FeatureBatches:
    """Parts of a history one after the other, each going on where the last one ended.

    Made by :meth:`FeatureSet.batches`. All parts together give :meth:`FeatureSet.matrix` of the
    whole to the last bit. Any cut will do, and symbols may come one after the other, as long as
    each goes forward in time; where features compare symbols, the parts themselves have to.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._slot: dict[str, int] = {}
        self._last_time = np.empty(0, dtype=np.int64)
        self._states = [np.empty((0, size)) for size in plan.state_sizes]
        self._until = _NEVER
        self._table = np.empty((0, plan.features), dtype=np.float32)

    def matrix(self, bars: Bars, threads: int | None = None) -> Float32Array:
        """Return features of the next part, float32 ``[N, F]``; valid until the next call.

        Raises
        ------
        BadData
            A symbol goes back in time, or an instant does whose symbols are compared.
        UsageError
            The bars lack a column.
        """
        slots = self._slots(bars.symbols)
        starts = bars.by_symbol[bars.symbol_offsets[:-1] % len(bars)]
        present = np.diff(bars.symbol_offsets) > 0
        back = present & (bars.event_time[starts] <= self._last_time[slots])
        if back.any():
            raise BadData(
                f"expected bars of {bars.symbols[int(np.argmax(back))]} later than those of the "
                "parts before, got earlier ones: sort them by time"
            )
        if self._plan.compared and bars.event_time[0] <= self._until:
            raise BadData(
                "expected all symbols of an instant in one part, since features compare them, got "
                "an instant again or an earlier one: sort by time, or leave out cs_rank and alike"
            )
        if len(self._table) < len(bars):
            self._table = np.empty((len(bars), self._plan.features), dtype=np.float32)
        states: list[Float64Array] = [memory[slots] for memory in self._states]
        out = self._table[: len(bars)]
        compute(self._plan, bars, np.float32, threads=threads, out=out, states=states)
        for memory, state in zip(self._states, states, strict=True):
            memory[slots] = state
        ends = bars.by_symbol[bars.symbol_offsets[1:] - 1]
        self._last_time[slots[present]] = bars.event_time[ends][present]
        self._until = max(self._until, int(bars.event_time[-1]))
        return out

    def _slots(self, symbols: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Where each symbol's memory is; new ones get some."""
        for symbol in symbols:
            self._slot.setdefault(symbol, len(self._slot))
        more = len(self._slot) - len(self._last_time)
        if more > 0:
            # Twice as much as needed: symbols that come one by one are not moved each time.
            more += len(self._slot)
            self._last_time = np.append(self._last_time, np.full(more, _NEVER))
            self._states = [
                np.concatenate((memory, np.zeros((more, memory.shape[1]))))
                for memory in self._states
            ]
        return np.array([self._slot[symbol] for symbol in symbols], dtype=np.int64)
