"""One table of rows, fitted on again and again, each time on later ones: walk-forward."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from edgekeeper.types import Fitted, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["Windows", "share_windows"]


class Windows(Protocol):
    """A table prepared for fits on many of its windows."""

    def fit(
        self,
        place: Int64Array,
        weight: Float64Array,
        *,
        validation: Int64Array | None,
        seed: int,
    ) -> Fitted:
        """Fit on the rows at ``place``; ``weight`` is of all rows, ``validation`` later ones."""
        ...


class _EachAlone:
    """For learners that share nothing: every fit is one of its own."""

    def __init__(self, learner: Learner, table: TrainingRows) -> None:
        self._learner, self._table = learner, table

    def fit(
        self,
        place: Int64Array,
        weight: Float64Array,
        *,
        validation: Int64Array | None,
        seed: int,
    ) -> Fitted:
        table = replace(self._table, weight=weight)
        rows = table.take(place)
        later = None if validation is None else table.take(validation)
        return self._learner.fit(rows, validation=later, seed=seed)


def share_windows(learner: Learner, table: TrainingRows) -> Windows:
    """Prepare a table for fits on many windows of it, oldest first.

    A learner that can share work between overlapping windows offers ``windows(table)``. What it
    shares comes from rows of a window or of one before it, never from later ones. Rows of unknown
    outcome may be in the table as long as no window names them.

    Examples
    --------
    >>> import numpy as np
    >>> from edgekeeper.models.learners import Logistic
    >>> x = np.arange(8, dtype=np.float32)[:, None]
    >>> table = TrainingRows.of(x, (x[:, 0] > 2).astype(float), np.ones(8))
    >>> windows = share_windows(Logistic(), table)
    >>> fits = [
    ...     windows.fit(np.arange(k, k + 5), np.ones(8), validation=None, seed=0) for k in (0, 3)
    ... ]
    >>> [len(fit.score(x)) for fit in fits]
    [8, 8]
    """
    make: Callable[[TrainingRows], Windows] | None = getattr(learner, "windows", None)
    return _EachAlone(learner, table) if make is None else make(table)
