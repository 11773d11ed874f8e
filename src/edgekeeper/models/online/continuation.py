"""``Continuation``: ten further rounds of trees on the newest rows, from where the package ends.

The package is a graph and no library's model, so its log-odds are what the trees start from: that
is what continuing a model of trees means. Trees fit noise well. So they count only as far as they
told outcomes that they had not seen: each row is scored before it is learned from.
"""

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.online.contract import Outcome, View
from edgekeeper.models.online.memory import Memory, width_of
from edgekeeper.models.online.rows import COLUMNS, LEFT, SCORE, SLOPE, WEIGHT, lessons
from edgekeeper.models.online.sgd import descend
from edgekeeper.models.online.slopes import Slopes
from edgekeeper.types import Float32Array, Float64Array, Forecasts

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["Continuation"]

_ROUNDS = 10
_EVERY = 100
_SAID = COLUMNS  # the package's own score; SCORE holds what the trees said
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 50,
    "lambda_l2": 10.0,
    "feature_fraction": 1.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
_LENGTH = struct.Struct("<q")
_HEAD = _LENGTH.size + 32


class Continuation(Slopes):
    """LightGBM's trees over the features of the package, fitted anew every ``_EVERY`` rows.

    Parameters
    ----------
    buffer : int
        Newest rows that the trees are fitted on, and that say how much they are worth.
    """

    mark: ClassVar[bytes] = b"trees"

    def __init__(self, buffer: int = 1_000) -> None:
        super().__init__(buffer)
        self.memory = Memory(buffer, COLUMNS + 1)
        self._trees = ""
        self._booster: Booster | None = None

    def learn(self, view: View, outcome: Outcome) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        rows, numbers = lessons(view, outcome)
        if not len(rows):
            return
        features = view.features[rows]
        if features.shape[1] != self._width:
            self._begin(features.shape[1])
        at = 0
        while at < len(rows):
            upto = min(at + _EVERY - self.memory.seen % _EVERY, len(rows))
            said = numbers[at:upto, SCORE].copy()
            numbers[at:upto, SCORE] = self._scores(features[at:upto])
            for row, score, seen in zip(
                numbers[at:upto], said, features[at:upto].astype(np.float64), strict=True
            ):
                self.remember(np.concatenate([row, [score], seen]))
            if self.memory.seen % _EVERY == 0:
                self._fit()
            at = upto

    def move(self, new: Float64Array) -> None:
        """See :class:`~edgekeeper.models.online.slopes.Slopes`."""
        descend(self.memory.held, self.slopes)

    def correct(self, view: View) -> Forecasts:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        if self._booster is None or view.features.shape[1] != self._width:
            return view.forecasts
        return self.shift(view, self._scores(view.features))

    def state(self) -> bytes:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        numbers, trees = super().state(), self._trees.encode()
        return _LENGTH.pack(len(numbers)) + sha256(trees).digest() + numbers + trees

    def restore(self, state: bytes) -> None:
        """See :class:`~edgekeeper.models.online.contract.Corrector`."""
        length = _LENGTH.unpack_from(state)[0] if len(state) >= _HEAD else -1
        trees = state[_HEAD + length :]
        if length < 0 or sha256(trees).digest() != state[_LENGTH.size : _HEAD]:
            raise BadData("expected a whole state of a corrector, got a damaged one: learn it anew")
        numbers = state[_HEAD : _HEAD + length]
        self.memory = Memory(len(self.memory.rows), width_of(numbers))
        super().restore(numbers)
        self._load(trees.decode())

    @property
    def _width(self) -> int:
        """How many features are remembered of a row."""
        return self.memory.rows.shape[1] - COLUMNS - 1

    def _begin(self, width: int) -> None:
        """Forget everything: these are other features."""
        self.memory = Memory(len(self.memory.rows), COLUMNS + 1 + width)
        self.slopes[:] = 0.0
        self._load("")

    def _scores(self, features: Float32Array) -> Float64Array:
        """Log-odds that the trees add; 0 before there are any."""
        if self._booster is None:
            return np.zeros(len(features))
        found = self._booster.predict(features.astype(np.float64), raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float64)

    def _fit(self) -> None:
        """Fit further trees to the rows that are remembered."""
        from lightgbm import Dataset, train

        rows = self.memory.in_order
        came = rows[:, LEFT] + rows[:, SLOPE] * rows[:, _SAID]
        data = Dataset(
            rows[:, COLUMNS + 1 :],
            (came > 0.0).astype(np.float64),
            weight=np.maximum(rows[:, WEIGHT] / max(float(rows[:, WEIGHT].mean()), 1e-12), 1e-6),
            init_score=0.5 * (rows[:, 5] - rows[:, 6]),
            free_raw_data=True,
        )
        self._load(train(_PARAMETERS, data, _ROUNDS).model_to_string())

    def _load(self, trees: str) -> None:
        """Take trees as they are written down, so that stored ones are the same."""
        self._trees, self._booster = trees, None
        if trees:
            from lightgbm import Booster

            self._booster = Booster(model_str=trees)
