"""The rules' signals: line 0, the baseline, and what trades until a model has earned its place."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import RulesConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import evaluate
from edgekeeper.types import Int8Array

__all__ = ["rule_signals"]


def rule_signals(rules: RulesConfig, bars: Bars) -> Int8Array:
    """Return +1, -1 or 0 for each row: long, short, none.

    A rule holds where its expression is a number other than zero; not enough bars is not a signal,
    and an empty rule never holds. Where both sides hold, they cancel.

    Raises
    ------
    UsageError
        An expression that cannot be read, naming which.
    """
    fired = {}
    for side in ("entry_long", "entry_short"):
        text = getattr(rules, side)
        if not text.strip():
            fired[side] = np.zeros(len(bars), dtype=np.bool_)
            continue
        try:
            value = evaluate(text, bars)
        except UsageError as error:
            raise UsageError(f"rules.{side}: {error}") from error
        fired[side] = np.isfinite(value) & (value != 0.0)
    long, short = fired["entry_long"], fired["entry_short"]
    return long.astype(np.int8) - short.astype(np.int8)
