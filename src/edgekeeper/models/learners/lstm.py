"""Long short-term memory: a recurrent net over the last bars, read both ways, with attention."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from edgekeeper.errors import Refused, UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.lstm_net import LSTMScore, RecurrentNet, by_step
from edgekeeper.models.learners.net_inputs import NetInputs
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.torch_training import (
    Descent,
    array,
    evenly,
    later_part,
    reproducible_torch,
    tensor,
)
from edgekeeper.types import Device, Fitted, Float32Array, Int64Array, TrainingRows

__all__ = ["LSTM"]

_FEWEST_ROWS = 100
_BATCH = 128
_BETWEEN_LOOKS = 20
_MOST_LATER = 2_000
_VECTOR = 8
_REPLAYED, _GAP = 64, 1e-5


@dataclass(frozen=True)
class LSTM:
    """Bidirectional LSTM over the last ``look_back`` bars, their outputs weighted by attention.

    Features are scaled as for the logistic regression; NaN becomes the training median. Each
    bar's output gets a weight from what it is and from how old it is; the weighted mean and the
    newest output give the score. Training begins as the base rate, draws batches from all rows,
    and goes back to where later rows liked it best.

    A line's features are laid out over these bars as ``lag`` of each expression, so the columns
    are ``look_back`` times as many and a table of a million bars takes gigabytes: a line should
    name the catalogues that matter, 60 features or so.

    Parameters
    ----------
    look_back : int
        Bars it looks at, the newest included.
    hidden : int
        Units of each direction, a multiple of 8.
    layers : int
        2 of 128 units is the large form.
    dropout : float
        Share of inputs and outputs left out while training.
    learning_rate : float
    decay : float
        Share of each weight that a unit of learning rate takes away a batch.
    batches : int
        Of 128 rows, at most: a million rows cost as much as some ten thousand.
    patience : int
        Looks at the later rows, one every 20 batches, without improvement before stopping.
    limit : float
        Of the scaled features, in deviations.
    missing_flags : bool
        Give the net a 1 for each missing value besides.

    Notes
    -----
    Hochreiter & Schmidhuber (1997), "Long short-term memory"; Schuster & Paliwal (1997),
    "Bidirectional recurrent neural networks"; Zhou et al. (2016), "Attention-based bidirectional
    long short-term memory networks". With fewer than 100 rows it stays at the base rate.
    Training needs the extra ``deep``; serving does not.

    Examples
    --------
    >>> LSTM(layers=2, hidden=128).parameters()["look_back"]
    20
    """

    look_back: int = 20
    hidden: int = 64
    layers: int = 1
    dropout: float = 0.1
    learning_rate: float = 0.003
    decay: float = 0.1
    batches: int = 240
    patience: int = 3
    limit: float = 4.0
    missing_flags: bool = False

    name = "lstm"
    devices: ClassVar[tuple[Device, ...]] = ("cpu", "cuda")
    catalogues = ("returns", "volatility", "volume")
    missing_values = "replaced by the training median; on request a flag for each besides"

    def __post_init__(self) -> None:
        if min(self.look_back, self.hidden, self.layers, self.batches, self.patience) < 1:
            raise UsageError("lstm: expected counts of 1 or more")
        if self.hidden % _VECTOR:
            raise UsageError(f"lstm: expected hidden a multiple of {_VECTOR}, got {self.hidden}")
        if not (0.0 < self.learning_rate <= 1.0 and self.limit > 0.0 and self.decay >= 0.0):
            raise UsageError("lstm: expected a learning rate within (0, 1], a limit and no growth")
        if not 0.0 <= self.dropout < 1.0:
            raise UsageError(f"lstm: expected dropout within [0, 1), got {self.dropout}")
        if not isinstance(self.missing_flags, bool):
            got = self.missing_flags
            raise UsageError(f"lstm: expected missing_flags on or off, got {got!r}")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "dropout": Span(0.0, 0.5),
            "learning_rate": Span(0.0005, 0.01, log=True),
            "decay": Span(0.01, 1.0, log=True),
            "batches": Span(60, 1_000, log=True, whole=True),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` decides when to stop, or else the last fifth of the rows.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`; columns that are not ``look_back`` times
            the same features.
        UsageError
            PyTorch is not there, or the graphics card that was asked for is not.
        Refused
            The graph to serve does not give the scores of the net in training.
        """
        rows = training_rows(rows)
        newest = by_step(rows.features, self.look_back)[:, -1]
        base = smoothed_log_odds(rows.target, rows.weight)
        with reproducible_torch(self.name, rows.device):
            if len(rows) < _FEWEST_ROWS or not np.isfinite(newest).any():
                return ConstantScore(base)
            early, later = later_part(rows, validation)
            if len(early) == 0 or early.target.min() == early.target.max():
                return ConstantScore(base)
            newest = by_step(early.features, self.look_back)[:, -1]
            inputs = NetInputs.fit(newest, self.limit, flags=self.missing_flags)
            return self._trained(inputs, early, evenly(later, _MOST_LATER), base, seed)

    def _trained(
        self, inputs: NetInputs, early: TrainingRows, later: TrainingRows, base: float, seed: int
    ) -> LSTMScore:
        from torch import no_grad
        from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

        random = np.random.default_rng(seed)
        shape = (inputs.width, self.hidden, self.layers, self.look_back)
        net = RecurrentNet(random, *shape, base, self.dropout)

        def read(features: Float32Array) -> Any:
            return tensor(inputs.apply(by_step(features, self.look_back)))

        def loss(drawn: Int64Array) -> Any:
            score = net.score(read(early.features[drawn]), training=True)
            target, weight = tensor(early.target[drawn]), tensor(early.weight[drawn])
            return log_loss(score, target, weight=weight)

        seen = read(later.features), tensor(later.target), tensor(later.weight)

        def later_loss() -> float:
            score = net.score(seen[0], training=False)
            return float(log_loss(score, seen[1], weight=seen[2]))

        Descent(
            self.batches, _BATCH, _BETWEEN_LOOKS, self.patience, self.learning_rate, self.decay
        ).run(net.shrinking, net.free, loss, later_loss, len(early), random)
        fitted = net.finished(inputs)
        some = evenly(early, _REPLAYED).features
        with no_grad():
            trained = array(net.score(read(some), training=False))
        gap = float(np.abs(trained - fitted.score(some)).max())
        if not gap <= _GAP:
            raise Refused(f"lstm: expected a graph within {_GAP:g} of the trained net, got {gap:g}")
        return fitted
