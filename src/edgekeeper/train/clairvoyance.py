"""Columns that know the future: one alone forecasts better than any honest one could.

A learner may need years to trust such a column enough to look implausible itself, and earns with it
meanwhile. The column gives itself away at once, whatever the learner.
"""

import math

import numpy as np

from edgekeeper.stats.calibration import effective_size
from edgekeeper.stats.scores import auc
from edgekeeper.train.data import TrainingData
from edgekeeper.types import Int64Array

__all__ = ["clairvoyant_columns"]

_MOST_ROWS = 1_000
_FEWEST_ROWS = 100
_ERRORS = 3.0


def clairvoyant_columns(data: TrainingData, rows: Int64Array, ceiling: float) -> dict[str, float]:
    """Return the features that alone surely rank outcomes better than ``ceiling``, with their AUC.

    Sure means by more than three standard errors: over a few dozen independent outcomes an honest
    column can look like a seer.

    Parameters
    ----------
    data : TrainingData
    rows : int64 [n]
        Rows that may be fitted on, of which at most 1,000 are read, evenly over time.
    ceiling : float
        Largest believable area under the curve, for either sign of the column.
    """
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
    target = data.labels.long_better[chosen]
    found = {}
    for place, name in enumerate(data.features.expressions):
        column = data.matrix[chosen, place].astype(np.float64)
        known = np.isfinite(column) & (target != 0.5)
        if known.sum() < _FEWEST_ROWS:
            continue
        area = auc(target[known] > 0.5, column[known])
        area = max(area, 1.0 - area)
        independent = effective_size(data.uniqueness(chosen[known]))
        if area - _ERRORS * _error_of(area, independent) > ceiling:
            found[name] = area
    return found


def _error_of(area: float, rows: float) -> float:
    """Standard error of an area under the curve over ``rows`` outcomes, half of each kind.

    Hanley & McNeil (1982), "The meaning and use of the area under a ROC curve".
    """
    above, below = area / (2.0 - area), 2.0 * area**2 / (1.0 + area)
    spread = (above - area**2) + (below - area**2)
    variance = (area * (1.0 - area) + (rows / 2.0 - 1.0) * spread) / (rows / 2.0) ** 2
    return math.sqrt(max(variance, 0.0))
