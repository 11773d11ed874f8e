"""A reference as a drift monitor reads it: checked, ordered, its pairs chosen."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.drift_scores import order_columns, scores_within
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["LEAST_ROWS", "MOST_FEATURES", "MOST_PAIRS", "DriftReference", "as_rows"]

LEAST_ROWS = 100
MOST_FEATURES = 4_096
_MOST_ROWS = 100_000
MOST_PAIRS = 2_016
_LEAST_SPREAD = 0.5


def as_rows(values: ArrayLike) -> Float64Array:
    """Return values as float64 ``[n, d]``; one column where they are a plain list.

    Raises
    ------
    BadData
        Not numbers, or of another shape.
    """
    try:
        raw = np.asarray(values)
        rows = np.array(raw, dtype=np.float64) if raw.dtype.kind in "fiub" else None
    except (TypeError, ValueError):
        rows = None
    if rows is None:
        raise BadData("expected numbers, rows by features, got something else: NaN is missing")
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise BadData(f"expected observations [n] or [n, features], got shape {rows.shape}")
    return rows


@dataclass(frozen=True, slots=True)
class DriftReference:
    """How things were, in the orders that ranks are read from.

    Attributes
    ----------
    rows : float64 [n, d]
    scores : float64 [n, d]
        Normal scores of the rows among themselves.
    pairs : int64 [p, 2]
        Columns whose products are watched: all pairs, or those most correlated if they are many.
    watched : bool [channels]
        Off for level, spread and pairs of columns with too few values to rank, and for spread and
        pairs of columns that are nearly constant.
    """

    rows: Float64Array
    scores: Float64Array
    pairs: Int64Array
    watched: BoolArray

    @classmethod
    def read(cls, values: ArrayLike, most_pairs: int = MOST_PAIRS) -> Self:
        """Check and order a reference.

        Parameters
        ----------
        values : float [n] or [n, features]
        most_pairs : int
            Pairs to keep.

        Raises
        ------
        BadData
            Fewer than 100 rows, infinite values, not numbers.
        UsageError
            More rows or columns than can be handled.
        """
        rows = as_rows(values)
        n, d = rows.shape
        if n < LEAST_ROWS:
            raise BadData(f"reference: expected at least {LEAST_ROWS} rows in time order, got {n}")
        if n > _MOST_ROWS or d > MOST_FEATURES:
            raise UsageError(
                f"reference: expected at most {_MOST_ROWS} rows of {MOST_FEATURES} features, got "
                f"{n} of {d}: give the newest rows, and fewer features"
            )
        if np.isinf(rows).any():
            column = int(np.flatnonzero(np.isinf(rows).any(axis=0))[0])
            raise BadData(
                f"reference: expected finite numbers or NaN, got infinity in column {column}"
            )
        scores = np.empty((n, d))
        order, group = order_columns(rows)
        scores_within(order, group, np.ones(n, dtype=np.int64), scores)
        known = np.isfinite(scores).sum(axis=0) >= LEAST_ROWS
        filled = np.where(np.isfinite(scores), scores, 0.0)
        varied = known & (filled.std(axis=0) >= _LEAST_SPREAD)
        pairs = _pairs(filled, varied, most_pairs)
        on = np.concatenate([known, varied, np.ones(d, dtype=np.bool_), np.ones(len(pairs), bool)])
        return cls(rows, scores, pairs, on)


def _pairs(filled: Float64Array, varied: BoolArray, most: int) -> Int64Array:
    """Pairs of columns that vary; the most correlated ones where there are too many."""
    columns = np.flatnonzero(varied)
    if len(columns) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    first, second = np.triu_indices(len(columns), 1)
    pairs = np.stack([columns[first], columns[second]], axis=1).astype(np.int64)
    if len(pairs) > most:
        size = np.abs(np.corrcoef(filled[:, columns], rowvar=False))[first, second]
        pairs = pairs[np.sort(np.argsort(-size, kind="stable")[:most])]
    return pairs
