"""Averaging: several learners, several fits of each, the mean of their scores."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.ensembles.combined import Combined, MeanScore
from edgekeeper.models.ensembles.members import FittedMembers, Members, numbers
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Learner, TrainingRows

__all__ = ["Average"]

_SEEDS_APART = 1_000


@dataclass(frozen=True)
class Average:
    """Weighted mean of the members' log-odds.

    Against :class:`Vote`, a member that is sure counts for more: log-odds have no ceiling.

    Parameters
    ----------
    members : str
        Names of learners, with commas between.
    weights : str
        One number each; empty: all alike.
    fits : int
        Of each member, with other seeds: what chance made of a fit averages out.
    settings : str
        Members' parameters: ``"random_forest.trees = 50, lightgbm.depth = 4"``.

    Examples
    --------
    >>> Average(members="lightgbm", fits=3).parameters()["fits"]
    3
    """

    members: str = "lightgbm, logistic"
    weights: str = ""
    fits: int = 1
    settings: str = ""

    name = "average"
    missing_values = "as each member has it"

    def __post_init__(self) -> None:
        numbers(self.weights, "average.weights", len(self._members()))
        if self.fits < 1:
            raise UsageError(f"average.fits: expected 1 or more, got {self.fits!r}")

    @property
    def look_back(self) -> int:
        """Bars its members read, see :func:`models.learners.look_back_of`."""
        return self._members().look_back

    @property
    def catalogues(self) -> tuple[str, ...] | None:
        """Features it gets where nobody names others."""
        return self._members().catalogues

    @property
    def parts(self) -> tuple[Learner, ...]:
        """Its members, see :func:`models.learners.placed`."""
        return self._members().learners

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {"fits": Span(1, 4, whole=True)}

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _members(self) -> Members:
        return Members.parse(self.members, self.settings, "average")

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit each member on all rows; ``validation`` is theirs to stop by.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        members = self._members()
        weights = numbers(self.weights, "average.weights", len(members))
        fitted = [
            members.fit(rows, validation=validation, seed=seed + _SEEDS_APART * again)
            for again in range(self.fits)
        ]
        together = FittedMembers(tuple(one for fit in fitted for one in fit.fitted))
        return Combined(together, MeanScore(np.tile(weights, self.fits)))
