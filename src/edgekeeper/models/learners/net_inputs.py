"""What a net reads of the features: scaled, and on request whether each was missing."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.draft import Draft
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["NetInputs"]

_DOUBLE = 11  # ONNX's code of the type


@dataclass(frozen=True, slots=True)
class NetInputs:
    """Scaled features; behind them, with ``flags``, a 1 for each that was NaN.

    Attributes
    ----------
    scaling : RobustScaling
        Puts the training median in place of NaN.
    flags : bool
    """

    scaling: RobustScaling
    flags: bool

    @classmethod
    def fit(cls, features: Float32Array, limit: float, *, flags: bool) -> "NetInputs":
        """Measure the training rows, float32 ``[n, F]``."""
        return cls(RobustScaling.fit(features, limit), flags)

    @property
    def width(self) -> int:
        """How many numbers there are for one bar."""
        return len(self.scaling.centre) * (2 if self.flags else 1)

    def apply(self, features: Float32Array) -> Float64Array:
        """Return the inputs for ``[..., F]``: ``[..., width]``."""
        scaled = self.scaling.apply(features)
        if not self.flags:
            return scaled
        return np.concatenate([scaled, np.isnan(features).astype(np.float64)], axis=-1)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        scaled = self.scaling.draw(draft, x)
        if not self.flags:
            return scaled
        missing = draft.add("Cast", draft.add("IsNaN", x), to=_DOUBLE)
        return draft.add("Concat", scaled, missing, axis=-1)
