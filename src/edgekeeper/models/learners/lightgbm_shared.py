"""LightGBM with many configurations on the same rows, binned once."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from edgekeeper.models.learners.rows import smoothed_log_odds, training_rows
from edgekeeper.types import Float64Array, Learner, TrainingRows

__all__ = ["SharedBins"]

_MOST_TREES = 100
_PATIENCE = 5


class _Boosted(Learner, Protocol):
    rounds: int

    def options(self, rows: int, seed: int) -> dict[str, Any]:
        """What LightGBM is asked for."""
        ...


class SharedBins:
    """Rows binned for the first configuration, and kept for all with the same number of bins.

    Fits are short: at most 100 trees, and five without improvement end them.
    """

    def __init__(self, rows: TrainingRows, validation: TrainingRows) -> None:
        self._rows = training_rows(rows)
        self._validation = validation
        self._bins: int | None = None
        self._data: tuple[Any, Any] | None = None

    def score(self, learner: _Boosted, seed: int) -> Float64Array:
        """Fit until the validation rows stop improving; return their log-odds at the best tree."""
        x, y, w = self._rows.features, self._rows.target, self._rows.weight
        later = self._validation.features
        if y.min() == y.max() or not np.isfinite(x).any():
            return np.full(len(later), smoothed_log_odds(y, w))
        import lightgbm

        options = learner.options(len(y), seed) | {
            "feature_pre_filter": False,
            "metric": "binary_logloss",
        }
        data, held = self._binned(options)
        booster = lightgbm.Booster(options, data)
        booster.add_valid(held, "later")
        best, best_tree = np.inf, 0
        for tree in range(1, min(learner.rounds, _MOST_TREES) + 1):
            stopped = booster.update()
            loss = booster.eval_valid()[0][2]
            if loss < best:
                best, best_tree = loss, tree
            if stopped or tree - best_tree >= _PATIENCE:
                break
        raw = booster.predict(later, raw_score=True, num_iteration=max(best_tree, 1), num_threads=1)
        return np.asarray(raw, dtype=np.float64)

    def _binned(self, options: Mapping[str, Any]) -> tuple[Any, Any]:
        import lightgbm

        if self._data is None or self._bins != options["max_bin"]:
            rows = self._rows
            data = lightgbm.Dataset(
                rows.features, label=rows.target, weight=rows.weight, params=dict(options)
            ).construct()
            later = training_rows(self._validation, where="validation")
            held = data.create_valid(
                later.features, label=later.target, weight=later.weight, params=dict(options)
            )
            self._data, self._bins = (data, held.construct()), options["max_bin"]
        return self._data
