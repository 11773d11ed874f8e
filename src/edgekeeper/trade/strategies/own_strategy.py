"""A user's own file as a strategy: a function of bars, or a class with freqtrade's names."""

import inspect
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies.freqtrade_class import FreqtradeStrategy
from edgekeeper.trade.strategies.own_code import call_own, load_module
from edgekeeper.types import Int8Array, Int64Array

__all__ = ["FunctionStrategy", "OwnStrategy", "open_strategy"]

_MOST_WARM_UP = 1_000_000


class OwnStrategy(Protocol):
    """What a user's file comes to.

    Attributes
    ----------
    path : Path
    warm_up : int
        Bars after which the start no longer matters, as the file says; 0: it says nothing.
    not_used : tuple of str
        Parts of the file that Edgekeeper leaves aside, each with the reason.
    """

    path: Path
    warm_up: int
    not_used: tuple[str, ...]

    def signals(self, bars: Bars, rows: Int64Array) -> Int8Array:
        """Return +1, -1 or 0 for each of these rows, all of one symbol, from these rows alone.

        Raises
        ------
        UsageError
            The file's code failed, or returned something else.
        """
        ...


class FunctionStrategy:
    """A file with ``signals(bars)``; see ``docs/strategies.md``."""

    not_used: tuple[str, ...] = ()

    def __init__(self, path: Path, function: Any, warm_up: int) -> None:
        self.path, self.warm_up, self._function = path, warm_up, function

    def signals(self, bars: Bars, rows: Int64Array) -> Int8Array:
        """See :class:`OwnStrategy`."""
        import polars as pl

        name = bars.symbols[bars.symbol[rows[0]]]
        times = pl.Series("time", bars.event_time[rows]).cast(pl.Datetime("ns", "UTC"))
        columns: dict[str, Any] = {"time": times, "symbol": pl.repeat(name, len(rows), eager=True)}
        columns |= {column: bars.adjusted(column)[rows] for column in COLUMNS}
        columns |= {column: values[rows] for column, values in bars.context.items()}
        what = f"signals of {name}"
        given = call_own(self.path, what, self._function, pl.DataFrame(columns))
        return call_own(self.path, what, _checked, given, len(rows))


def open_strategy(path: Path, expected_hash: str) -> OwnStrategy:
    """Load a user's file.

    Raises
    ------
    UsageError
        It fails, it holds neither of the two interfaces or both, or what it needs is not there.
    StorageError
        It cannot be read.
    """
    module = load_module(path, expected_hash)
    function = getattr(module, "signals", None)
    classes = [
        one
        for one in vars(module).values()
        if inspect.isclass(one)
        and one.__module__ == module.__name__
        and hasattr(one, "populate_indicators")
    ]
    if callable(function) and not classes:
        return FunctionStrategy(path, function, _warm_up(path, getattr(module, "WARM_UP", 0)))
    if len(classes) == 1 and function is None:
        strategy = FreqtradeStrategy(path, classes[0])
        strategy.warm_up = _warm_up(path, strategy.warm_up)
        return strategy
    found = [one.__name__ for one in classes] + ["signals"] * (function is not None)
    raise UsageError(
        f"{path}: expected a function signals(bars), or one class with populate_indicators and "
        f"populate_entry_trend, got {', '.join(found) or 'neither'}: `edgekeeper new strategy "
        "NAME` writes a file that works"
    )


def _warm_up(path: Path, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_WARM_UP:
        raise UsageError(
            f"{path}: expected a whole number of bars from 0 in WARM_UP or startup_candle_count, "
            f"got {value!r}"
        )
    return value


def _checked(given: Any, rows: int) -> Int8Array:
    values = np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
    if values.shape != (rows,):
        raise UsageError(
            f"expected one number for each of {rows} bars, got {type(given).__name__} of shape "
            f"{values.shape}: return as many as bars.height"
        )
    if values.dtype.kind not in "biuf":
        raise UsageError(
            f"expected numbers, got {values.dtype}: return 1 (long), -1 (short) or 0 (none), and "
            "0 where there are not enough bars (fill_null(0))"
        )
    wrong = ~np.isin(values, (-1, 0, 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UsageError(
            f"expected 1 (long), -1 (short) or 0 (none), got {values[row]} at bar {row}: where "
            "there are not enough bars, say 0 (fill_nan(0), fill_null(0))"
        )
    return values.astype(np.int8)
