"""Weights by regime, or switching: another mix of members for each kind of market."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError, nearest
from edgekeeper.models.canonical import plain
from edgekeeper.models.ensembles.by_regime import ByRegime, regime_edges
from edgekeeper.models.ensembles.combined import Combined
from edgekeeper.models.ensembles.members import Members
from edgekeeper.models.ensembles.recent import softened
from edgekeeper.models.ensembles.unseen import out_of_fold, row_losses
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Float64Array, Learner, TrainingRows

__all__ = ["Regime"]


@dataclass(frozen=True)
class Regime:
    """Mean of log-odds with weights learned for each regime, or its best member alone.

    The regime is a feature of the line, by name. A member's weight in a regime is
    ``exp(-sharpness * loss)``, the loss that of its out-of-fold forecasts of rows of that regime,
    drawn towards its loss over all rows as if ``prior`` more of those had been seen. Where the
    line has no such feature, or a row no value of it, ``default`` decides.

    Parameters
    ----------
    members : str
        Names of learners, with commas between.
    column : str
        Name of the feature. Up to eight values are as many regimes; more are cut at terciles.
    default : str
        A member; empty: all members with the weights they have over all rows.
    switch : bool
        Only the best member of each regime counts.
    sharpness : float
        0 makes all alike; at 50, .01 of log-loss costs 40 % of the weight.
    prior : float
        Rows.
    settings : str
        Members' parameters: ``"random_forest.trees = 50, lightgbm.depth = 4"``.

    Examples
    --------
    >>> Regime(members="lightgbm, logistic", default="logistic", switch=True).switch
    True
    """

    members: str = "lightgbm, logistic"
    column: str = "regime_label"
    default: str = ""
    switch: bool = False
    sharpness: float = 50.0
    prior: float = 500.0
    settings: str = ""

    name = "regime"
    missing_values = "as each member has it; without a regime, the default decides"

    def __post_init__(self) -> None:
        names = self._members().names
        if self.default and self.default not in names:
            raise UsageError(
                f"regime.default: expected one of the members, got {self.default!r}"
                f"{nearest(self.default, names)}"
            )
        if not (self.sharpness >= 0.0 and self.prior > 0.0 and self.column):
            raise UsageError("regime: expected a column, a prior above 0, a sharpness not below 0")

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
        return {"sharpness": Span(5.0, 500.0, log=True), "prior": Span(50.0, 5_000.0, log=True)}

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _members(self) -> Members:
        return Members.parse(self.members, self.settings, "regime")

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` is the members' to stop by, the weights do not read it.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        members = self._members()
        rule = self._rule(members, rows, seed)
        found = {"regimes": plain(rule.weights), "edges": plain(rule.edges)}
        fitted = members.fit(rows, validation=validation, seed=seed)
        return Combined(fitted, rule, {**found, "default": plain(rule.default)})

    def _rule(self, members: Members, rows: TrainingRows, seed: int) -> ByRegime:
        column = rows.names.index(self.column) if self.column in rows.names else None
        chosen = np.array([float(name == self.default) for name in members.names])
        alike = np.full(len(members), 1.0 / len(members))
        default = chosen / chosen.sum() if self.default else alike
        asks = column is not None or not self.default
        unseen = out_of_fold(members, rows, seed) if asks else None
        if unseen is None:
            return ByRegime(None, np.empty(0), default[None], default)
        place, scores = unseen
        losses = row_losses(scores, rows.target[place])
        weight = rows.weight[place]
        overall = np.asarray(weight @ losses / weight.sum(), dtype=np.float64)
        if not self.default:
            default = self._weights(overall)
        if column is None:
            return ByRegime(None, np.empty(0), default[None], default)
        edges = regime_edges(rows.features[:, column])
        blank = np.zeros((len(edges) + 1, len(members)))
        regime = ByRegime(column, edges, blank, default).regimes(rows.features[place])
        means = np.array(
            [
                (weight[regime == k] @ losses[regime == k] + self.prior * overall)
                / (weight[regime == k].sum() + self.prior)
                for k in range(len(edges) + 1)
            ]
        )
        return ByRegime(column, edges, self._weights(means), default)

    def _weights(self, losses: Float64Array) -> Float64Array:
        if self.switch:
            best = losses.argmin(axis=-1)
            return np.eye(losses.shape[-1])[best]
        return softened(losses, self.sharpness)
