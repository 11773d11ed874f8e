"""XGBoost: boosted histogram trees with second-order leaf values, held back like LightGBM's."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.devices import require_cuda
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.rows import LARGEST, held_finite, smoothed_log_odds, training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.models.learners.trees import FlatTrees, Split, add_trees
from edgekeeper.types import Device, Fitted, Float32Array, Float64Array, TrainingRows

if TYPE_CHECKING:
    from xgboost import Booster, DMatrix

__all__ = ["XGBoost", "XGBoostScore"]

_FEWEST_TREES = 5


@dataclass(frozen=True)
class XGBoost:
    """Gradient boosting of shallow trees on the log-loss, XGBoost's way.

    NaN is kept: each split has learned which side missing values go to. Deterministic for a seed;
    one thread, because XGBoost's histograms round differently with their number. On a graphics
    card it may draw other rows and features for the same seed: the trees are others.

    Parameters
    ----------
    rounds : int
        Most trees; fewer where the validation rows stop improving, never below five.
    patience : int
        Rounds without improvement before stopping.
    learning_rate : float
    depth : int
        Of a tree.
    row_share, feature_share : float
        Drawn anew for each tree.
    child_weight : float
        Least sum of second derivatives in a leaf; a row at even odds has a quarter.
    ridge : float
        Penalty on squared leaf values.
    bins : int
        Histogram bins a feature.

    Notes
    -----
    Chen & Guestrin (2016), "XGBoost: a scalable tree boosting system".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((2000, 3)).astype(np.float32)
    >>> target = (features[:, 0] > 0).astype(float)
    >>> rows = TrainingRows.of(features, target, np.ones(2000))
    >>> fitted = XGBoost(rounds=20).fit(rows, validation=None, seed=1)
    >>> bool(((fitted.score(features) > 0) == (target == 1)).mean() > 0.95)
    True
    """

    rounds: int = 150
    patience: int = 20
    learning_rate: float = 0.05
    depth: int = 3
    row_share: float = 0.6
    feature_share: float = 0.6
    child_weight: float = 10.0
    ridge: float = 10.0
    bins: int = 63

    name = "xgboost"
    missing_values = "kept: each split sends NaN to the side that lowered the training loss"
    devices: ClassVar[tuple[Device, ...]] = ("cpu", "cuda")

    def __post_init__(self) -> None:
        if min(self.rounds, self.patience, self.depth) < 1 or not 2 <= self.bins <= 255:
            raise UsageError("xgboost: expected counts of 1 or more and 2 to 255 bins")
        shares = (self.row_share, self.feature_share, self.learning_rate)
        if not all(0.0 < share <= 1.0 for share in shares):
            raise UsageError("xgboost: expected shares and learning rate within (0, 1]")
        if not (self.child_weight >= 0.0 and self.ridge >= 0.0):
            raise UsageError("xgboost: expected penalties of zero or more")

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

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` decides when to stop.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        UsageError
            A graphics card is asked for, and there is none that XGBoost can use.
        """
        rows = training_rows(rows)
        base = smoothed_log_odds(rows.target, rows.weight)
        if rows.target.min() == rows.target.max() or not np.isfinite(rows.features).any():
            return ConstantScore(base)
        if rows.device == "cuda":
            require_cuda("xgboost", self.name)
        import xgboost

        options, data = self._options(seed, rows.device), _labelled(rows, base)
        if validation is None:
            booster = xgboost.train(options, data, self.rounds)
            return XGBoostScore(_brought_back(booster, rows.device), base)
        later = _labelled(training_rows(validation, where="validation"), base)
        booster = xgboost.train(
            options,
            data,
            self.rounds,
            evals=[(later, "later")],
            early_stopping_rounds=self.patience,
            verbose_eval=False,
        )
        kept = max(booster.best_iteration + 1, min(_FEWEST_TREES, booster.num_boosted_rounds()))
        return XGBoostScore(_brought_back(booster, rows.device)[:kept], base)

    def _options(self, seed: int, device: Device) -> dict[str, Any]:
        options = {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "base_score": 0.5,  # the base rate comes with the rows, in full precision
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.depth,
            "subsample": self.row_share,
            "colsample_bytree": self.feature_share,
            "min_child_weight": self.child_weight,
            "reg_lambda": self.ridge,
            "max_bin": self.bins,
            "seed": seed % (2**31 - 1),
            "nthread": 1,
            "verbosity": 0,
        }
        return options | {"device": device} if device != "cpu" else options


