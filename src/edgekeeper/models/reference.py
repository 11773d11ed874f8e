"""What the features looked like in training: the measure of novelty, and of drift later."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.fields import Fields
from edgekeeper.types import BoolArray, Float32Array, Float64Array

__all__ = ["PROBABILITIES", "Reference", "column_quantiles"]

PROBABILITIES = (0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999)


def column_quantiles(
    features: Float32Array, probabilities: tuple[float, ...]
) -> tuple[Float32Array, Float64Array]:
    """Return (quantiles [P, F], share missing [F]), NaN left out column by column.

    A quantile is an order statistic that occurred, the one further from the middle, so float32
    stays exact. A column without a value has NaN quantiles.
    """
    rows, columns = features.shape
    ordered = np.sort(features, axis=0)  # NaN sorts last
    known = rows - np.isnan(features).sum(axis=0)
    place = np.outer(probabilities, np.maximum(known - 1, 0))
    outward = np.where(np.array(probabilities)[:, None] < 0.5, np.floor(place), np.ceil(place))
    quantiles = ordered[outward.astype(np.int64), np.arange(columns)]
    return quantiles, 1.0 - known / rows


@dataclass(frozen=True)
class Reference:
    """Quantiles and missing share of each feature over the training rows.

    Attributes
    ----------
    quantiles : float32 [P, F]
        At ``PROBABILITIES``; NaN for a column that never had a value.
    missing : float64 [F]
        Share of NaN.
    """

    quantiles: Float32Array
    missing: Float64Array
    _low: Float32Array = field(init=False, repr=False, compare=False)
    _high: Float32Array = field(init=False, repr=False, compare=False)
    _had_gaps: BoolArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_low", np.ascontiguousarray(self.quantiles[0]))
        object.__setattr__(self, "_high", np.ascontiguousarray(self.quantiles[-1]))
        object.__setattr__(self, "_had_gaps", self.missing > 0.0)

    @classmethod
    def fit(cls, features: Float32Array) -> Self:
        """Describe the training rows, float32 ``[n, F]``.

        Raises
        ------
        BadData
            No rows or no columns.
        """
        if features.ndim != 2 or 0 in features.shape:
            raise BadData(f"expected features [rows, columns], got shape {features.shape}")
        return cls(*column_quantiles(features, PROBABILITIES))

    def __len__(self) -> int:
        return len(self.missing)

    def novelty(self, features: Float32Array, missing: BoolArray) -> Float64Array:
        """Share of each row's features outside the middle 99.8 % seen in training, ``[n]``.

        NaN is familiar only in a column that had NaN in training; ``missing`` is
        ``isnan(features)``.
        """
        familiar = (features >= self._low) & (features <= self._high)
        familiar |= missing & self._had_gaps
        count = np.add.reduce(familiar, axis=1, dtype=np.int64)
        return np.asarray(1.0 - count / features.shape[1], dtype=np.float64)

    def to_json(self, names: tuple[str, ...]) -> Json:
        """Return one record per feature, keyed by name."""
        return {
            name: {
                "missing": plain(self.missing[i]),
                "quantiles": plain(self.quantiles[:, i].astype(np.float64)),
            }
            for i, name in enumerate(names)
        }

    @classmethod
    def from_json(cls, value: Json, names: tuple[str, ...], where: str) -> Self:
        """Read what :meth:`to_json` wrote, for the same features.

        Raises
        ------
        BadData
            Names that differ, wrong lengths, quantiles that fall, a share outside [0, 1].
        """
        quantiles = np.empty((len(PROBABILITIES), len(names)), dtype=np.float32)
        missing = np.empty(len(names))
        with Fields(value, where) as record:
            for i, name in enumerate(names):
                with record.record(name) as entry:
                    column = entry.numbers("quantiles", len(PROBABILITIES))
                    missing[i] = entry.number("missing")
                gaps = np.isnan(column)
                if (gaps.any() and not gaps.all()) or (np.diff(column) < 0.0).any():
                    raise BadData(f"{where}.{name}: expected rising quantiles, got {column}")
                quantiles[:, i] = column
        if not ((missing >= 0.0) & (missing <= 1.0)).all():
            raise BadData(f"{where}: expected missing shares from 0 to 1")
        return cls(quantiles, missing)
