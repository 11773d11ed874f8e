"""Proof on a user's own bars that the past of their strategy does not move.

Bars are cut off after signals that fired, and at places in between: whatever a strategy said of the
bars before has to come out again. A signal that needed a later bar has lost it then.
"""

from pathlib import Path

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies.own_strategy import OwnStrategy
from edgekeeper.types import BoolArray, Int8Array, Int64Array

__all__ = ["differing", "first_moved", "prove_past", "starts_alike"]

_CUTS = 96
_LEAST_CUTS = 4
_LEAST_ROWS = 30
_SAID = {1: "long", 0: "none", -1: "short"}


def prove_past(strategy: OwnStrategy, bars: Bars, signals: Int8Array) -> int:
    """Cut the future off, again and again; return how many signals were compared.

    Parameters
    ----------
    strategy : OwnStrategy
    bars : Bars
    signals : int8 [N]
        What it says of all of them.

    Raises
    ------
    UsageError
        Naming the first bar whose signal moves.
    """
    compared = 0
    each = max(_LEAST_CUTS, _CUTS // len(bars.symbols))
    for rows in _rows_by_symbol(bars):
        given = signals[rows]
        for cut in _cuts(given, each, strategy.warm_up):
            found = strategy.signals(bars, rows[:cut])
            moved = differing(found, given[:cut])
            compared += cut
            if moved.any():
                row = int(np.argmax(moved))
                end = _stamp(bars.event_time[rows[cut - 1]])
                raise UsageError(
                    first_moved(strategy.path, bars, rows, row, found[row], given[row],
                                f"the bars after {end} are cut off")
                )  # fmt: skip
    return compared


def starts_alike(strategy: OwnStrategy, bars: Bars, signals: Int8Array) -> bool:
    """Whether, past its warm-up, a strategy says the same of a later start, as far as can be told.

    A symbol too short to tell means no.
    """
    for rows in _rows_by_symbol(bars):
        for first in (len(rows) // 3, 2 * len(rows) // 3):
            ready = first + strategy.warm_up
            if ready >= len(rows):
                return False
            found = strategy.signals(bars, rows[first:])[strategy.warm_up :]
            if differing(found, signals[rows[ready:]]).any():
                return False
    return True


def differing(found: Int8Array, given: Int8Array) -> BoolArray:
    """Where two rows of signals differ."""
    different: BoolArray = found != given
    return different


def first_moved(
    path: Path, bars: Bars, rows: Int64Array, row: int, found: int, given: int, when: str
) -> str:
    """Words for a signal of the past that moved."""
    name = bars.symbols[bars.symbol[rows[row]]]
    return (
        f"{path}: its signal of {name} at {_stamp(bars.event_time[rows[row]])} is {_SAID[given]}, "
        f"and {_SAID[found]} when {when}: it looks ahead, or is not the same twice; let each row "
        "read its own and earlier rows only (no shift(-1), no mean of a whole column, nothing "
        "random)"
    )


def _cuts(given: Int8Array, each: int, warm_up: int) -> list[int]:
    """Numbers of bars that are left, at most ``each``: half of them end with a signal."""
    length = len(given)
    least = min(length - 1, max(_LEAST_ROWS, warm_up + 1))
    fired = np.flatnonzero(given) + 1
    fired = fired[(fired >= least) & (fired < length)]
    chosen = set(_spread(fired, each // 2))
    chosen.update(_spread(np.arange(least, length), each - len(chosen)))
    return sorted(int(cut) for cut in chosen if cut > 0)


def _spread(values: Int64Array, count: int) -> list[int]:
    """``count`` of the values, evenly; all where there are fewer."""
    if len(values) <= count:
        return [int(value) for value in values]
    places = np.linspace(0, len(values) - 1, count).round().astype(np.int64)
    return [int(value) for value in values[places]]


def _rows_by_symbol(bars: Bars) -> list[Int64Array]:
    edges = bars.symbol_offsets
    every = [bars.by_symbol[edges[s] : edges[s + 1]] for s in range(len(bars.symbols))]
    return [rows for rows in every if len(rows)]


def _stamp(time_ns: np.int64) -> str:
    return f"{np.datetime64(int(time_ns), 'ns').astype('datetime64[s]')}Z"