def _labelled(rows: TrainingRows, base: float) -> "DMatrix":
    import xgboost

    return xgboost.DMatrix(
        held_finite(rows.features),
        label=rows.target,
        weight=rows.weight,
        base_margin=np.full(len(rows), base, dtype=np.float32),
        nthread=1,
    )


def _brought_back(booster: "Booster", device: Device) -> "Booster":
    """Return the booster on the processor, where it is scored.

    Raises
    ------
    UsageError
        It was fitted elsewhere than asked, which XGBoost does with a warning.
    """
    if device != "cpu":
        used = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
        if not str(used).startswith(device):
            raise UsageError(
                f"xgboost: expected a fit on {device}, got one on {used}: nothing is kept"
            )
        booster.set_param({"device": "cpu"})
    return booster


class XGBoostScore:
    """A fitted booster of numeric splits.

    XGBoost adds its leaves up in single precision. Here they are added in double, as the package
    does, so that both give the same bits; which leaf a row falls into is XGBoost's own word.

    Parameters
    ----------
    booster : Booster
    base : float
        Log-odds before the first tree.
    """

    def __init__(self, booster: "Booster", base: float) -> None:
        self._booster, self._base = booster, base
        model = json.loads(bytes(booster.save_raw("json")))
        self._trees = model["learner"]["gradient_booster"]["model"]["trees"]

    @property
    def trees(self) -> int:
        """How many there are."""
        return len(self._trees)

    def score(self, features: Float32Array) -> Float64Array:
        """Return the sum of the leaves each row falls into, as log-odds ``[n]``."""
        import xgboost

        total = np.full(len(features), self._base)
        if len(features) == 0:
            return total
        rows = xgboost.DMatrix(held_finite(features), nthread=1)
        leaves = self._booster.predict(rows, pred_leaf=True).reshape(len(features), self.trees)
        for tree, leaf in zip(self._trees, leaves.astype(np.int64).T, strict=True):
            total += np.array(tree["split_conditions"], dtype=np.float32)[leaf]
        return total

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.trees`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the trees to a graph."""
        return add_trees(draft, self.flat(), x)

    def flat(self) -> FlatTrees:
        """Return the trees, the base first."""
        flat = FlatTrees()
        flat.add(self._base)
        for tree in self._trees:
            flat.add(_nested(tree, 0))
        return flat


def _nested(tree: dict[str, Any], node: int) -> Split | float:
    """Read one node of XGBoost's model, and all below it."""
    value = np.float32(tree["split_conditions"][node])
    if tree["left_children"][node] < 0:
        return float(value)
    if tree["split_type"][node] != 0:
        raise UsageError("xgboost: expected numeric splits only: encode categories as numbers")
    below = _nested(tree, tree["left_children"][node])
    above = _nested(tree, tree["right_children"][node])
    feature, nan_below = int(tree["split_indices"][node]), bool(tree["default_left"][node])
    if value > LARGEST:  # any number is below it
        return Split(feature, np.inf, nan_below, below, above)
    if value <= -LARGEST:  # none is
        return Split(feature, np.inf, not nan_below, above, below)
    # XGBoost asks for less than, the graph for at most: the float just below makes them the same.
    return Split(feature, float(np.nextafter(value, np.float32(-np.inf))), nan_below, below, above)
