"""Robust scaling of features for learners that add them up."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.draft import Draft
from edgekeeper.models.reference import column_quantiles
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["RobustScaling"]

_QUARTILES = (0.25, 0.5, 0.75)
_NORMAL_QUARTILE_RANGE = 1.3489795003921634


@dataclass(frozen=True, slots=True)
class RobustScaling:
    """Centre at the median, in units of the quartile range, held within a limit.

    NaN becomes the training median, that is zero.

    Attributes
    ----------
    centre, scale : float64 [F]
        Median, and quartile range as that of a normal deviate; 0 and 1 where there is none.
    limit : float
        In scaled deviations.
    """

    centre: Float64Array
    scale: Float64Array
    limit: float

    @classmethod
    def fit(cls, features: Float32Array, limit: float) -> "RobustScaling":
        """Measure the training rows, float32 ``[n, F]``."""
        quartiles = column_quantiles(features, _QUARTILES)[0].astype(np.float64)
        with np.errstate(invalid="ignore"):
            scale = (quartiles[2] - quartiles[0]) / _NORMAL_QUARTILE_RANGE
        centre = np.where(np.isfinite(quartiles[1]), quartiles[1], 0.0)
        return cls(centre, np.where(np.isfinite(scale) & (scale > 0.0), scale, 1.0), limit)

    def ratio(self, features: Float32Array) -> Float64Array:
        """Return the features in scaled deviations, without the limit, ``[n, F]``."""
        filled = np.where(np.isnan(features), self.centre, features)
        return np.asarray((filled - self.centre) / self.scale, dtype=np.float64)

    def apply(self, features: Float32Array) -> Float64Array:
        """Return the scaled features, ``[n, F]``."""
        return np.clip(self.ratio(features), -self.limit, self.limit)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        filled = draft.add("Where", draft.add("IsNaN", x), self.centre, x)
        ratio = draft.add("Div", draft.add("Sub", filled, self.centre), self.scale)
        return draft.add("Clip", ratio, -self.limit, self.limit)
