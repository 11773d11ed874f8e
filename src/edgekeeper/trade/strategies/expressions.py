"""Signals of two expressions in the language of features."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, GrowingMatrix
from edgekeeper.types import Float64Array, Int8Array

__all__ = ["Expression", "ExpressionSignals"]


class Expression:
    """One expression, read along a history that grows.

    Parameters
    ----------
    where : str
        Key of the configuration that holds it, for messages.
    text : str

    Raises
    ------
    UsageError
        It cannot be read.
    """

    def __init__(self, where: str, text: str) -> None:
        self._where = where
        try:
            self._values = GrowingMatrix(FeatureSet({"value": text}), np.float64, keep=0)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error

    def extend(self, part: Bars) -> Float64Array:
        """Return its value at each row of the next instants; NaN: not enough bars."""
        try:
            values: Float64Array = self._values.extend(part)[:, 0]
        except UsageError as error:
            raise UsageError(f"{self._where}: {error}") from error
        return values


class ExpressionSignals:
    """Long where one expression holds, short where the other does, nothing where both do.

    One holds where it is a number other than zero; an empty one never does.

    Parameters
    ----------
    where : str
        Section of the configuration, for messages.
    entry_long, entry_short : str
    """

    fault = ""

    def __init__(self, where: str, entry_long: str, entry_short: str) -> None:
        sides = {"entry_long": entry_long, "entry_short": entry_short}
        self._sides = [
            Expression(f"{where}.{side}", text) if text.strip() else None
            for side, text in sides.items()
        ]

    def extend(self, part: Bars) -> Int8Array:
        """Return +1, -1 or 0 for each row of the next instants."""
        long, short = (_holds(side, part) for side in self._sides)
        return long - short


def _holds(side: Expression | None, part: Bars) -> Int8Array:
    if side is None:
        return np.zeros(len(part), dtype=np.int8)
    value = side.extend(part)
    return (np.isfinite(value) & (value != 0.0)).astype(np.int8)
