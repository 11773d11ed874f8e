"""Soft voting: several learners, the weighted mean of their chances."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgekeeper.errors import UsageError
from edgekeeper.models.ensembles.combined import Combined, MeanChance
from edgekeeper.models.ensembles.members import Members, numbers
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Learner, TrainingRows

__all__ = ["Vote"]


@dataclass(frozen=True)
class Vote:
    """Weighted mean of the members' chances, as log-odds.

    The weights are given, not learned, so nothing but the members is fitted.

    Parameters
    ----------
    members : str
        Names of learners, with commas between.
    weights : str
        One number each; empty: all alike.
    tilt : float
        Exponent of the weights: 0 makes all alike, 1 takes them as they are.
    settings : str
        Members' parameters: ``"random_forest.trees = 50, lightgbm.depth = 4"``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((500, 2)).astype(np.float32)
    >>> rows = TrainingRows.of(features, (features[:, 0] > 0).astype(float), np.ones(500))
    >>> vote = Vote(members="lightgbm, logistic", weights="1, 2", settings="lightgbm.rounds = 50")
    >>> score = vote.fit(rows, validation=None, seed=0).score(features)
    >>> bool(((score > 0) == (features[:, 0] > 0)).mean() > 0.9)
    True
    """

    members: str = "xgboost, random_forest, gradient_boosting, lightgbm"
    weights: str = "2, 1, 1, 1.5"
    tilt: float = 1.0
    settings: str = ""

    name = "vote"
    missing_values = "as each member has it"

    def __post_init__(self) -> None:
        numbers(self.weights, "vote.weights", len(self._members()))
        if not 0.0 <= self.tilt <= 10.0:
            raise UsageError(f"vote.tilt: expected 0 to 10, got {self.tilt!r}")

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
        return {"tilt": Span(0.0, 3.0)}

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _members(self) -> Members:
        return Members.parse(self.members, self.settings, "vote")

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit each member on all rows; ``validation`` is theirs to stop by.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        members = self._members()
        weights = numbers(self.weights, "vote.weights", len(members)) ** self.tilt
        return Combined(members.fit(rows, validation=validation, seed=seed), MeanChance(weights))
