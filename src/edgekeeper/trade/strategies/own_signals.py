"""Signals of a user's own strategy along a history that grows, held to what they once said."""

import numpy as np

from edgekeeper.bars import IN_MEMORY, Bars, GrowingArray, GrowingBars, Rooms
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies.own_strategy import OwnStrategy
from edgekeeper.trade.strategies.past_proof import differing, first_moved, prove_past, starts_alike
from edgekeeper.types import BoolArray, Int8Array, Int64Array

__all__ = ["OwnSignals"]

_SEEN_AGAIN = 100


class OwnSignals:
    """Signals of a user's own strategy, symbol by symbol.

    The history that is there at first is taken at once, and proof is asked that no signal knows
    bars after it (:func:`prove_past`). For later instants the strategy is asked again, with the
    last bars of each symbol if it stated a warm-up and keeps to it, else with all; what it said
    before has to come out again.

    Parameters
    ----------
    strategy : OwnStrategy
    rooms : Rooms
        Where its bars lie once more come: all of them, since it may turn out to need them.

    Attributes
    ----------
    fault : str
        Why its signals are left out from some bar on; empty while all is well. A strategy that
        fails while a run goes on is dropped; one that fails at its start is refused.
    window : int or None
        Bars it is asked with again; None: all.
    """

    def __init__(self, strategy: OwnStrategy, rooms: Rooms = IN_MEMORY) -> None:
        self.fault = ""
        self.window: int | None = None
        self._strategy, self._rooms = strategy, rooms
        self._bars: GrowingBars | None = None

    def extend(self, part: Bars) -> Int8Array:
        """Return +1, -1 or 0 for each row of the next instants.

        Raises
        ------
        UsageError
            At the start: its code fails, or a signal moves when later bars are cut off.
        """
        if self._bars is None:
            signals = _of_all(self._strategy, part)
            prove_past(self._strategy, part, signals)
            if self._strategy.warm_up and starts_alike(self._strategy, part, signals):
                self.window = self._strategy.warm_up + _SEEN_AGAIN
            self._bars = GrowingBars(part, self._rooms)
            self._given = GrowingArray(signals, self._rooms)
            return signals
        self._bars.append(part)
        signals = np.zeros(len(part), dtype=np.int8)
        if not self.fault:
            try:
                signals = self._of_new(part)
            except UsageError as error:
                self.fault = f"{error}; its signals are left out from here on"
        self._given.extend(signals)
        return signals

    def _of_new(self, part: Bars) -> Int8Array:
        assert self._bars is not None
        bars, seen = self._bars.bars, len(self._given)
        signals = np.zeros(len(part), dtype=np.int8)
        for symbol in np.unique(part.symbol).tolist():
            new = int((part.symbol == symbol).sum())
            rows, cut = self._asked(bars, symbol, new)
            found = self._said_of(bars, rows)
            if cut and self._moved(rows[:-new], found, cut).any():
                self.window = None  # its memory is longer than it says: all bars, then
                rows, cut = self._asked(bars, symbol, new)
                found = self._said_of(bars, rows)
            moved = self._moved(rows[:-new], found, cut)
            if moved.any():
                row = int(np.argmax(moved))
                raise UsageError(
                    first_moved(self._strategy.path, bars, rows, row, found[row],
                                self._given.view[rows[row]], "new bars came")
                )  # fmt: skip
            signals[rows[-new:] - seen] = found[-new:]
        return signals

    def _asked(self, bars: Bars, symbol: int, new: int) -> tuple[Int64Array, bool]:
        """Rows of a symbol that the strategy is asked about, and whether there are older ones."""
        if self.window is None:
            return np.flatnonzero(bars.symbol == symbol), False
        rows = bars.last_rows(symbol, self.window + new + 1)
        cut = len(rows) > self.window + new
        return rows[1:] if cut else rows, cut

    def _said_of(self, bars: Bars, rows: Int64Array) -> Int8Array:
        return self._strategy.signals(bars.take(rows), np.arange(len(rows)))

    def _moved(self, rows: Int64Array, found: Int8Array, cut: bool) -> BoolArray:
        """Which of the old rows say something else now, bool [len(rows)]."""
        known = self._strategy.warm_up if cut else 0
        moved = np.zeros(len(rows), dtype=np.bool_)
        moved[known:] = differing(found[known : len(rows)], self._given.view[rows[known:]])
        return moved


def _of_all(strategy: OwnStrategy, bars: Bars) -> Int8Array:
    signals = np.zeros(len(bars), dtype=np.int8)
    for symbol in range(len(bars.symbols)):
        rows = bars.by_symbol[bars.symbol_offsets[symbol] : bars.symbol_offsets[symbol + 1]]
        if len(rows):
            signals[rows] = strategy.signals(bars, rows)
    return signals
