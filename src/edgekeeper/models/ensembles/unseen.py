"""What members say about training rows that they have not seen.

Weights and meta-learners are learned from these scores alone: a member's word on rows it was
fitted on says how well it remembers.
"""

from typing import Protocol

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.ensembles.members import FittedMembers
from edgekeeper.models.learners.rows import cut_by_time
from edgekeeper.types import Float64Array, Int64Array, TrainingRows

__all__ = ["log_losses", "newest_unseen", "out_of_fold", "row_losses"]

_FEWEST = 50


class _Several(Protocol):
    def fit(
        self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int
    ) -> FittedMembers:
        """Fit all of them on the same rows."""
        ...


def out_of_fold(
    members: _Several, rows: TrainingRows, seed: int
) -> tuple[Int64Array, Float64Array] | None:
    """Score every row by members fitted on other folds, purged by ``rows.folds``.

    Returns
    -------
    (int64 [m], float64 [m, M]) or None
        Rows, oldest first, and the members' log-odds of them; None where no folds can be cut.
    """
    if rows.folds is None or len(rows) < _FEWEST:
        return None
    tested, scores = [], []
    try:
        for train, test in rows.folds.split(rows.start_time, rows.end_time):
            fitted = members.fit(rows.take(train), validation=None, seed=seed)
            tested.append(test)
            scores.append(fitted.scores(rows.features[test]))
    except UsageError:
        return None
    place = np.concatenate(tested)
    order = np.argsort(place, kind="stable")
    return place[order], np.concatenate(scores)[order]


def newest_unseen(
    members: _Several, rows: TrainingRows, share: float, seed: int
) -> tuple[Int64Array, Float64Array] | None:
    """Score the newest rows by members fitted on what was known before the first of them.

    Returns
    -------
    (int64 [m], float64 [m, M]) or None
        As :func:`out_of_fold`; None where there are too few rows for both.
    """
    if len(rows) < _FEWEST:
        return None
    older, newest = cut_by_time(rows, share)
    if len(older) < _FEWEST:
        return None
    fitted = members.fit(rows.take(older), validation=None, seed=seed)
    return newest, fitted.scores(rows.features[newest])


def row_losses(scores: Float64Array, target: Float64Array) -> Float64Array:
    """Log-loss of each row and member, ``[n, M]``."""
    return np.logaddexp(0.0, scores) - target[:, None] * scores


def log_losses(scores: Float64Array, target: Float64Array, weight: Float64Array) -> Float64Array:
    """Weighted mean log-loss of each member, ``[M]``."""
    return np.asarray(weight @ row_losses(scores, target) / weight.sum(), dtype=np.float64)
