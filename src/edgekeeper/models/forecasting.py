"""The last stretch a trained and a packaged model share: score and features in, forecasts out."""

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.heads import Heads
from edgekeeper.models.reference import Reference
from edgekeeper.types import Float32Array, Float64Array, Forecasts, Int64Array

__all__ = ["checked_inputs", "finish"]


def checked_inputs(
    features: Float32Array, volatility: Float64Array, n_features: int
) -> tuple[Float32Array, Float64Array]:
    """Return the inputs as contiguous float32 ``[n, F]`` and float64 ``[n]``.

    Raises
    ------
    BadData
        Another number of columns or rows than expected, or not numbers.
    """
    try:
        x = np.ascontiguousarray(features, dtype=np.float32)
        v = np.ascontiguousarray(volatility, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadData(f"expected numbers as features and volatility: {error}") from error
    if x.ndim != 2 or x.shape[1] != n_features:
        raise BadData(
            f"expected features of shape [n, {n_features}], got {x.shape}: compute them from the "
            "texts in the package's manifest"
        )
    if v.shape != x.shape[:1]:
        raise BadData(f"expected one volatility per row, {x.shape[0]}, got shape {v.shape}")
    return x, v


def finish(
    score: Float64Array,
    features: Float32Array,
    volatility: Float64Array,
    heads: Heads,
    reference: Reference,
    event_time: Int64Array | None = None,
) -> Forecasts:
    """Apply the heads; abstain on rows without a single known feature."""
    missing = np.isnan(features)
    blind = np.logical_and.reduce(missing, axis=1)
    novelty = reference.novelty(features, missing)
    return heads.forecast(score, volatility, novelty, blind, event_time)
