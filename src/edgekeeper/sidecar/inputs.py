"""``Inputs``: which numbers a model sees of a signal, decided by its training rows alone."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float32Array

__all__ = ["Inputs", "SignalRow"]

_LEAST = 10
_MOST_NAMES = 30
_HOUR_NS = 3_600 * 10**9
_MONDAY_NS = 4 * 24 * _HOUR_NS  # 1970-01-05 was one


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal as a model sees it; what is not known is NaN or missing, never zero."""

    event_time_ns: int
    symbol: str
    side: str
    source: str | None
    confidence: float | None
    features: Mapping[str, float | None]
    bar_features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Columns of a model, in this order: time, side, confidence, names, features, features by side.

    A feature may speak for one side and against the other (momentum): each is there as it is, and
    with its sign turned for shorts. Names that are rare in training, or new, are in no column.

    Examples
    --------
    >>> row = SignalRow(0, "A", "short", None, 0.5, {"x": 2.0}, {})
    >>> inputs = Inputs.of([row] * 20)
    >>> dict(zip(inputs.names, inputs.encode([row])[0].tolist()))["x by side"]
    -2.0
    """

    features: tuple[str, ...]
    bar_features: tuple[str, ...]
    symbols: tuple[str, ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[SignalRow]) -> Self:
        """Decide on the columns from training rows."""
        return cls(
            _often(name for row in rows for name, value in row.features.items()
                   if value is not None),
            _often(name for row in rows for name in row.bar_features),
            _often((row.symbol for row in rows), most=_MOST_NAMES),
            _often((row.source for row in rows if row.source), most=_MOST_NAMES),
        )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        numbers = (*self.features, *(f"bars: {name}" for name in self.bar_features))
        return (
            "hour",
            "weekday",
            "side",
            "confidence",
            *(f"symbol {name}" for name in self.symbols),
            *(f"source {name}" for name in self.sources),
            *numbers,
            *(f"{name} by side" for name in numbers),
        )

    def encode(self, rows: Sequence[SignalRow]) -> Float32Array:
        """Return float32 ``[n, F]``."""
        return np.array([self._row(row) for row in rows], dtype=np.float32).reshape(
            len(rows), len(self.names)
        )

    def _row(self, row: SignalRow) -> list[float]:
        hours = (row.event_time_ns - _MONDAY_NS) // _HOUR_NS
        direction = 1.0 if row.side == "long" else -1.0
        numbers = [_number(row.features.get(name)) for name in self.features]
        numbers += [_number(row.bar_features.get(name)) for name in self.bar_features]
        return [
            float(hours % 24),
            float(hours // 24 % 7),
            direction,
            _number(row.confidence),
            *(float(row.symbol == name) for name in self.symbols),
            *(float(row.source == name) for name in self.sources),
            *numbers,
            *(direction * value for value in numbers),
        ]

    def known(self, row: SignalRow) -> tuple[int, int]:
        """Return how many of the features a signal brings, and of how many."""
        there = [row.features.get(name) is not None for name in self.features]
        there += [not math.isnan(_number(row.bar_features.get(name))) for name in self.bar_features]
        return sum(there), len(there)

    def to_json(self) -> dict[str, Any]:
        """Return a plain record."""
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def from_json(cls, record: object) -> Self:
        """Read what :meth:`to_json` wrote; raise BadData at anything else."""
        names = ("features", "bar_features", "symbols", "sources")
        if not isinstance(record, dict) or set(record) != set(names):
            raise BadData(f"inputs: expected {', '.join(names)}, got another record")
        for values in record.values():
            if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
                raise BadData("inputs: expected lists of names")
        return cls(**{name: tuple(record[name]) for name in names})


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _often(names: Any, most: int = 500) -> tuple[str, ...]:
    """Names that occur often enough to learn something of, in alphabetical order."""
    counted = Counter(names).most_common(most)
    return tuple(sorted(name for name, count in counted if count >= _LEAST))
