"""The base rate as a model: what is left where the data teach nothing."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["ConstantScore"]


@dataclass(frozen=True, slots=True)
class ConstantScore:
    """The same log-odds for every row."""

    log_odds: float

    def score(self, features: Float32Array) -> Float64Array:
        """Return the constant, ``[n]``."""
        return np.full(len(features), self.log_odds)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the constant to a graph."""
        return draft.constant(self.log_odds, x)
