"""Features that say nothing, or what another one says already."""

import numpy as np

from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import Float32Array, Int64Array

__all__ = ["uncorrelated", "varying"]

_LIMIT = 4.0


def varying(features: Float32Array, least: float) -> Int64Array:
    """Columns whose variance, gaps left out, is above ``least``; 0 drops constants alone.

    Examples
    --------
    >>> varying(np.array([[1, 5], [2, 5], [np.nan, 5]], np.float32), 0.0).tolist()
    [0]
    """
    known = np.isfinite(features)
    values = np.where(known, features, 0.0).astype(np.float64)
    count = np.maximum(known.sum(axis=0), 1)
    mean = values.sum(axis=0) / count
    variance = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count
    return np.flatnonzero(variance > least)


def uncorrelated(features: Float32Array, columns: Int64Array, most: float) -> Int64Array:
    """Drop each column that is correlated above ``most`` with a kept one before it.

    Correlations are of values in scaled deviations held within four, so that a few wild ones do
    not decide; gaps count as the median.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((200, 2)).astype(np.float32)
    >>> uncorrelated(np.column_stack((x, -2 * x[:, :1])), np.arange(3), 0.9).tolist()
    [0, 1]
    """
    if len(columns) < 2:
        return columns
    part = features[:, columns]
    x = RobustScaling.fit(part, _LIMIT).apply(part)
    x -= x.mean(axis=0)
    size = np.sqrt((x**2).sum(axis=0))
    x /= np.where(size > 0.0, size, 1.0)
    correlation = np.abs(x.T @ x)
    kept: list[int] = []
    for column in range(len(columns)):
        if not kept or correlation[column, kept].max() <= most:
            kept.append(column)
    return columns[np.array(kept)]
