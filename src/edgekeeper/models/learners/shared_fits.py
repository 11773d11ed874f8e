"""Many configurations of one learner on the same rows: what they share is made once."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from edgekeeper.models.learners.contract import LearnerClass
from edgekeeper.types import Float64Array, Learner, TrainingRows

__all__ = ["SharedFits", "share_fits"]


class SharedFits(Protocol):
    """Rows prepared once, to be fitted on with one configuration after the other."""

    def score(self, learner: Learner, seed: int) -> Float64Array:
        """Fit, and return the log-odds of the validation rows."""
        ...


class _EachAlone:
    """For learners that share nothing."""

    def __init__(self, rows: TrainingRows, validation: TrainingRows) -> None:
        self._rows, self._validation = rows, validation

    def score(self, learner: Learner, seed: int) -> Float64Array:
        fitted = learner.fit(self._rows, validation=self._validation, seed=seed)
        return np.asarray(fitted.score(self._validation.features), dtype=np.float64)


def share_fits(kind: LearnerClass, rows: TrainingRows, validation: TrainingRows) -> SharedFits:
    """Prepare rows for many fits; a class that can share work offers ``share(rows, validation)``.

    Bin edges, centres and scales come from ``rows`` alone. Shared fits may be shorter than a
    learner's own: they rank configurations, nobody trades them.
    """
    share: Callable[[TrainingRows, TrainingRows], SharedFits] = getattr(kind, "share", _EachAlone)
    return share(rows, validation)
