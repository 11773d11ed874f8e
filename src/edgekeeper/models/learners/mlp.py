"""Multi-layer perceptron: a few small nets of rectified units, averaged."""

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

__all__ = ["MLP", "NetScore"]

_BATCH = 256
_STEPS_BETWEEN_LOOKS = 25
_DECAYS = (0.9, 0.999)  # of Adam's two moments
_TINY = 1e-8


@dataclass(frozen=True)
class MLP:
    """One hidden layer, several nets from different starts, trained side by side and averaged.

    Features are scaled as for the logistic regression; NaN becomes the training median. A net
    begins as the base rate, learns by Adam with decaying weights on batches drawn from all rows,
    and goes back to where the validation rows liked the average best: on noise that is near the
    base rate again.

    Parameters
    ----------
    nets : int
    width : int
        Hidden units of each.
    learning_rate : float
    decay : float
        Share of each weight that a unit of learning rate takes away a step.
    steps : int
        Batches of 256 rows, at most: a million rows cost as much as a thousand.
    patience : int
        Looks at the validation rows, one every 25 steps, without improvement before stopping.
    limit : float
        Of the scaled features, in deviations.

    Notes
    -----
    Kingma & Ba (2015), "Adam"; Loshchilov & Hutter (2019), "Decoupled weight decay".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 2)).astype(np.float32)
    >>> target = (features[:, 0] * features[:, 1] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = MLP(decay=0.01, steps=400).fit(rows, validation=None, seed=0)
    >>> bool(((fitted.score(features) > 0) == (target == 1)).mean() > 0.9)
    True
    """

    nets: int = 4
    width: int = 16
    learning_rate: float = 0.01
    decay: float = 0.3
    steps: int = 400
    patience: int = 6
    limit: float = 4.0

    name = "mlp"
    missing_values = "replaced by the training median, stored in the model"

    def __post_init__(self) -> None:
        if min(self.nets, self.width, self.steps, self.patience) < 1:
            raise UsageError("mlp: expected counts of 1 or more")
        if not (0.0 < self.learning_rate <= 1.0 and self.limit > 0.0 and self.decay >= 0.0):
            raise UsageError("mlp: expected a learning rate within (0, 1], a limit and no growth")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "width": Span(4, 64, log=True, whole=True),
            "learning_rate": Span(0.001, 0.03, log=True),
            "decay": Span(0.001, 1.0, log=True),
            "steps": Span(100, 2_000, log=True, whole=True),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` decides when to stop.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        base = smoothed_log_odds(rows.target, rows.weight)
        if rows.target.min() == rows.target.max() or not np.isfinite(rows.features).any():
            return ConstantScore(base)
        scaling = RobustScaling.fit(rows.features, self.limit)
        x = scaling.apply(rows.features).astype(np.float32)
        later = None if validation is None else training_rows(validation, where="validation")
        random = np.random.default_rng(seed)
        nets = _Nets(random, self.nets, x.shape[1], self.width, base)
        best, least, waited = nets.layers(), np.inf, 0
        with summed_in_order():
            for step in range(self.steps):
                if later is not None and step % _STEPS_BETWEEN_LOOKS == 0:
                    loss = _loss(NetScore(scaling, *nets.layers()).score(later.features), later)
                    waited += 1
                    if loss < least:
                        best, least, waited = nets.layers(), loss, 0
                    if waited > self.patience:
                        break
                drawn = random.integers(0, len(x), (self.nets, _BATCH))
                pull = self.learning_rate * self.decay
                gradients = nets.gradients(x[drawn], rows.target[drawn], rows.weight[drawn])
                nets.move(gradients, self.learning_rate, pull)
        return NetScore(scaling, *(nets.layers() if later is None else best))


class _Nets:
    """Weights of ``K`` nets in training, with Adam's moments."""

    def __init__(
        self, random: np.random.Generator, nets: int, inputs: int, width: int, base: float
    ) -> None:
        spread = np.sqrt(2.0 / inputs)
        self.weights = [
            spread * random.standard_normal((nets, inputs, width)),
            np.zeros((nets, 1, width)),
            np.zeros((nets, width, 1)),
            np.full((nets, 1, 1), base),
        ]
        self.weights = [part.astype(np.float32) for part in self.weights]
        self._first = [np.zeros_like(part) for part in self.weights]
        self._second = [np.zeros_like(part) for part in self.weights]
        self._steps = 0

    def gradients(
        self, x: Float32Array, target: Float64Array, weight: Float64Array
    ) -> list[Float32Array]:
        """Of the weighted log-loss of a batch a net: ``x`` is ``[K, B, F]``."""
        inner, bias, outer, base = self.weights
        hidden = np.maximum(x @ inner + bias, 0.0)
        score = hidden @ outer + base
        error = (1.0 / (1.0 + np.exp(-score)) - target[:, :, None]) * weight[:, :, None]
        error = (error / x.shape[1]).astype(np.float32)
        below = (error @ outer.transpose(0, 2, 1)) * (hidden > 0.0)
        return [
            x.transpose(0, 2, 1) @ below,
            below.sum(axis=1, keepdims=True),
            hidden.transpose(0, 2, 1) @ error,
            error.sum(axis=1, keepdims=True),
        ]

    def move(self, gradients: list[Float32Array], rate: float, pull: float) -> None:
        """Take one step of Adam; weights, not biases, shrink by ``pull``."""
        self._steps += 1
        early = [1.0 - decay**self._steps for decay in _DECAYS]
        for i, gradient in enumerate(gradients):
            self._first[i] += (1.0 - _DECAYS[0]) * (gradient - self._first[i])
            self._second[i] += (1.0 - _DECAYS[1]) * (gradient**2 - self._second[i])
            size = np.sqrt(self._second[i] / early[1]) + _TINY
            self.weights[i] -= rate * (self._first[i] / early[0]) / size
            if i in (0, 2):
                self.weights[i] *= 1.0 - pull

    def layers(self) -> tuple[Float64Array, Float64Array, Float64Array, float]:
        """All nets as one wide net that computes their mean."""
        inner, bias, outer, base = (part.astype(np.float64) for part in self.weights)
        nets, inputs, width = inner.shape
        return (
            np.ascontiguousarray(inner.transpose(1, 0, 2).reshape(inputs, nets * width)),
            bias.reshape(nets * width),
            outer.reshape(nets * width) / nets,
            float(base.mean()),
        )


@dataclass(frozen=True, slots=True)
class NetScore:
    """A fitted net of one hidden layer.

    Attributes
    ----------
    scaling : RobustScaling
    inner : float64 [F, H]
    bias, outer : float64 [H]
    base : float
    """

    scaling: RobustScaling
    inner: Float64Array
    bias: Float64Array
    outer: Float64Array
    base: float

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        hidden = np.maximum(self.scaling.apply(features) @ self.inner + self.bias, 0.0)
        return np.asarray(hidden @ self.outer + self.base, dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        scaled = self.scaling.draw(draft, x)
        hidden = draft.add("Relu", draft.linear(scaled, self.inner, self.bias))
        return draft.linear(hidden, self.outer[:, None], np.array([self.base]))


def _loss(score: Float64Array, rows: TrainingRows) -> float:
    loss = np.logaddexp(0.0, score) - rows.target * score
    return float(np.average(loss, weights=rows.weight))
