"""The rows a learner may fit on: checked once, the same way for all learners."""

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["TrainingRows", "smoothed_log_odds", "training_rows"]

TrainingRows = tuple[Float32Array, Float64Array, Float64Array]


def training_rows(
    features: Float32Array, target: Float64Array, weight: Float64Array, where: str = "training"
) -> TrainingRows:
    """Return features, target and weight without ties and weightless rows; weights of mean 1.

    Parameters
    ----------
    features : float32 [n, F]
    target : float64 [n]
        1 where the long side did better, 0 where the short side did, .5 for a tie.
    weight : float64 [n]

    Raises
    ------
    BadData
        Shapes that do not fit, another target, weights that are not finite or negative, no row
        left.
    """
    x = np.ascontiguousarray(features, dtype=np.float32)
    y = np.asarray(target, dtype=np.float64)
    w = np.asarray(weight, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] == 0 or y.shape != x.shape[:1] or w.shape != y.shape:
        raise BadData(
            f"{where}: expected features [n, F], target [n] and weight [n], got {x.shape}, "
            f"{y.shape} and {w.shape}"
        )
    if not np.isin(y, (0.0, 0.5, 1.0)).all():
        raise BadData(f"{where}: expected targets 0, 1 or .5: leave out rows with unknown outcome")
    if not np.isfinite(w).all() or (w < 0.0).any():
        raise BadData(f"{where}: expected finite weights of zero or more")
    keep = (y != 0.5) & (w > 0.0)
    if not keep.any():
        raise BadData(f"{where}: expected at least one row with a winner, got none")
    if not keep.all():
        x, y, w = x[keep], y[keep], w[keep]
    return x, y, w / w.mean()


def smoothed_log_odds(target: Float64Array, weight: Float64Array) -> float:
    """Log-odds of the base rate, half an observation added to each class: always finite."""
    positives = float(weight @ target)
    return float(np.log((positives + 0.5) / (weight.sum() - positives + 0.5)))
