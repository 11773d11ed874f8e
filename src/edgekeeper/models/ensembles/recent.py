"""Weights by recent performance: who forecast the last stretch better counts for more."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.models.canonical import plain
from edgekeeper.models.ensembles.combined import Combined, MeanChance
from edgekeeper.models.ensembles.members import Members
from edgekeeper.models.ensembles.unseen import log_losses, newest_unseen
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["Recent", "softened"]


def softened(losses: Float64Array, sharpness: float) -> Float64Array:
    """Weights that fall with losses: ``exp(-sharpness * (loss - least))``, of sum 1.

    Examples
    --------
    >>> softened(np.array([0.69, 0.69]), 50.0).tolist()
    [0.5, 0.5]
    """
    weights = np.exp(-sharpness * (losses - losses.min(axis=-1, keepdims=True)))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float64)


def faded(start: Int64Array, half_life: float) -> Float64Array:
    """Weight of each row by age: half for every ``half_life`` instants, 1 for the newest."""
    instants, instant = np.unique(start, return_inverse=True)
    return np.asarray(0.5 ** ((len(instants) - 1 - instant) / half_life), dtype=np.float64)


@dataclass(frozen=True)
class Recent:
    """Soft vote whose weights are learned from the newest outcomes known at the fit.

    Members fitted on the older rows forecast the newest, a share ``judged`` of all; a member's
    weight is ``exp(-sharpness * loss)``, its log-loss there fading by half every ``half_life``
    instants.
    All are then fitted again on all rows. Weights change with each refit, never in between: a
    package is one function. Too few rows to judge give equal weights.

    Parameters
    ----------
    members : str
        Names of learners, with commas between.
    judged : float
        Of the rows, newest, by which the members are judged.
    half_life : float
        In instants.
    sharpness : float
        0 makes all alike; at 50, .01 of log-loss costs 40 % of the weight.
    settings : str
        Members' parameters: ``"random_forest.trees = 50, lightgbm.depth = 4"``.

    Examples
    --------
    >>> Recent(half_life=20.0).parameters()["half_life"]
    20.0
    """

    members: str = "lightgbm, xgboost, logistic"
    judged: float = 0.3
    half_life: float = 63.0
    sharpness: float = 50.0
    settings: str = ""

    name = "recent"
    missing_values = "as each member has it"

    def __post_init__(self) -> None:
        self._members()
        if not (0.0 < self.judged < 1.0 and self.half_life > 0.0 and self.sharpness >= 0.0):
            raise UsageError(
                "recent: expected judged within (0, 1), a positive half-life and a sharpness of "
                "zero or more"
            )

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
        return {"half_life": Span(10.0, 250.0, log=True), "sharpness": Span(5.0, 500.0, log=True)}

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _members(self) -> Members:
        return Members.parse(self.members, self.settings, "recent")

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` is the members' to stop by, the weights do not read it.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        members = self._members()
        weights = np.full(len(members), 1.0 / len(members))
        unseen = newest_unseen(members, rows, self.judged, seed)
        if unseen is not None:
            place, scores = unseen
            age = faded(rows.start_time[place], self.half_life)
            losses = log_losses(scores, rows.target[place], rows.weight[place] * age)
            weights = softened(losses, self.sharpness)
        fitted = members.fit(rows, validation=validation, seed=seed)
        return Combined(fitted, MeanChance(weights), {"weights": plain(weights)})
