"""The base rate as a model: what is left where the data teach nothing."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.graphs import constant_graph
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
        """Serialise, see :mod:`models.learners.graphs`."""
        return constant_graph(self.log_odds, n_features)
