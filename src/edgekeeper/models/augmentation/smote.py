"""SMOTE: new rows between neighbours of the rarer class, so that both classes are as frequent.

Chawla et al. (2002), "SMOTE: synthetic minority over-sampling technique".
"""

from dataclasses import replace

import numpy as np

from edgekeeper.config import AugmentationConfig
from edgekeeper.errors import UsageError
from edgekeeper.models.augmentation.appended import appended
from edgekeeper.models.learners.rows import held_finite
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.types import TrainingRows

__all__ = ["smote"]

_STRETCHES = 10
_LIMIT = 10.0


def smote(rows: TrainingRows, rule: AugmentationConfig, *, seed: int) -> TrainingRows:
    """Fill up the rarer class, stretch of time by stretch of time.

    A new row mixes two rows of one tenth of the history, so it takes that whole tenth for its
    interval: wherever rows are cut by time later, it is purged with either parent. It weighs what
    the rarer class of its stretch weighs on average. Distances are in scaled deviations held
    within ten; a gap counts as the median, and new rows have none.

    Raises
    ------
    UsageError
        imbalanced-learn is not installed.
    """
    scaling = RobustScaling.fit(held_finite(rows.features), _LIMIT)
    stretches = np.array_split(np.argsort(rows.start_time, kind="stable"), _STRETCHES)
    made = [
        _between_neighbours(rows.take(part), scaling, rule.neighbours, seed + place)
        for place, part in enumerate(stretches)
    ]
    return appended(rows, [part for part in made if part is not None])


def _between_neighbours(
    rows: TrainingRows, scaling: RobustScaling, neighbours: int, seed: int
) -> TrainingRows | None:
    """New rows for one stretch; None where it is balanced or the rarer class has too few."""
    ones = int(rows.target.sum())
    rare = min(ones, len(rows) - ones)
    if rare <= neighbours or 2 * rare == len(rows):
        return None
    try:
        from imblearn.over_sampling import SMOTE
    except ImportError as error:
        raise UsageError(
            "augmentation by SMOTE needs imbalanced-learn: pip install 'edgekeeper[augment]'"
        ) from error
    known = scaling.apply(held_finite(rows.features))
    maker = SMOTE(k_neighbors=neighbours, random_state=seed % (2**32))
    scaled, target = maker.fit_resample(known, rows.target.astype(np.int64))
    new = np.asarray(scaled[len(rows) :]) * scaling.scale + scaling.centre
    made = np.asarray(target[len(rows) :], dtype=np.float64)
    alike = rows.target == made[0]
    count = len(made)
    return replace(
        rows,
        features=new.astype(np.float32),
        target=made,
        weight=np.full(count, rows.weight[alike].mean()),
        start_time=np.full(count, rows.start_time.min()),
        end_time=np.full(count, rows.end_time.max()),
        magnitude=np.full(count, np.nan),  # a mixture has no outcome of its own
        timing=np.full(count, np.nan),
    )
