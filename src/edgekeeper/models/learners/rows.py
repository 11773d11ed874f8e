"""The rows a learner may fit on: checked once, the same way for all learners."""

from dataclasses import replace

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float32Array, Float64Array, Int64Array, TrainingRows

__all__ = ["LARGEST", "cut_by_time", "held_finite", "smoothed_log_odds", "training_rows"]

LARGEST = np.float32(1e37)
"""Features beyond it, infinite ones too, are taken for it where a library wants finite ones."""


def training_rows(rows: TrainingRows, where: str = "training") -> TrainingRows:
    """Return the rows without ties and weightless ones; weights of mean 1.

    Raises
    ------
    BadData
        Shapes that do not fit, another target, weights that are not finite or negative, no row
        left.

    Examples
    --------
    >>> rows = TrainingRows.of(np.zeros((3, 1), np.float32), np.array([1, 0.5, 0]), np.ones(3))
    >>> training_rows(rows).target.tolist()
    [1.0, 0.0]
    """
    x = np.ascontiguousarray(rows.features, dtype=np.float32)
    y = np.asarray(rows.target, dtype=np.float64)
    w = np.asarray(rows.weight, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0 or y.shape != x.shape[:1] or w.shape != y.shape:
        raise BadData(
            f"{where}: expected features [n, F], target [n] and weight [n], got {x.shape}, "
            f"{y.shape} and {w.shape}"
        )
    others = (rows.start_time, rows.end_time, rows.magnitude, rows.timing)
    if any(np.shape(column) != y.shape for column in others):
        raise BadData(f"{where}: expected times, magnitude and timing of all {len(y)} rows")
    if rows.names and len(rows.names) != x.shape[1]:
        raise BadData(
            f"{where}: expected a name for each of {x.shape[1]} features, got {len(rows.names)}"
        )
    if not np.isin(y, (0.0, 0.5, 1.0)).all():
        raise BadData(f"{where}: expected targets 0, 1 or .5: leave out rows with unknown outcome")
    if not np.isfinite(w).all() or (w < 0.0).any():
        raise BadData(f"{where}: expected finite weights of zero or more")
    keep = (y != 0.5) & (w > 0.0)
    if not keep.any():
        raise BadData(f"{where}: expected at least one row with a winner, got none")
    rows = replace(rows, features=x, target=y, weight=w)
    kept = rows if keep.all() else rows.take(keep)
    return replace(kept, weight=kept.weight / kept.weight.mean())


def held_finite(features: Float32Array) -> Float32Array:
    """Return the features within ``LARGEST``, NaN left as it is.

    Examples
    --------
    >>> held_finite(np.array([[1.0, np.inf]], np.float32)).tolist() == [[1.0, float(LARGEST)]]
    True
    """
    return np.clip(features, -LARGEST, LARGEST)


def smoothed_log_odds(target: Float64Array, weight: Float64Array) -> float:
    """Log-odds of the base rate, half an observation added to each class: always finite."""
    positives = float(weight @ target)
    return float(np.log((positives + 0.5) / (weight.sum() - positives + 0.5)))


def cut_by_time(rows: TrainingRows, share: float) -> tuple[Int64Array, Int64Array]:
    """Return the newest ``share`` of the rows, after those whose outcome was known before.

    Examples
    --------
    >>> rows = TrainingRows.of(np.zeros((5, 1), np.float32), np.ones(5), np.ones(5))
    >>> [part.tolist() for part in cut_by_time(rows, 0.4)]
    [[0, 1, 2], [3, 4]]
    """
    ordered = np.sort(rows.start_time, kind="stable")
    begins = ordered[min(int((1.0 - share) * len(rows)), len(rows) - 1)]
    older = (rows.start_time < begins) & (rows.end_time < begins)
    return np.flatnonzero(older), np.flatnonzero(rows.start_time >= begins)
