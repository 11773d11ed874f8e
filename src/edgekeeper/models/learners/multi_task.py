"""Multi-task net: direction, magnitude and timing learned together over one shared trunk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.net_inputs import NetInputs
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.torch_training import (
    Descent,
    evenly,
    later_part,
    reproducible_torch,
    tensor,
)
from edgekeeper.models.learners.trunk_net import Trunk, TrunkScore
from edgekeeper.types import Device, Fitted, Float64Array, Int64Array, TrainingRows

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MultiTask"]

_FEWEST_ROWS = 100
_BATCH = 256
_BETWEEN_LOOKS = 20
_MOST_LATER = 20_000
_FARTHEST = 3.0
"""Targets of the two measured tasks are held within so many quartile ranges."""


@dataclass(frozen=True)
class MultiTask:
    """Two shared layers of rectified units, and a head each for direction, magnitude and timing.

    The score is the direction's log-odds. How far the better side went and how soon it was out
    are learned besides: they are measured, not just won or lost, so they teach the trunk which
    features matter; forecasts of them come from the calibrated heads of the model, as for every
    learner, and not from here. Each task's loss is weighted by what the net learns of its noise.
    Where magnitude or timing is NaN, that task skips the row.

    Features are scaled as for the logistic regression; NaN becomes the training median. Training
    begins as the base rate, draws batches from all rows, and goes back to where later rows liked
    the direction best.

    Parameters
    ----------
    width : int
        Units of each shared layer.
    auxiliary : float
        How much magnitude and timing count beside the direction; 0 leaves them out.
    dropout : float
        Share of units of the trunk left out while training.
    learning_rate : float
    decay : float
        Share of each weight that a unit of learning rate takes away a batch.
    batches : int
        Of 256 rows, at most: a million rows cost as much as some ten thousand.
    patience : int
        Looks at the later rows, one every 20 batches, without improvement before stopping.
    limit : float
        Of the scaled features, in deviations.
    missing_flags : bool
        Give the net a 1 for each missing value besides.

    Notes
    -----
    Kendall, Gal & Cipolla (2018), "Multi-task learning using uncertainty to weigh losses",
    equations 7 and 10, with ``s = log(variance)``: ``exp(-s) * loss + s / 2`` for the direction,
    ``exp(-s) * loss / 2 + s / 2`` for the others, their loss Huber's. With fewer than 100 rows it
    stays at the base rate. Training needs the extra ``deep``; serving does not.

    Examples
    --------
    >>> MultiTask(width=32).parameters()["auxiliary"]
    1.0
    """

    width: int = 32
    auxiliary: float = 1.0
    dropout: float = 0.2
    learning_rate: float = 0.003
    decay: float = 0.3
    batches: int = 600
    patience: int = 5
    limit: float = 4.0
    missing_flags: bool = False

    name = "multi_task"
    devices: ClassVar[tuple[Device, ...]] = ("cpu", "cuda")
    missing_values = "replaced by the training median; on request a flag for each besides"

    def __post_init__(self) -> None:
        if min(self.width, self.batches, self.patience) < 1:
            raise UsageError("multi_task: expected counts of 1 or more")
        if not (0.0 < self.learning_rate <= 1.0 and self.limit > 0.0):
            raise UsageError("multi_task: expected a learning rate within (0, 1] and a limit")
        if not (0.0 <= self.dropout < 1.0 and self.decay >= 0.0 and self.auxiliary >= 0.0):
            raise UsageError("multi_task: expected dropout within [0, 1), no growth, no reward")
        if not isinstance(self.missing_flags, bool):
            raise UsageError(
                f"multi_task: expected missing_flags on or off, got {self.missing_flags!r}"
            )

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "width": Span(8, 128, log=True, whole=True),
            "auxiliary": Span(0.0, 2.0),
            "dropout": Span(0.0, 0.5),
            "learning_rate": Span(0.0005, 0.01, log=True),
            "decay": Span(0.01, 1.0, log=True),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` decides when to stop, or else the last fifth of the rows.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        UsageError
            PyTorch is not there, or the graphics card that was asked for is not.
        """
        rows = training_rows(rows)
        base = smoothed_log_odds(rows.target, rows.weight)
        with reproducible_torch(self.name, rows.device):
            if len(rows) < _FEWEST_ROWS or not np.isfinite(rows.features).any():
                return ConstantScore(base)
            early, later = later_part(rows, validation)
            if len(early) == 0 or early.target.min() == early.target.max():
                return ConstantScore(base)
            inputs = NetInputs.fit(early.features, self.limit, flags=self.missing_flags)
            return self._trained(inputs, early, evenly(later, _MOST_LATER), base, seed)

    def _trained(
        self, inputs: NetInputs, early: TrainingRows, later: TrainingRows, base: float, seed: int
    ) -> TrunkScore:
        from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

        random = np.random.default_rng(seed)
        net = Trunk(random, inputs.width, self.width, base, self.dropout)
        measured = _measured(early)

        def loss(drawn: Int64Array) -> "Tensor":
            outputs = net.outputs(tensor(inputs.apply(early.features[drawn])), training=True)
            target, weight = tensor(early.target[drawn]), tensor(early.weight[drawn])
            direction = log_loss(outputs[:, 0], target, weight=weight)
            if self.auxiliary == 0.0:
                return direction
            return net.weighed(outputs, direction, measured[drawn], weight, self.auxiliary)

        x = tensor(inputs.apply(later.features))
        target, weight = tensor(later.target), tensor(later.weight)

        def later_loss() -> float:
            return float(log_loss(net.outputs(x, training=False)[:, 0], target, weight=weight))

        Descent(
            self.batches, _BATCH, _BETWEEN_LOOKS, self.patience, self.learning_rate, self.decay
        ).run(net.shrinking, net.free, loss, later_loss, len(early), random)
        return net.finished(inputs)


def _measured(rows: TrainingRows) -> Float64Array:
    """Magnitude and timing in quartile ranges from the median, ``[n, 2]``; NaN where unknown.

    Magnitude gets a sign, plus where the long side did better; 0 where neither side earned.
    """
    side = 2.0 * rows.target - 1.0
    columns = []
    for values in (side * np.maximum(rows.magnitude, 0.0), rows.timing):
        known = values[np.isfinite(values)]
        if len(known) == 0:
            columns.append(np.full(len(values), np.nan))
            continue
        low, middle, high = np.quantile(known, (0.25, 0.5, 0.75))
        scale = high - low if high > low else 1.0
        columns.append(np.clip((values - middle) / scale, -_FARTHEST, _FARTHEST))
    return np.stack(columns, axis=1)
