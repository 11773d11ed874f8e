"""The rules' signals: line 0, the baseline, and what trades until a model has earned its place."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import RulesConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, GrowingMatrix
from edgekeeper.types import Int8Array

__all__ = ["RuleSignals", "rule_signals"]


class RuleSignals:
    """The rules, read along a history that grows.

    Parameters
    ----------
    rules : RulesConfig

    Raises
    ------
    UsageError
        An expression that cannot be read, naming which.
    """

    def __init__(self, rules: RulesConfig) -> None:
        self._long = _condition("entry_long", rules.entry_long)
        self._short = _condition("entry_short", rules.entry_short)

    def extend(self, part: Bars) -> Int8Array:
        """Return +1, -1 or 0 for each row of the next instants: long, short, none.

        A rule holds where its expression is a number other than zero; not enough bars is not a
        signal, and an empty rule never holds. Where both sides hold, they cancel.
        """
        return _holds("entry_long", self._long, part) - _holds("entry_short", self._short, part)


def rule_signals(rules: RulesConfig, bars: Bars) -> Int8Array:
    """Return the signals of a whole history; see :class:`RuleSignals`."""
    return RuleSignals(rules).extend(bars)


def _condition(side: str, text: str) -> GrowingMatrix | None:
    if not text.strip():
        return None
    try:
        return GrowingMatrix(FeatureSet({"value": text}), np.float64)
    except UsageError as error:
        raise UsageError(f"rules.{side}: {error}") from error


def _holds(side: str, condition: GrowingMatrix | None, part: Bars) -> Int8Array:
    if condition is None:
        return np.zeros(len(part), dtype=np.int8)
    try:
        value = condition.extend(part)[:, 0]
    except UsageError as error:
        raise UsageError(f"rules.{side}: {error}") from error
    return (np.isfinite(value) & (value != 0.0)).astype(np.int8)
