"""``River``: the slopes moved by River's linear models, one row at a time, nothing replayed."""

from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.online.rows import LEFT, SCORE, WEIGHT
from edgekeeper.models.online.slopes import Slopes
from edgekeeper.types import Float64Array

__all__ = ["River"]

_PER_PROBABILITY = 4.0  # log-odds a unit of probability is worth, around a half


class River(Slopes):
    """Two linear regressions of River (Montiel et al. 2021), without intercept.

    One learns what expected returns left over, one what probabilities left over. Their constant
    rate of ``2 / buffer`` forgets about as fast as a memory of that many rows.

    Raises
    ------
    UsageError
        River is not installed.
    """

    mark: ClassVar[bytes] = b"river"

    def __init__(self, buffer: int = 1_000) -> None:
        super().__init__(buffer)
        if find_spec("river") is None:
            raise UsageError(
                "learning online with River needs river: pip install 'edgekeeper[online]'"
            )

    def move(self, new: Float64Array) -> None:
        """See :class:`~edgekeeper.models.online.slopes.Slopes`."""
        chance = 1.0 / (1.0 + np.exp(-new[:, 5:7]))
        missed = new[:, 7:9] - chance
        targets = (new[:, LEFT], _PER_PROBABILITY * (missed[:, 0] - missed[:, 1]))
        weight = new[:, WEIGHT] / max(float(self.memory.held[:, WEIGHT].mean()), 1e-12)
        rate = 2.0 / len(self.memory.rows)
        for k, target in enumerate(targets):
            self.slopes[k] = _regressed(float(self.slopes[k]), rate, new[:, SCORE], target, weight)


def _regressed(
    slope: float, rate: float, score: Float64Array, target: Float64Array, weight: Float64Array
) -> float:
    """Return where River's regression gets from ``slope``."""
    from river import linear_model, optim

    # River's squared loss has twice the gradient.
    model = linear_model.LinearRegression(
        optimizer=optim.SGD(0.5 * rate),
        initializer=optim.initializers.Constant(slope),
        intercept_lr=0.0,
    )
    for x, y, w in zip(score.tolist(), target.tolist(), weight.tolist(), strict=True):
        model.learn_one({"score": x}, y, w)
    return float(model.weights["score"])
