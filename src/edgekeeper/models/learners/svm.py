"""Support vector machine with a Gaussian kernel, on landmarks, calibrated on later rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.models.learners.space import Span
from edgekeeper.models.sums import summed_in_order
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

__all__ = ["SVM", "KernelScore"]

_LATER_SHARE = 0.2
_FEWEST_LATER = 30
_LEAST_EIGENVALUE = 1e-6
_MOST_ITERATIONS = 5_000


@dataclass(frozen=True)
class SVM:
    """Squared-hinge support vector machine in the span of a few hundred landmarks.

    An exact machine keeps thousands of support vectors and grows with the square of the rows; one
    in the span of landmarks (Nyström) serves in microseconds and survives a million rows. Margins
    are no log-odds: a logistic curve fitted to later rows (Platt) makes them such. Those are the
    validation rows, or without them the newest fifth of the training rows, purged.

    Parameters
    ----------
    ridge : float
        Penalty on the squared norm of the margin's function, relative to one row's loss.
    width : float
        Of the kernel: how many typical distances between rows away similarity falls to
        ``exp(-1/2)``.
    landmarks : int
        Training rows drawn as centres of the kernel.
    limit : float
        Of the scaled features, in deviations.
    most_rows : int
        The newest so many rows are fitted, older ones not.

    Notes
    -----
    Williams & Seeger (2001), "Using the Nyström method to speed up kernel machines"; Platt (1999),
    "Probabilistic outputs for support vector machines".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 2)).astype(np.float32)
    >>> target = (features[:, 0] * features[:, 1] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = SVM(ridge=1.0, width=0.3).fit(rows, validation=None, seed=0)
    >>> bool(((fitted.score(features) > 0) == (target == 1)).mean() > 0.9)
    True
    """

    ridge: float = 100.0
    width: float = 1.0
    landmarks: int = 200
    limit: float = 4.0
    most_rows: int = 20_000

    name = "svm"
    missing_values = "replaced by the training median, stored in the model"

    def __post_init__(self) -> None:
        if not (self.ridge > 0.0 and self.width > 0.0 and self.limit > 0.0):
            raise UsageError("svm: expected a positive ridge, width and limit")
        if self.landmarks < 1 or self.most_rows < 1:
            raise UsageError("svm: expected counts of 1 or more")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "ridge": Span(1.0, 10_000.0, log=True),
            "width": Span(0.3, 3.0, log=True),
            "landmarks": Span(50, 400, whole=True),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit the margin; ``validation`` gives its log-odds.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        base = smoothed_log_odds(rows.target, rows.weight)
        if validation is None:
            rows, later = _older_and_later(rows)
        else:
            later = training_rows(validation, where="validation")
        rows = rows.take(np.arange(max(0, len(rows) - self.most_rows), len(rows)))
        few = len(later) < _FEWEST_LATER or _one_class(later)
        if few or len(rows) == 0 or _one_class(rows) or not np.isfinite(rows.features).any():
            return ConstantScore(base)
        with summed_in_order():
            margin = self._margin(rows, seed)
            slope, intercept = _platt(margin.score(later.features), later)
        if slope <= 0.0:
            return ConstantScore(base)
        return KernelScore(
            margin.scaling, margin.centres, margin.gamma, slope * margin.coefficient, intercept
        )

    def _margin(self, rows: TrainingRows, seed: int) -> "KernelScore":
        from sklearn.svm import LinearSVC

        scaling = RobustScaling.fit(rows.features, self.limit)
        x = scaling.apply(rows.features)
        drawn = np.random.default_rng(seed).permutation(len(x))[: self.landmarks]
        centres = x[np.sort(drawn)]
        typical = 2.0 * float(x.var(axis=0).sum()) or 1.0
        gamma = 0.5 / (self.width**2 * typical)
        values, vectors = np.linalg.eigh(_kernel(centres, centres, gamma))
        root = vectors / np.sqrt(np.maximum(values, _LEAST_EIGENVALUE * values[-1]))
        machine = LinearSVC(C=1.0 / self.ridge, dual=False, tol=1e-5, max_iter=_MOST_ITERATIONS)
        machine.fit(_kernel(x, centres, gamma) @ root, rows.target, sample_weight=rows.weight)
        coefficient = np.asarray(root @ machine.coef_[0], dtype=np.float64)
        return KernelScore(scaling, centres, gamma, coefficient, 0.0)


@dataclass(frozen=True, slots=True)
class KernelScore:
    """A weighted sum of similarities to landmarks.

    Attributes
    ----------
    scaling : RobustScaling
    centres : float64 [L, F]
        Landmarks, scaled.
    gamma : float
        Similarity is ``exp(-gamma * squared distance)``.
    coefficient : float64 [L]
    intercept : float
    """

    scaling: RobustScaling
    centres: Float64Array
    gamma: float
    coefficient: Float64Array
    intercept: float

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        score = np.empty(len(features))
        for first in range(0, len(features), 8_192):
            part = slice(first, first + 8_192)
            scaled = self.scaling.apply(features[part])
            similarity = _kernel(scaled, self.centres, self.gamma)
            score[part] = similarity @ self.coefficient + self.intercept
        return score

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        similarity = draw_gaussian_kernel(
            draft, self.scaling.draw(draft, x), self.centres, self.gamma
        )
        return draft.linear(similarity, self.coefficient[:, None], np.array([self.intercept]))


def draw_gaussian_kernel(draft: Draft, x: str, centres: Float64Array, gamma: float) -> str:
    """Add ``exp(-gamma * |x - centre|²)`` to a graph, ``[n, L]``."""
    near = draft.add("MatMul", x, 2.0 * gamma * centres.T)
    own = gamma * (centres**2).sum(axis=1)
    length = draft.add("MatMul", draft.add("Mul", x, x), np.full((centres.shape[1], 1), gamma))
    exponent = draft.add("Sub", draft.add("Sub", near, own), length)
    return draft.smooth("Exp", exponent, len(centres))


def _kernel(x: Float64Array, centres: Float64Array, gamma: float) -> Float64Array:
    near = x @ (2.0 * gamma * centres.T)
    exponent = near - gamma * (centres**2).sum(axis=1) - gamma * (x**2).sum(axis=1)[:, None]
    return np.asarray(np.exp(exponent), dtype=np.float64)


def _one_class(rows: TrainingRows) -> bool:
    return bool(rows.target.min() == rows.target.max())


def _older_and_later(rows: TrainingRows) -> tuple[TrainingRows, TrainingRows]:
    """Cut off the newest fifth; of the rest keep what was known before it began."""
    cut = len(rows) - int(_LATER_SHARE * len(rows))
    later = rows.take(np.arange(cut, len(rows)))
    if len(later) == 0:
        return rows, later
    known = rows.end_time < later.start_time.min()
    known[cut:] = False
    return rows.take(known), later


def _platt(margin: Float64Array, rows: TrainingRows) -> tuple[float, float]:
    """Slope and intercept of the log-odds in the margin."""
    from sklearn.linear_model import LogisticRegression

    curve = LogisticRegression(C=1e3, solver="newton-cholesky", tol=1e-8)
    curve.fit(margin[:, None], rows.target, sample_weight=rows.weight)
    return float(curve.coef_[0, 0]), float(curve.intercept_[0])
