"""What a package saw and said, as correctors want it."""

import numpy as np

from edgekeeper.models.heads import SCORE_LIMIT
from edgekeeper.models.online.contract import View
from edgekeeper.models.package import PackagedModel
from edgekeeper.types import Float32Array, Float64Array, Forecasts

__all__ = ["agreement", "view_of"]

_FEWEST = 30


def view_of(
    package: PackagedModel,
    features: Float32Array,
    volatility: Float64Array,
    forecasts: Forecasts,
) -> View:
    """Return the view of ``n`` rows that a package has forecast.

    Parameters
    ----------
    features : float32 [n, F]
    volatility : float64 [n]
        Predicted deviation of one bar's return.
    forecasts : Forecasts [n]
    """
    heads = package.manifest.heads
    x = np.ascontiguousarray(features, dtype=np.float32)
    z = (package.score(x) - heads.centre) / heads.scale
    abstained = np.isnan(forecasts.probability).any(axis=1)
    return View(
        forecasts=forecasts,
        score=np.where(abstained, np.nan, np.clip(z, -SCORE_LIMIT, SCORE_LIMIT)),
        unit=volatility * np.sqrt(heads.horizon),
        features=x,
    )


def agreement(scores: Float64Array, others: Float64Array) -> float:
    """Return the correlation of two packages' scores of the same rows; 0 where it is not known."""
    known = np.isfinite(scores) & np.isfinite(others)
    one, other = scores[known], others[known]
    if len(one) < _FEWEST or not (np.ptp(one) > 0.0 and np.ptp(other) > 0.0):
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    found = float(one @ other) / float(np.sqrt((one @ one) * (other @ other)))
    return min(max(found, -1.0), 1.0)
