"""What a package saw and said, as correctors want it."""

import numpy as np

from edgekeeper.models.online.contract import View
from edgekeeper.models.package import PackagedModel
from edgekeeper.models.peers import relative_scores
from edgekeeper.types import BoolArray, Float32Array, Float64Array, Forecasts, Int64Array

__all__ = ["agreement", "scores_read", "view_of"]

_FEWEST = 30


def view_of(
    package: PackagedModel,
    features: Float32Array,
    volatility: Float64Array,
    forecasts: Forecasts,
    event_time: Int64Array,
) -> View:
    """Return the view of ``n`` rows that a package has forecast.

    Parameters
    ----------
    features : float32 [n, F]
    volatility : float64 [n]
        Predicted deviation of one bar's return.
    forecasts : Forecasts [n]
    event_time : int64 [n]
        Of each row's bar.
    """
    heads = package.manifest.heads
    x = np.ascontiguousarray(features, dtype=np.float32)
    said = np.isfinite(forecasts.probability)
    spoke: BoolArray = said[:, 0] & said[:, 1]
    return View(
        forecasts=forecasts,
        score=heads.standard(package.score(x), event_time, spoke),
        unit=volatility * np.sqrt(heads.horizon),
        features=x,
    )


def scores_read(
    package: PackagedModel, features: Float32Array, event_time: Int64Array
) -> Float64Array:
    """Return the scores of rows as the package's heads read them, on no scale yet: float64 [n]."""
    score = package.score(np.ascontiguousarray(features, dtype=np.float32))
    if not package.manifest.heads.relative:
        return score
    return relative_scores(score, event_time, np.isfinite(score))


def agreement(scores: Float64Array, others: Float64Array) -> float:
    """Return the correlation of two packages' scores of the same rows; 0 where it is not known."""
    known = np.isfinite(scores) & np.isfinite(others)
    one, other = scores[known], others[known]
    if len(one) < _FEWEST or not (np.ptp(one) > 0.0 and np.ptp(other) > 0.0):
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    found = float(one @ other) / float(np.sqrt((one @ one) * (other @ other)))
    return min(max(found, -1.0), 1.0)
