"""Logistic regression: the plain model every other one has to beat."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.logistic_shared import SharedScale
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

__all__ = ["Logistic", "LogisticScore"]

_MOST_ITERATIONS = 1_000


@dataclass(frozen=True)
class Logistic:
    """Ridge logistic regression on robustly scaled features.

    Each feature is centred at its training median, divided by its quartile range (as that of a
    normal deviate) and held within ``limit``. NaN becomes the training median, which travels with
    the model. The fit is a convex problem: no seed matters, and validation rows are not needed.

    Parameters
    ----------
    ridge : float
        Penalty on squared coefficients, half as strong as ``4 * ridge`` observations of a useless
        feature: at the default, 4,000 rows keep half of what one feature shows.
    limit : float
        In scaled deviations.

    Notes
    -----
    Hastie, Tibshirani & Friedman (2009), *The Elements of Statistical Learning*, 4.4.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 2)).astype(np.float32)
    >>> target = (features[:, 0] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = Logistic().fit(rows, validation=None, seed=0)
    >>> (fitted.score(features[:3]) > 0).tolist() == (features[:3, 0] > 0).tolist()
    True
    """

    ridge: float = 1_000.0
    limit: float = 5.0

    name = "logistic"
    missing_values = "replaced by the training median, stored in the model"
    stops_early = False

    def __post_init__(self) -> None:
        if not (self.ridge > 0.0 and self.limit > 0.0):
            raise UsageError("logistic: expected a positive ridge and limit")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {"ridge": Span(1.0, 100_000.0, log=True), "limit": Span(2.0, 10.0)}

    @staticmethod
    def share(rows: TrainingRows, validation: TrainingRows) -> SharedScale:
        """Scale rows once for many penalties."""
        return SharedScale(rows, validation)

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit all rows given; ``validation`` and ``seed`` change nothing.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        x, y, w = rows.features, rows.target, rows.weight
        if y.min() == y.max():
            return ConstantScore(smoothed_log_odds(y, w))
        from sklearn.linear_model import LogisticRegression

        scaling = RobustScaling.fit(x, self.limit)
        regression = LogisticRegression(
            C=1.0 / self.ridge, solver="newton-cholesky", max_iter=_MOST_ITERATIONS, tol=1e-6
        )
        regression.fit(scaling.apply(x), y, sample_weight=w)
        return LogisticScore(scaling, regression.coef_[0].copy(), float(regression.intercept_[0]))


@dataclass(frozen=True, slots=True)
class LogisticScore:
    """Fitted coefficients over scaled features.

    Attributes
    ----------
    scaling : RobustScaling
    coefficient : float64 [F]
    intercept : float
    """

    scaling: RobustScaling
    coefficient: Float64Array
    intercept: float

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        scaled = self.scaling.apply(features)
        return np.asarray(scaled @ self.coefficient + self.intercept, dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        scaled = self.scaling.draw(draft, x)
        return draft.linear(scaled, self.coefficient[:, None], np.array([self.intercept]))
