"""Edgekeeper: learns from every signal, and trades a better model only when the evidence is in.

Names are loaded when they are first used, so importing the package costs next to nothing.

Examples
--------
>>> from edgekeeper import FeatureSet, parse_config
>>> parse_config('fallback = "cash"').fallback
'cash'
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgekeeper.bars import Bars
    from edgekeeper.build import backtest, compare, explain, replay, train, tune, validate
    from edgekeeper.config import Config, parse_config
    from edgekeeper.features import FeatureSet
    from edgekeeper.labels import TripleBarrier
    from edgekeeper.models.estimators import wrap
    from edgekeeper.registry import Package
    from edgekeeper.stats.drift_monitor import DriftMonitor
    from edgekeeper.workbench import prequential

    __version__: str

__all__ = [
    "Bars",
    "Config",
    "DriftMonitor",
    "FeatureSet",
    "Package",
    "TripleBarrier",
    "__version__",
    "backtest",
    "compare",
    "explain",
    "parse_config",
    "prequential",
    "replay",
    "train",
    "tune",
    "validate",
    "wrap",
]

_HOMES = {
    "Bars": "edgekeeper.bars",
    "Config": "edgekeeper.config",
    "DriftMonitor": "edgekeeper.stats.drift_monitor",
    "FeatureSet": "edgekeeper.features",
    "Package": "edgekeeper.registry",
    "TripleBarrier": "edgekeeper.labels",
    "backtest": "edgekeeper.build",
    "compare": "edgekeeper.build",
    "parse_config": "edgekeeper.config",
    "prequential": "edgekeeper.workbench",
    "replay": "edgekeeper.build",
    "tune": "edgekeeper.build",
    "wrap": "edgekeeper.models.estimators",
}
_ROOMS_THAT_ACT = ("explain", "train", "validate")


class _Act(ModuleType):
    """A room that can also be called: ``train(bars)`` beside ``edgekeeper.train.fit_model``."""

    @property
    def __wrapped__(self) -> Any:
        return getattr(import_module("edgekeeper.build"), self.__name__.rpartition(".")[2])

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.__wrapped__(*args, **options)


class _Edgekeeper(ModuleType):
    """This package. Python binds each room here once imported; three share an act's name."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _ROOMS_THAT_ACT and isinstance(value, ModuleType):
            value.__class__ = _Act
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Edgekeeper


def __getattr__(name: str) -> Any:
    if name in _ROOMS_THAT_ACT:
        return import_module(f"edgekeeper.{name}")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name == "__version__":
        value = import_module("importlib.metadata").version("edgekeeper")
    else:
        raise AttributeError(f"module 'edgekeeper' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
