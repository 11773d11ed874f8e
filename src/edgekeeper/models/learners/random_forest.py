"""Random forest: the mean of many trees, each on its own draw of rows and features."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.rows import held_finite, smoothed_log_odds, training_rows
from edgekeeper.models.learners.sklearn_trees import sklearn_tree
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.trees import FlatTrees, add_trees
from edgekeeper.models.sums import summed_in_order
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

__all__ = ["ForestScore", "RandomForest"]


@dataclass(frozen=True)
class RandomForest:
    """Shallow classification trees, averaged.

    NaN is kept: each split has learned which side missing values go to; where training saw none,
    they follow the larger part of the rows.

    Parameters
    ----------
    trees : int
    depth : int
        Of a tree.
    rows_per_leaf : int
        At least; falls to a tenth of the rows where there are fewer than ten times as many.
    feature_share : float
        Of the features, drawn anew for each split; at least two.
    rows_per_tree : int
        Drawn with replacement for each tree, at most: a million rows cost as much as this many.

    Notes
    -----
    Breiman (2001), "Random forests". The mean probability is moved towards even odds by half an
    observation a class, so that its log-odds are finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 3)).astype(np.float32)
    >>> target = (features[:, 0] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = RandomForest(trees=20).fit(rows, validation=None, seed=1)
    >>> bool(((fitted.score(features) > 0) == (target == 1)).mean() > 0.95)
    True
    """

    trees: int = 200
    depth: int = 6
    rows_per_leaf: int = 100
    feature_share: float = 0.15
    rows_per_tree: int = 20_000

    name = "random_forest"
    missing_values = "kept: each split sends NaN to the side that separated the classes better"
    stops_early = False

    def __post_init__(self) -> None:
        if min(self.trees, self.depth, self.rows_per_leaf, self.rows_per_tree) < 1:
            raise UsageError("random_forest: expected counts of 1 or more")
        if not 0.0 < self.feature_share <= 1.0:
            raise UsageError("random_forest: expected a feature share within (0, 1]")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "trees": Span(100, 500, whole=True),
            "depth": Span(3, 12, whole=True),
            "rows_per_leaf": Span(20, 500, log=True, whole=True),
            "feature_share": Span(0.05, 0.5),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit all rows given; ``validation`` changes nothing.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        x, y, w = rows.features, rows.target, rows.weight
        if y.min() == y.max() or not np.isfinite(x).any():
            return ConstantScore(smoothed_log_odds(y, w))
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            min_samples_leaf=max(1, min(self.rows_per_leaf, len(y) // 10)),
            max_features=min(x.shape[1], max(2, round(self.feature_share * x.shape[1]))),
            max_samples=min(self.rows_per_tree, len(y)),
            random_state=seed % (2**32),
            n_jobs=1,
        )
        with summed_in_order():
            forest.fit(held_finite(x), y, sample_weight=w)
        return ForestScore(forest, len(y))


class ForestScore:
    """A fitted forest, and how many rows it has seen."""

    def __init__(self, forest: "RandomForestClassifier", rows: int) -> None:
        self._forest, self._rows = forest, rows

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds of the smoothed mean probability, ``[n]``."""
        if len(features) == 0:
            return np.empty(0)
        mean = self._forest.predict_proba(held_finite(features))[:, 1]
        smoothed = (mean * self._rows + 0.5) / (self._rows + 1.0)
        return np.asarray(np.log(smoothed / (1.0 - smoothed)), dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.trees`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the same to a graph."""
        trees = FlatTrees()
        for tree in self._forest.estimators_:
            trees.add(sklearn_tree(tree.tree_, column=1))
        mean = draft.add("Div", add_trees(draft, trees, x), float(len(trees.roots)))
        counted = draft.add("Add", draft.add("Mul", mean, float(self._rows)), 0.5)
        smoothed = draft.add("Div", counted, self._rows + 1.0)
        ratio = draft.add("Div", smoothed, draft.add("Sub", 1.0, smoothed))
        return draft.smooth("Log", ratio, 1)
