"""Which features a model listens to: how far its score moves when a feature is shuffled."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from edgekeeper.types import Float32Array, Float64Array

__all__ = ["Scoring", "score_sensitivity"]

_ROWS = 1_000


class Scoring(Protocol):
    """Whatever scores rows of named features, packaged or in memory."""

    @property
    def features(self) -> Iterable[str]:
        """Names, in the order of the columns."""
        ...

    def score(self, features: Float32Array) -> Float64Array:
        """Score rows, float64 ``[n]``."""
        ...


def score_sensitivity(
    package: Scoring, features: Float32Array, *, seed: int = 0
) -> dict[str, float]:
    """Share of the score's movement that each feature accounts for, largest first.

    Each column is shuffled over a sample of rows and the mean absolute change of the score taken.
    It says what the model listens to, not what is right.

    Parameters
    ----------
    package : Scoring
    features : float32 [n, F]
        Rows the model might see; at most 1,000 of them, evenly spaced, are used.

    Notes
    -----
    A permutation measure after Breiman (2001), Random Forests, section 10, on the score instead
    of the error, so that it needs no outcomes.
    """
    step = max(1, len(features) // _ROWS)
    sample = np.ascontiguousarray(features[::step][:_ROWS])
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sample))
    base = package.score(sample)
    moved = {}
    for column, name in enumerate(package.features):
        shuffled = sample.copy()
        shuffled[:, column] = sample[order, column]
        change = np.abs(package.score(shuffled) - base)
        moved[name] = float(np.nanmean(change)) if np.isfinite(change).any() else 0.0
    total = sum(moved.values())
    ranked = sorted(moved.items(), key=lambda item: -item[1])
    return {name: value / total if total > 0 else 0.0 for name, value in ranked}
