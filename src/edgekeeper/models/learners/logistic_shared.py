"""Ridge logistic regression with many penalties on the same rows, scaled once."""

import math
from typing import Protocol

import numpy as np

from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import Float64Array, Learner, TrainingRows

__all__ = ["SharedScale"]

_MOST_STEPS = 25
_STEP_ENOUGH = 1e-6


class _Penalised(Learner, Protocol):
    ridge: float
    limit: float


class SharedScale:
    """Rows scaled once; each configuration holds them within its own limit."""

    def __init__(self, rows: TrainingRows, validation: TrainingRows) -> None:
        known = training_rows(rows)
        self._target, self._weight = known.target, known.weight
        scaling = RobustScaling.fit(known.features, math.inf)
        self._ratio = scaling.ratio(known.features)
        self._later = scaling.ratio(validation.features.astype(np.float32))

    def score(self, learner: _Penalised, seed: int) -> Float64Array:
        """Fit by steps that never overshoot; return the log-odds of the validation rows.

        The second derivative of the loss is at most a quarter of the rows' weighted squares, so
        one factor serves every step (Böhning and Lindsay 1988).
        """
        y, w, limit = self._target, self._weight, learner.limit
        if y.min() == y.max():
            return np.full(len(self._later), smoothed_log_odds(y, w))
        from scipy.linalg import cho_factor, cho_solve

        x = _with_constant(np.clip(self._ratio, -limit, limit))
        penalty = np.append(np.full(x.shape[1] - 1, learner.ridge), 1e-9)
        factor = cho_factor(0.25 * (x.T * w) @ x + np.diag(penalty), check_finite=False)
        coefficient = np.zeros(x.shape[1])
        for _ in range(_MOST_STEPS):
            probability = 1.0 / (1.0 + np.exp(-(x @ coefficient)))
            slope = x.T @ (w * (y - probability)) - penalty * coefficient
            step = cho_solve(factor, slope, check_finite=False)
            coefficient += step
            if np.abs(step).max() < _STEP_ENOUGH:
                break
        return np.asarray(_with_constant(np.clip(self._later, -limit, limit)) @ coefficient)


def _with_constant(x: Float64Array) -> Float64Array:
    return np.hstack([x, np.ones((len(x), 1))])
