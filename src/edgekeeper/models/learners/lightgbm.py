"""LightGBM: small boosted trees, strongly held back, as noisy markets ask for."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.lightgbm_shared import SharedBins
from edgekeeper.models.learners.lightgbm_windows import BinnedWindows
from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.trees import FlatTrees, Split, add_trees
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset

__all__ = ["LightGBM", "LightGBMScore"]

_FEWEST_TREES = 5
_MOST_LEAVES = 31


@dataclass(frozen=True)
class LightGBM:
    """Gradient boosting of shallow trees on the log-loss.

    NaN is kept: each split learns which side missing values go to. Deterministic for a seed,
    whatever the number of threads.

    Parameters
    ----------
    rounds : int
        Most trees; fewer where the validation rows stop improving, never below five.
    patience : int
        Rounds without improvement before stopping.
    learning_rate : float
    depth : int
        Of a tree, which has at most ``2 ** depth`` leaves and never more than 31.
    row_share, feature_share : float
        Drawn anew for each tree.
    rows_per_leaf : int
        At least; falls to a tenth of the rows where there are fewer than ten times as many.
    child_weight : float
        Least sum of second derivatives in a leaf; a row at even odds has a quarter.
    ridge : float
        Penalty on squared leaf values.
    bins : int
        Histogram bins a feature.
    threads : int
        While fitting. Scoring uses one.

    Notes
    -----
    Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 3)).astype(np.float32)
    >>> target = (features[:, 0] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = LightGBM(rounds=20).fit(rows, validation=None, seed=1)
    >>> bool((fitted.score(features) > 0).mean() > 0.95 * target.mean())
    True
    """

    rounds: int = 150
    patience: int = 20
    learning_rate: float = 0.05
    depth: int = 3
    row_share: float = 0.6
    feature_share: float = 0.6
    rows_per_leaf: int = 100
    child_weight: float = 5.0
    ridge: float = 10.0
    bins: int = 63
    threads: int = 1

    name = "lightgbm"
    missing_values = "kept: each split sends NaN to the side that lowered the training loss"

    def __post_init__(self) -> None:
        whole = (self.rounds, self.patience, self.depth, self.rows_per_leaf, self.threads)
        if min(whole) < 1 or not 2 <= self.bins <= 255:
            raise UsageError("lightgbm: expected counts of 1 or more and 2 to 255 bins")
        shares = (self.row_share, self.feature_share, self.learning_rate)
        if not all(0.0 < share <= 1.0 for share in shares):
            raise UsageError("lightgbm: expected shares and learning rate within (0, 1]")
        if not (self.child_weight >= 0.0 and self.ridge >= 0.0):
            raise UsageError("lightgbm: expected penalties of zero or more")

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "depth": Span(3, 10, whole=True),
            "learning_rate": Span(0.01, 0.3, log=True),
            "rounds": Span(50, 500, whole=True),
            "row_share": Span(0.6, 1.0),
            "feature_share": Span(0.6, 1.0),
            "child_weight": Span(1.0, 10.0),
        }

    @staticmethod
    def share(rows: TrainingRows, validation: TrainingRows) -> SharedBins:
        """Bin rows once for many configurations."""
        return SharedBins(rows, validation)

    def windows(self, table: TrainingRows) -> BinnedWindows:
        """Bin a table once for fits on many windows of it."""
        return BinnedWindows(self, table)

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit; threads do not."""
        numbers = asdict(self)
        del numbers["threads"]
        return numbers

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` decides when to stop.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        x, y, w = rows.features, rows.target, rows.weight
        base = smoothed_log_odds(y, w)
        if y.min() == y.max() or not np.isfinite(x).any():
            return ConstantScore(base)
        import lightgbm

        options = self.options(len(y), seed)
        data = lightgbm.Dataset(x, label=y, weight=w, params=options)
        if validation is None:
            return self.boosted(options, data, None)
        later = training_rows(validation, where="validation")
        held = data.create_valid(later.features, label=later.target, weight=later.weight)
        return self.boosted(options, data, held)

    def boosted(
        self, options: Mapping[str, Any], data: "Dataset", later: "Dataset | None"
    ) -> "LightGBMScore":
        """Grow trees on binned rows, until the later ones stop improving."""
        import lightgbm

        chosen = dict(options)
        if later is None:
            return LightGBMScore(lightgbm.train(chosen, data, self.rounds))
        booster = lightgbm.train(
            chosen,
            data,
            self.rounds,
            valid_sets=[later],
            callbacks=[lightgbm.early_stopping(self.patience, verbose=False)],
            keep_training_booster=True,  # else it comes back cut after its best tree
        )
        kept = booster.model_to_string(num_iteration=max(booster.best_iteration, _FEWEST_TREES))
        return LightGBMScore(lightgbm.Booster(model_str=kept))

    def options(self, rows: int, seed: int) -> dict[str, Any]:
        """What LightGBM is asked for, fitting so many rows."""
        return {
            "objective": "binary",
            "learning_rate": self.learning_rate,
            "max_depth": self.depth,
            "num_leaves": min(2**self.depth, _MOST_LEAVES),
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "feature_fraction": self.feature_share,
            "min_data_in_leaf": max(2, min(self.rows_per_leaf, rows // 10)),
            "min_sum_hessian_in_leaf": self.child_weight,
            "lambda_l2": self.ridge,
            "max_bin": self.bins,
            "bin_construct_sample_cnt": 5_000,
            "seed": seed % (2**31 - 1),
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


class LightGBMScore:
    """A fitted booster."""

    def __init__(self, booster: "Booster") -> None:
        self.booster = booster

    @property
    def trees(self) -> int:
        """How many there are."""
        return int(self.booster.num_trees())

    def retold(self, tell: Callable[[str], str]) -> "LightGBMScore":
        """Return the trees that their text, told anew, describes."""
        import lightgbm

        return LightGBMScore(lightgbm.Booster(model_str=tell(self.booster.model_to_string())))

    def score(self, features: Float32Array) -> Float64Array:
        """Return the sum of the leaves each row falls into, as log-odds ``[n]``."""
        if len(features) == 0:
            return np.empty(0)
        raw = self.booster.predict(features, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.trees`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the trees to a graph."""
        return add_trees(draft, self.flat(), x)

    def flat(self) -> FlatTrees:
        """Return the trees; the first contains the base."""
        flat = FlatTrees()
        for tree in self.booster.dump_model()["tree_info"]:
            flat.add(_nested(tree["tree_structure"]))
        return flat


def _nested(node: dict[str, Any]) -> Split | float:
    """Read one node of LightGBM's dump, and all below it."""
    if "split_index" not in node:
        return float(node["leaf_value"])
    threshold = float(node["threshold"])
    if node["decision_type"] != "<=":
        raise UsageError("lightgbm: expected numeric splits only: encode categories as numbers")
    # Where training saw no NaN in a column, LightGBM reads a NaN as zero.
    learned = node["missing_type"] == "NaN"
    return Split(
        feature=int(node["split_feature"]),
        threshold=threshold,
        nan_left=bool(node["default_left"]) if learned else threshold >= 0.0,
        left=_nested(node["left_child"]),
        right=_nested(node["right_child"]),
    )
