"""A learner on scaled features; the scale is fitted with it and travels in its graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError, nearest
from edgekeeper.models.canonical import Json
from edgekeeper.models.learners.draft import Draft, Drawn, fit_drawn, graph_of
from edgekeeper.models.learners.rows import LARGEST, held_finite, training_rows
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import Fitted, Float32Array, Float64Array, Learner, TrainingRows

__all__ = ["SCALINGS", "Scaled", "ScaledScore"]

_FLOAT, _DOUBLE = 1, 11
CentreAndScale = tuple[Float64Array, Float64Array]


def standard(features: Float32Array) -> CentreAndScale:
    """Mean and standard deviation of each column, gaps left out."""
    known = np.isfinite(features)
    values = np.where(known, features, 0.0).astype(np.float64)
    count = np.maximum(known.sum(axis=0), 1)
    mean = values.sum(axis=0) / count
    deviation = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, np.where(deviation > 0.0, deviation, 1.0)


def robust(features: Float32Array) -> CentreAndScale:
    """Median and quartile range of each column, the latter as that of a normal deviate."""
    fitted = RobustScaling.fit(features, 1.0)
    return fitted.centre, fitted.scale


SCALINGS: Mapping[str, Callable[[Float32Array], CentreAndScale]] = MappingProxyType(
    {"robust": robust, "standard": standard}
)
"""By name, as ``lines.selection.scaling`` has it; one line each."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A learner that sees every feature centred and in units of its spread; NaN stays NaN."""

    learner: Learner
    scaling: str

    def __post_init__(self) -> None:
        if self.scaling not in SCALINGS:
            raise UsageError(
                f"scaling: expected one of {', '.join(SCALINGS)}, got {self.scaling!r}"
                f"{nearest(self.scaling, SCALINGS)}"
            )

    @property
    def name(self) -> str:
        """That of the learner."""
        return self.learner.name

    def parameters(self) -> dict[str, Any]:
        """The learner's, and the scaling."""
        return {**self.learner.parameters(), "scaling": self.scaling}

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit scale and learner on the rows; ``validation`` is scaled alike."""
        rows = training_rows(rows)
        centre, scale = SCALINGS[self.scaling](held_finite(rows.features))
        inner = replace(rows, features=scaled(rows.features, centre, scale))
        later = validation
        if validation is not None:
            later = replace(validation, features=scaled(validation.features, centre, scale))
        return ScaledScore(fit_drawn(self.learner, inner, later, seed), centre, scale)


@dataclass(frozen=True, slots=True)
class ScaledScore:
    """A fitted learner and the scale before it."""

    fitted: Drawn
    centre: Float64Array
    scale: Float64Array

    @property
    def found(self) -> Mapping[str, Json]:
        """What the learner's own fit has found."""
        return getattr(self.fitted, "found", {})

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        return self.fitted.score(scaled(features, self.centre, self.scale))

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add scale and learner to a graph."""
        most = float(LARGEST)
        held = _held(draft, x, most)
        ratio = draft.add("Div", draft.add("Sub", held, self.centre), self.scale)
        single = draft.add("Cast", _held(draft, ratio, most), to=_FLOAT)
        return self.fitted.draw(draft, draft.add("Cast", single, to=_DOUBLE))


def _held(draft: Draft, x: str, most: float) -> str:
    return draft.add("Where", draft.add("IsNaN", x), x, draft.add("Clip", x, -most, most))


def scaled(features: Float32Array, centre: Float64Array, scale: Float64Array) -> Float32Array:
    """Return the features in scaled deviations, float32 as learners want them."""
    ratio = (held_finite(features) - centre) / scale
    return np.asarray(np.clip(ratio, -float(LARGEST), float(LARGEST)), dtype=np.float32)
