"""Columns that know the future: one alone forecasts better than any honest one could.

A learner may need years to trust such a column enough to look implausible itself, and earns with it
meanwhile. The column gives itself away at once, whatever the learner.
"""

import numpy as np

from edgekeeper.stats.scores import auc
from edgekeeper.train.data import TrainingData
from edgekeeper.types import Int64Array

__all__ = ["clairvoyant_columns"]

_MOST_ROWS = 1_000
_FEWEST_ROWS = 100


def clairvoyant_columns(data: TrainingData, rows: Int64Array, ceiling: float) -> dict[str, float]:
    """Return the features that alone rank outcomes better than ``ceiling``, each with its AUC.

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
        if max(area, 1.0 - area) > ceiling:
            found[name] = max(area, 1.0 - area)
    return found
