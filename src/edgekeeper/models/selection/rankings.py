"""How much each feature is worth: by its own relation to the target, or to a model of all.

Models are small LightGBMs with one set of parameters, whatever the line's learner: a ranking has
to be cheap, and comparable from learner to learner.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from edgekeeper.models.learners import LightGBM
from edgekeeper.models.learners.lightgbm import LightGBMScore
from edgekeeper.models.learners.rows import cut_by_time, held_finite
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import Float64Array, TrainingRows

__all__ = ["RANKINGS", "Ranking", "gains", "loss_of", "small_trees"]

_LIMIT = 4.0
_REPEATS = 10
_JUDGED = 0.3

Ranking = Callable[[TrainingRows, int], Float64Array]
"""From cleaned rows and a seed to the worth of each column, ``[F]``, more is better."""


def small_trees(rows: TrainingRows, seed: int) -> LightGBMScore | None:
    """Fit the model behind a ranking; None where the rows teach nothing."""
    learner = LightGBM(rounds=40, feature_share=0.5)
    fitted = learner.fit(rows, validation=None, seed=seed)
    return fitted if isinstance(fitted, LightGBMScore) else None


def loss_of(score: Float64Array, rows: TrainingRows) -> float:
    """Weighted mean log-loss of log-odds."""
    return float(np.average(np.logaddexp(0.0, score) - rows.target * score, weights=rows.weight))


def kbest(rows: TrainingRows, seed: int) -> Float64Array:
    """Squared correlation with the target: the order of ANOVA's F, as SelectKBest has it."""
    x = RobustScaling.fit(rows.features, _LIMIT).apply(rows.features)
    weight = rows.weight / rows.weight.sum()
    x = x - weight @ x
    y = rows.target - weight @ rows.target
    spread = (weight @ x**2) * (weight @ y**2)
    together = (weight * y) @ x
    worth = together**2 / np.where(spread > 0.0, spread, 1.0)
    return np.asarray(worth, dtype=np.float64)


def gains(rows: TrainingRows, seed: int) -> Float64Array:
    """Training loss that splits on a feature saved, summed over all trees."""
    fitted = small_trees(rows, seed)
    if fitted is None:
        return np.zeros(rows.features.shape[1])
    return np.asarray(fitted.booster.feature_importance("gain"), dtype=np.float64)


def permutation(rows: TrainingRows, seed: int) -> Float64Array:
    """Loss on the newest rows when a feature's values are dealt out anew, mean of ten deals.

    The model is fitted on what was known before those rows. Breiman (2001), section 10.
    """
    width = rows.features.shape[1]
    older, newest = cut_by_time(rows, _JUDGED)
    fitted = small_trees(rows.take(older), seed) if len(older) else None
    if fitted is None:
        return np.zeros(width)
    judged = rows.take(newest)
    random = np.random.default_rng(seed)
    before = loss_of(fitted.score(judged.features), judged)
    used = np.flatnonzero(fitted.booster.feature_importance("split"))
    worth = np.zeros(width)
    for column in used:
        features = judged.features.copy()
        for _ in range(_REPEATS):
            features[:, column] = random.permutation(judged.features[:, column])
            worth[column] += (loss_of(fitted.score(features), judged) - before) / _REPEATS
    return worth


def shap(rows: TrainingRows, seed: int) -> Float64Array:
    """Mean size of exact Shapley values on the rows. Lundberg et al. (2020), TreeSHAP."""
    fitted = small_trees(rows, seed)
    if fitted is None:
        return np.zeros(rows.features.shape[1])
    values = fitted.booster.predict(held_finite(rows.features), pred_contrib=True, num_threads=1)
    return np.abs(np.asarray(values)[:, :-1]).mean(axis=0)


RANKINGS: Mapping[str, Ranking] = MappingProxyType(
    {"importance": gains, "kbest": kbest, "permutation": permutation, "shap": shap}
)
"""By name, as ``lines.selection.by`` has it; one line each."""
