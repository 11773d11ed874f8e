"""Adapter for a class with freqtrade's ``populate_*`` names: its entries become signals.

Exits, stops, sizes and orders are Edgekeeper's own; what a class says of them is left aside, and
named.
"""

from pathlib import Path
from typing import Any

import numpy as np

from edgekeeper.bars import COLUMNS, Bars
from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies.freqtrade_names import IStrategy
from edgekeeper.trade.strategies.own_code import call_own
from edgekeeper.types import BoolArray, Int8Array, Int64Array

__all__ = ["FreqtradeStrategy"]

_LEFT_ASIDE = {
    "brackets of the configuration close trades": (
        "minimal_roi stoploss trailing_stop populate_exit_trend populate_sell_trend custom_exit "
        "custom_sell custom_stoploss custom_exit_price custom_roi confirm_trade_exit "
        "adjust_exit_price"
    ),
    "limits of the configuration size positions": (
        "custom_stake_amount adjust_trade_position leverage position_adjustment_enable"
    ),
    "entries are market orders at the next open": (
        "custom_entry_price adjust_entry_price confirm_trade_entry check_entry_timeout "
        "check_exit_timeout order_types protections"
    ),
    "signals are made on the bars that are given": "timeframe",
}


class FreqtradeStrategy:
    """A class of freqtrade's interface 2 or 3, as signals.

    Parameters
    ----------
    path : Path
    kind : type
        With ``populate_indicators`` and ``populate_entry_trend`` (or ``populate_buy_trend``).

    Raises
    ------
    UsageError
        It lacks a method, cannot be made, or asks for pairs beside its own.
    """

    def __init__(self, path: Path, kind: type) -> None:
        self.path = path
        self._object: Any = call_own(path, f"making {kind.__name__}", _made, kind)
        entry = [
            getattr(self._object, name)
            for name in ("populate_entry_trend", "populate_buy_trend")
            if hasattr(self._object, name)
        ]
        if not entry:
            raise UsageError(
                f"{path}: expected {kind.__name__} to have populate_entry_trend (or its old name "
                "populate_buy_trend), got neither"
            )
        self._entry = entry[0]
        self._shorts = bool(getattr(self._object, "can_short", False))
        self.warm_up = getattr(self._object, "startup_candle_count", 0)
        pairs = call_own(path, "informative_pairs", self._object.informative_pairs)
        if pairs:
            raise UsageError(
                f"{path}: informative_pairs asks for {pairs!r}; a strategy sees the bars of one "
                "symbol: give further data as context columns (--context NAME=FILE), and return "
                "[] there"
            )
        self.not_used = tuple(
            f"{name}: {reason}"
            for reason, names in _LEFT_ASIDE.items()
            for name in names.split()
            if _own(kind, name)
        )

    def signals(self, bars: Bars, rows: Int64Array) -> Int8Array:
        """See :class:`~edgekeeper.trade.strategies.own_strategy.OwnStrategy`."""
        name = bars.symbols[bars.symbol[rows[0]]]
        return call_own(self.path, f"signals of {name}", self._signals, bars, rows, name)

    def _signals(self, bars: Bars, rows: Int64Array, name: str) -> Int8Array:
        import pandas as pd

        frame = pd.DataFrame({"date": pd.to_datetime(bars.event_time[rows], utc=True)})
        for column in COLUMNS:
            frame[column] = bars.adjusted(column)[rows]
        for column, values in bars.context.items():
            frame[column] = values[rows]
        dates, metadata = _times(frame), {"pair": name}
        for method in (self._object.populate_indicators, self._entry):
            frame = method(frame, dict(metadata))
            if not isinstance(frame, pd.DataFrame):
                raise UsageError(
                    f"expected {method.__name__} to return the frame, got {type(frame).__name__}"
                )
        if len(frame) != len(rows) or not np.array_equal(_times(frame), dates):
            raise UsageError(
                f"expected the {len(rows)} bars that were given, in their order, got {len(frame)}: "
                "drop, add and sort no rows (no dropna)"
            )
        if not {"enter_long", "buy", "enter_short"} & set(frame.columns):
            raise UsageError(
                "expected a column enter_long (or its old name buy), got "
                f"{', '.join(map(str, frame.columns))}"
            )
        long = _flags(frame, "enter_long") | _flags(frame, "buy")
        short = _flags(frame, "enter_short") & self._shorts
        return long.astype(np.int8) - short.astype(np.int8)


def _made(kind: type) -> Any:
    made: Any = kind({}) if issubclass(kind, IStrategy) else kind()
    if not hasattr(made, "informative_pairs"):
        made.informative_pairs = list
    return made


def _own(kind: type, name: str) -> bool:
    return any(name in vars(one) for one in kind.__mro__ if one not in (object, IStrategy))


def _times(frame: Any) -> Any:
    return frame["date"].dt.tz_localize(None).to_numpy()


def _flags(frame: Any, name: str) -> BoolArray:
    """Where a column is 1; empty cells are not."""
    if name not in frame.columns:
        return np.zeros(len(frame), dtype=np.bool_)
    column = frame[name]
    if column.isna().all():
        return np.zeros(len(frame), dtype=np.bool_)
    flags: BoolArray = (column == 1).fillna(False).to_numpy(dtype=np.bool_)
    return flags
