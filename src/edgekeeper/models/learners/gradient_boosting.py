"""Histogram gradient boosting: scikit-learn's boosted trees, whole-sample and second-order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.binning import Binning
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.sklearn_trees import histogram_tree
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.trees import FlatTrees, add_trees
from edgekeeper.models.sums import summed_in_order
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

__all__ = ["GradientBoosting", "HistogramScore"]

_FEWEST_TREES = 5


@dataclass(frozen=True)
class GradientBoosting:
    """Gradient boosting of shallow trees on the log-loss over all rows, without drawing any.

    NaN is kept: each split has learned which side missing values go to; where training saw none,
    they follow the larger part of the rows.

    Parameters
    ----------
    rounds : int
        Most trees; fewer where the validation rows stop improving, never below five.
    patience : int
        Rounds without improvement before stopping.
    learning_rate : float
    depth : int
        Of a tree, which has at most 31 leaves.
    feature_share : float
        Drawn anew for each split.
    rows_per_leaf : int
        At least; falls to a tenth of the rows where there are fewer than ten times as many.
    ridge : float
        Penalty on squared leaf values.
    bins : int
        Histogram bins a feature.

    Notes
    -----
    Friedman (2001), "Greedy function approximation: a gradient boosting machine".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 3)).astype(np.float32)
    >>> target = (features[:, 0] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = GradientBoosting(rounds=20).fit(rows, validation=None, seed=1)
    >>> bool(((fitted.score(features) > 0) == (target == 1)).mean() > 0.95)
    True
    """

    rounds: int = 150
    patience: int = 20
    learning_rate: float = 0.05
    depth: int = 3
    feature_share: float = 0.6
    rows_per_leaf: int = 100
    ridge: float = 10.0
    bins: int = 63

    name = "gradient_boosting"
    missing_values = "kept: each split sends NaN to the side that lowered the training loss"

    def __post_init__(self) -> None:
        counts = (self.rounds, self.patience, self.depth, self.rows_per_leaf)
        if min(counts) < 1 or not 2 <= self.bins <= 255:
            raise UsageError("gradient_boosting: expected counts of 1 or more and 2 to 255 bins")
        if not all(0.0 < share <= 1.0 for share in (self.feature_share, self.learning_rate)):
            raise UsageError("gradient_boosting: expected share and learning rate within (0, 1]")
        if not self.ridge >= 0.0:
            raise UsageError("gradient_boosting: expected a ridge of zero or more")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "depth": Span(3, 10, whole=True),
            "learning_rate": Span(0.01, 0.3, log=True),
            "rounds": Span(50, 500, whole=True),
            "feature_share": Span(0.6, 1.0),
            "rows_per_leaf": Span(20, 500, log=True, whole=True),
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
        y, w = rows.target, rows.weight
        if y.min() == y.max() or not np.isfinite(rows.features).any():
            return ConstantScore(smoothed_log_odds(y, w))
        binning = Binning.fit(rows.features, self.bins)
        boosting = self._made(len(y), seed, stops=validation is not None)
        later: dict[str, Any] = {}
        if validation is not None:
            checked = training_rows(validation, where="validation")
            later = {
                "X_val": binning.bins(checked.features),
                "y_val": checked.target,
                "sample_weight_val": checked.weight,
            }
        with summed_in_order():
            boosting.fit(binning.bins(rows.features), y, sample_weight=w, **later)
        if validation is not None:
            _cut_after_best(boosting)
        return HistogramScore(boosting, binning)

    def _made(self, rows: int, seed: int, *, stops: bool) -> "HistGradientBoostingClassifier":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.learning_rate,
            max_depth=self.depth,
            max_leaf_nodes=31,
            min_samples_leaf=max(1, min(self.rows_per_leaf, rows // 10)),
            l2_regularization=self.ridge,
            max_features=self.feature_share,
            max_bins=self.bins,  # as many as there are values, so none are merged
            early_stopping=stops,
            n_iter_no_change=self.patience,
            tol=0.0,
            categorical_features=None,
            random_state=seed % (2**32),
        )


def _cut_after_best(boosting: "HistGradientBoostingClassifier") -> None:
    """Forget the trees after the best one: scikit-learn keeps those that tried its patience."""
    best = int(np.argmax(boosting.validation_score_))  # entry 0 is the base rate
    del boosting._predictors[max(best, _FEWEST_TREES) :]


class HistogramScore:
    """A histogram gradient boosting, fitted to bins."""

    def __init__(self, boosting: "HistGradientBoostingClassifier", binning: Binning) -> None:
        self._boosting, self._binning = boosting, binning

    @property
    def trees(self) -> int:
        """How many there are."""
        return len(self._boosting._predictors)

    def score(self, features: Float32Array) -> Float64Array:
        """Return the base and the leaves each row falls into, summed, as log-odds ``[n]``."""
        if len(features) == 0:
            return np.empty(0)
        with summed_in_order():  # threads would wait for one another longer than they work
            raw = self._boosting.decision_function(self._binning.bins(features))
        return np.asarray(raw, dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.trees`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the trees to a graph."""
        return add_trees(draft, self.flat(), x)

    def flat(self) -> FlatTrees:
        """Return the trees, the base first."""
        flat = FlatTrees()
        flat.add(float(self._boosting._baseline_prediction[0, 0]))
        for (tree,) in self._boosting._predictors:
            flat.add(histogram_tree(tree, self._binning.threshold))
        return flat
