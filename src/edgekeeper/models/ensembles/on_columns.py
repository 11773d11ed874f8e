"""A learner that sees some of the features."""

from dataclasses import dataclass, replace

import numpy as np

from edgekeeper.models.learners.draft import Draft, Drawn, fit_drawn, graph_of
from edgekeeper.types import Float32Array, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["OnColumns", "fit_on_columns"]


@dataclass(frozen=True, slots=True)
class OnColumns:
    """A fitted learner, and the columns it sees. ``columns`` is ``[k]``."""

    fitted: Drawn
    columns: Int64Array

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        return self.fitted.score(np.ascontiguousarray(features[:, self.columns]))

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        return self.fitted.draw(draft, draft.add("Gather", x, self.columns, axis=1))


def fit_on_columns(
    learner: Learner,
    columns: Int64Array,
    rows: TrainingRows,
    validation: TrainingRows | None,
    seed: int,
) -> OnColumns:
    """Fit a learner on some of the columns."""
    later = None if validation is None else _seen(validation, columns)
    return OnColumns(fit_drawn(learner, _seen(rows, columns), later, seed), columns)


def _seen(rows: TrainingRows, columns: Int64Array) -> TrainingRows:
    names = tuple(rows.names[i] for i in columns) if rows.names else ()
    return replace(rows, features=np.ascontiguousarray(rows.features[:, columns]), names=names)
