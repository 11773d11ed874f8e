"""How far a fit listens to other features than the fit before it."""

from dataclasses import dataclass

from edgekeeper.explain import score_sensitivity
from edgekeeper.models import Model
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["IMPORTANCE_ROWS", "importance_shift"]

IMPORTANCE_ROWS = 200
"""Newest rows on which two fits are compared."""


@dataclass(frozen=True, slots=True)
class _Scored:
    """A model in memory, as a measure of importance asks for it."""

    model: Model

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.model.features)

    def score(self, features: Float32Array) -> Float64Array:
        return self.model.fitted.score(features)


def importance_shift(before: Model | None, now: Model, features: Float32Array) -> float | None:
    """Return the share of importance that moved from some features to others, 0 to 1.

    Both score the same newest rows, so that it is the models that differ and not the market. Half
    the sum of absolute differences of the shares: the total variation distance.

    Parameters
    ----------
    before, now : Model
        Judged fits of a line, on the older part of what was known.
    features : float32 [n, F]
        Rows of the whole table.

    Returns
    -------
    float or None
        None for a first fit.
    """
    if before is None:
        return None
    then, since = (_shares(one, features) for one in (before, now))
    names = sorted({*then, *since})  # in one order, since sums depend on it
    return 0.5 * sum(abs(since.get(one, 0.0) - then.get(one, 0.0)) for one in names)


def _shares(model: Model, features: Float32Array) -> dict[str, float]:
    alone, rows = model.alone(features)
    return score_sensitivity(_Scored(alone), rows)
