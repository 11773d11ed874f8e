"""Recursive elimination: drop the least useful features, rank the rest anew, and so on.

Guyon et al. (2002), "Gene selection for cancer classification using support vector machines".
"""

from dataclasses import replace

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.learners.rows import smoothed_log_odds
from edgekeeper.models.selection.rankings import gains, loss_of, small_trees
from edgekeeper.types import Int64Array, TrainingRows

__all__ = ["eliminate", "eliminate_by_folds"]

_DROPPED = 0.15  # of what is left, at each step


def _with(rows: TrainingRows, columns: Int64Array) -> TrainingRows:
    return replace(rows, features=np.ascontiguousarray(rows.features[:, columns]), names=())


def _path(rows: TrainingRows, keep: int, seed: int) -> list[Int64Array]:
    """Shrinking sets of columns, all of them first, the last of size ``keep``."""
    columns = np.arange(rows.features.shape[1])
    path = [columns]
    while len(columns) > keep:
        worth = gains(_with(rows, columns), seed)
        size = max(keep, len(columns) - max(1, int(_DROPPED * len(columns))))
        columns = np.sort(columns[np.argsort(-worth, kind="stable")[:size]])
        path.append(columns)
    return path


def eliminate(rows: TrainingRows, keep: int, seed: int) -> Int64Array:
    """RFE: the ``keep`` columns left after dropping a seventh or so again and again."""
    return _path(rows, keep, seed)[-1]


def eliminate_by_folds(rows: TrainingRows, most: int, seed: int) -> Int64Array:
    """RFECV: as many columns, at most ``most``, as forecast purged folds best.

    Each fold eliminates on its own training rows; the sizes' mean losses choose the size. Where no
    folds can be cut, ``most`` columns stay.
    """
    sizes = [len(columns) for columns in _path_sizes(rows.features.shape[1])]
    losses = np.zeros(len(sizes))
    try:
        if rows.folds is None:
            return eliminate(rows, most, seed)
        for train, test in rows.folds.split(rows.start_time, rows.end_time):
            known, judged = rows.take(train), rows.take(test)
            for place, columns in enumerate(_path(known, 1, seed)):
                fitted = small_trees(_with(known, columns), seed)
                base = np.full(len(judged), smoothed_log_odds(known.target, known.weight))
                score = base if fitted is None else fitted.score(judged.features[:, columns])
                losses[place] += loss_of(score, judged)
    except UsageError:
        return eliminate(rows, most, seed)
    allowed = [place for place, size in enumerate(sizes) if size <= most]
    best = min(allowed, key=lambda place: losses[place])
    return eliminate(rows, sizes[best], seed)


def _path_sizes(width: int) -> list[range]:
    """The sizes that :func:`_path` goes through, down to 1."""
    sizes = [range(width)]
    while len(sizes[-1]) > 1:
        left = len(sizes[-1])
        sizes.append(range(max(1, left - max(1, int(_DROPPED * left)))))
    return sizes
