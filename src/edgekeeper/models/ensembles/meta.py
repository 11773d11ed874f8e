"""A learner over scores, in trained model and package to the same bit.

Trees branch where a score crosses a threshold. The two sides calculate scores alike to a last bit
or so, which a branch could blow up; so scores are first rounded to a grid that single precision
holds exactly.
"""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.draft import Draft, Drawn
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["Meta", "draw_gridded", "gridded"]

_STEPS = 4_096.0
_MOST = 1_000.0


def gridded(scores: Float64Array) -> Float32Array:
    """Round log-odds to the next 4096th, within ±1000.

    Examples
    --------
    >>> gridded(np.array([0.1, 1e9])).tolist()
    [0.10009765625, 1000.0]
    """
    held = np.clip(scores, -_MOST, _MOST)
    return np.asarray(np.rint(held * _STEPS) / _STEPS, dtype=np.float32)


def draw_gridded(draft: Draft, scores: str) -> str:
    """Add the same to a graph."""
    held = draft.add("Clip", scores, -_MOST, _MOST)
    return draft.add("Div", draft.add("Round", draft.add("Mul", held, _STEPS)), _STEPS)


@dataclass(frozen=True, slots=True)
class Meta:
    """A fitted learner over the members' scores, and over some of the features where asked.

    Attributes
    ----------
    fitted : Drawn
    columns : int64 [k]
        Features it sees beside the scores, after them.
    """

    fitted: Drawn
    columns: Int64Array | None = None

    def combine(self, scores: Float64Array, features: Float32Array) -> Float64Array:
        """Return its log-odds, ``[n]``."""
        return self.fitted.score(meta_features(scores, features, self.columns))

    def draw(self, draft: Draft, scores: str, x: str) -> str:
        """Add the same to a graph."""
        seen = draw_gridded(draft, scores)
        if self.columns is not None and len(self.columns):
            seen = draft.add("Concat", seen, draft.add("Gather", x, self.columns, axis=1), axis=1)
        return self.fitted.draw(draft, seen)


def meta_features(
    scores: Float64Array, features: Float32Array, columns: Int64Array | None
) -> Float32Array:
    """Return what a meta-learner sees: float32 ``[n, M + k]``."""
    seen = gridded(scores)
    if columns is None or len(columns) == 0:
        return seen
    return np.concatenate((seen, features[:, columns]), axis=1)
