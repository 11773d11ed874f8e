"""The names that strategies written for freqtrade import, as far as signals need them.

They are there while a user's file is loaded or called, and nowhere else; freqtrade itself is not
used, whether it is installed or not, so that the same file means the same everywhere.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from types import ModuleType
from typing import Any, NoReturn

from edgekeeper.errors import UsageError
from edgekeeper.trade.strategies import crossings

__all__ = ["IStrategy", "freqtrade_names"]

_LOCK = threading.RLock()


class Parameter:
    """A number or a choice that freqtrade could search over; here it is its default."""

    def __init__(self, *bounds: Any, default: Any, decimals: int | None = None, **_: Any) -> None:
        self.bounds = bounds
        self.decimals = decimals
        self.set(default)

    def set(self, value: Any) -> None:
        """Take a value."""
        self.value = value if self.decimals is None else round(value, self.decimals)

    @property
    def range(self) -> list[Any]:
        """What would be searched over: the one value."""
        return [self.value]


class DecimalParameter(Parameter):
    """A number with so many decimals."""

    def __init__(self, *bounds: Any, default: Any, decimals: int = 3, **others: Any) -> None:
        super().__init__(*bounds, default=default, decimals=decimals, **others)


class IStrategy:
    """What a strategy of freqtrade derives from."""

    INTERFACE_VERSION = 3
    can_short = False
    startup_candle_count = 0
    timeframe = ""

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.config = dict(config or {})
        chosen: dict[str, Any] = {}
        for name in ("buy_params", "sell_params"):
            chosen.update(getattr(self, name, None) or {})
        for name in dir(type(self)):
            value = getattr(type(self), name, None)
            if isinstance(value, Parameter):
                mine = copy(value)
                if name in chosen:
                    mine.set(chosen[name])
                setattr(self, name, mine)

    @property
    def dp(self) -> NoReturn:
        """No other pairs and no exchange can be asked."""
        _refuse("self.dp (other pairs, order books, the exchange)")

    def informative_pairs(self) -> list[Any]:
        """Return other pairs that are wanted: none."""
        return []


class Trade:
    """For hints of types alone: positions are Edgekeeper's."""


def _refuse(name: str) -> NoReturn:
    raise UsageError(
        f"{name} of freqtrade is not there: a strategy sees the bars of one symbol; further data "
        "comes in as context columns (--context NAME=FILE)"
    )


def _absent(name: str) -> Callable[..., NoReturn]:
    def absent(*_: object, **__: object) -> NoReturn:
        _refuse(name)

    return absent


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name, "Stands in for freqtrade's.")
    module.__dict__.update(names)
    module.__path__ = []
    return module


def _modules() -> dict[str, ModuleType]:
    strategy: dict[str, Any] = {
        "IStrategy": IStrategy,
        "IntParameter": Parameter,
        "RealParameter": Parameter,
        "BooleanParameter": Parameter,
        "CategoricalParameter": Parameter,
        "DecimalParameter": DecimalParameter,
    }
    for name in (
        "informative",
        "merge_informative_pair",
        "stoploss_from_absolute",
        "stoploss_from_open",
        "timeframe_to_minutes",
        "timeframe_to_next_date",
        "timeframe_to_prev_date",
    ):
        strategy[name] = _absent(name)
    indicators = {name: getattr(crossings, name) for name in crossings.__all__}
    vendor = _module("freqtrade.vendor.qtpylib.indicators", **indicators)
    return {
        "freqtrade": _module("freqtrade"),
        "freqtrade.strategy": _module("freqtrade.strategy", **strategy),
        "freqtrade.strategy.interface": _module(
            "freqtrade.strategy.interface", IStrategy=IStrategy
        ),
        "freqtrade.persistence": _module("freqtrade.persistence", Trade=Trade),
        "freqtrade.vendor": _module("freqtrade.vendor"),
        "freqtrade.vendor.qtpylib": _module("freqtrade.vendor.qtpylib", indicators=vendor),
        "freqtrade.vendor.qtpylib.indicators": vendor,
    }


@contextmanager
def freqtrade_names() -> Iterator[None]:
    """Make ``freqtrade.strategy`` and its like importable, and put back what was there."""
    with _LOCK:
        before = _taken_out()
        sys.modules.update(_MODULES)
        try:
            yield
        finally:
            _taken_out()
            sys.modules.update(before)


def _taken_out() -> dict[str, ModuleType]:
    """Take freqtrade's modules out of those that were imported, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "freqtrade"]
    return {name: sys.modules.pop(name) for name in names}


_MODULES = _modules()
