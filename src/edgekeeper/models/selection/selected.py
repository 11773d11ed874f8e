"""What a selection found: the features kept, and how sure it was of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from edgekeeper.types import Float32Array, Int64Array, TrainingRows

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns of a wider table of features.

    Attributes
    ----------
    width : int
        Columns of the table.
    kept : int64 [k]
        Those that stay, rising.
    stability : mapping of name to share
        Share of the folds that would have kept a feature; only those above 0.

    Examples
    --------
    >>> Selection(3, np.array([0, 2])).columns(np.array([[1, 2, 3]], np.float32)).tolist()
    [[1.0, 3.0]]
    """

    width: int
    kept: Int64Array
    stability: Mapping[str, float] = field(default_factory=dict)

    def columns(self, features: Float32Array) -> Float32Array:
        """Return the kept columns of ``[n, width]``."""
        return np.ascontiguousarray(features[:, self.kept])

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the kept columns; none of none."""
        return tuple(names[i] for i in self.kept) if names else ()

    def rows(self, rows: TrainingRows) -> TrainingRows:
        """Return the rows with the kept columns alone."""
        return replace(rows, features=self.columns(rows.features), names=self.names(rows.names))
