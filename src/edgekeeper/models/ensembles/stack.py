"""Stacking: a small meta-learner over members' forecasts of rows they have not seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from edgekeeper.models.ensembles.combined import Combined, MeanScore, Rule
from edgekeeper.models.ensembles.members import Members
from edgekeeper.models.ensembles.meta import Meta, gridded
from edgekeeper.models.ensembles.unseen import out_of_fold
from edgekeeper.models.learners import XGBoost
from edgekeeper.models.learners.draft import fit_drawn
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Learner, TrainingRows

__all__ = ["Stack"]


@dataclass(frozen=True)
class Stack:
    """XGBoost of few small trees over the members' log-odds.

    It is fitted on out-of-fold forecasts, each by members that saw neither the row nor any whose
    outcome overlaps it; the members are then fitted again on all rows. Rows that cannot be cut
    into folds give the plain mean of the members, and the package says so: ``found.stacked``.

    Parameters
    ----------
    members : str
        Names of learners, with commas between.
    rounds, depth, learning_rate : int, int, float
        Of the meta-learner.
    settings : str
        Members' parameters: ``"random_forest.trees = 50, lightgbm.depth = 4"``.

    Notes
    -----
    Wolpert (1992), "Stacked generalization".

    Examples
    --------
    >>> Stack(members="lightgbm, logistic").name
    'stack'
    """

    members: str = "lightgbm, xgboost, logistic"
    rounds: int = 30
    depth: int = 2
    learning_rate: float = 0.1
    settings: str = ""

    name = "stack"
    missing_values = "as each member has it"

    def __post_init__(self) -> None:
        self._members()
        self._meta()

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
        """Its members and the meta-learner, see :func:`models.learners.placed`."""
        return (*self._members().learners, self._meta())

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {
            "rounds": Span(10, 60, whole=True),
            "depth": Span(1, 3, whole=True),
            "learning_rate": Span(0.03, 0.2, log=True),
        }

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _members(self) -> Members:
        return Members.parse(self.members, self.settings, "stack")

    def _meta(self) -> XGBoost:
        return XGBoost(
            rounds=self.rounds,
            depth=self.depth,
            learning_rate=self.learning_rate,
            row_share=0.8,
            feature_share=1.0,
            child_weight=30.0,
        )

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` is the members' to stop by, the meta-learner does not read it.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        members = self._members()
        unseen = out_of_fold(members, rows, seed)
        fitted = members.fit(rows, validation=validation, seed=seed)
        rule: Rule = MeanScore(np.ones(len(members)))
        if unseen is not None:
            place, scores = unseen
            asked = replace(rows.take(place), features=gridded(scores), names=members.names)
            rule = Meta(fit_drawn(self._meta(), asked, None, seed))
        return Combined(fitted, rule, {"stacked": unseen is not None})
