"""Component scores (technical, news, volume, risk), and how much each counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from edgekeeper.errors import UsageError, nearest
from edgekeeper.models.canonical import plain
from edgekeeper.models.ensembles.by_regime import ByRegime
from edgekeeper.models.ensembles.combined import Combined, MeanChance, MeanScore, Rule
from edgekeeper.models.ensembles.groups import Groups, grouped
from edgekeeper.models.ensembles.members import FittedMembers, Members, numbers
from edgekeeper.models.ensembles.meta import Meta, meta_features
from edgekeeper.models.ensembles.unseen import out_of_fold
from edgekeeper.models.learners import SVM, Logistic, RandomForest
from edgekeeper.models.learners.draft import fit_drawn
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.models.learners.space import Span
from edgekeeper.types import Fitted, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["Components"]

_ORDER = ("technical", "news", "volume", "risk")
_HOW = ("learned", "static", "regime")
_RANGING, _VOLATILE = 0.5, 1.5  # edges of `regime(n)`: 0 ranging, 1 trending, 2 volatile


@dataclass(frozen=True)
class Components:
    """One score for each component of the features, combined in one of three ways.

    ``learned``: random forest, logistic regression and SVM over the component scores, volatility
    and trend; they are fitted on out-of-fold scores, and their chances averaged. ``static``: fixed
    weights. ``regime``: fixed weights for each kind of market, the static ones where it is not
    known. Features go to components by their names; a component without features is left out and
    the weights of the others are scaled up. Where no folds can be cut, ``learned`` is ``static``,
    and the package says so: ``found.learned``.

    Parameters
    ----------
    how : {"learned", "static", "regime"}
    learner : str
        Of the component scores.
    static, volatile, trending, sideways : str
        Weights of technical, news, volume and risk; the last three by regime.
    column : str
        Feature with the regime: 0 ranging, 1 trending, 2 volatile.
    volatility, trend : str
        Features that the learned combination sees beside the scores, where the line has them.
    trees, depth : int
        Of the forest that combines.

    Examples
    --------
    >>> Components(how="static").parameters()["static"]
    '.4, .3, .2, .1'
    """

    how: str = "learned"
    learner: str = "logistic"
    static: str = ".4, .3, .2, .1"
    volatile: str = ".3, .1, .4, .2"
    trending: str = ".5, .3, .2, 0"
    sideways: str = ".4, .4, .1, .1"
    column: str = "regime_label"
    volatility: str = "realised_20"
    trend: str = "trend_r2_20"
    trees: int = 40
    depth: int = 4

    name = "components"
    missing_values = "as the learner of the component scores has it"

    def __post_init__(self) -> None:
        if self.how not in _HOW:
            raise UsageError(
                f"components.how: expected one of {_HOW}, got {self.how!r}{nearest(self.how, _HOW)}"
            )
        bars = Members.parse(self.learner, "", "components").look_back
        if bars > 1:
            raise UsageError(
                f"components.learner: expected one that reads a bar at a time, got {self.learner!r}"
                f", which reads {bars}: make it a member of another ensemble"
            )
        self._forest()
        for name in ("static", "volatile", "trending", "sideways"):
            numbers(getattr(self, name), f"components.{name}", len(_ORDER))

    @property
    def parts(self) -> tuple[Learner, ...]:
        """What it is fitted of, see :func:`models.learners.placed`."""
        return (*Members.parse(self.learner, "", "components").learners, *self._combining())

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return what tuning may change, and how far."""
        return {"trees": Span(20, 100, whole=True), "depth": Span(2, 6, whole=True)}

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit."""
        return asdict(self)

    def _forest(self) -> RandomForest:
        return RandomForest(trees=self.trees, depth=self.depth, feature_share=0.5)

    def _combining(self) -> tuple[Learner, ...]:
        return (self._forest(), Logistic(), SVM(landmarks=50)) if self.how == "learned" else ()

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` is the learner's to stop by, the combination does not read it.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        """
        rows = training_rows(rows)
        columns = grouped(rows.names, rows.features.shape[1])
        made = Members.parse(self.learner, "", "components").learners[0]
        groups = Groups(made, tuple(columns.values()))
        kept = [_ORDER.index(name) for name in columns]
        rule: Rule | None = None
        if self.how == "learned":
            rule = self._learned(groups, rows, seed)
        elif self.how == "regime" and self.column in rows.names:
            rule = self._by_regime(kept, rows.names.index(self.column))
        found = {"components": plain(list(columns)), "learned": isinstance(rule, Meta)}
        fitted = groups.fit(rows, validation=validation, seed=seed)
        return Combined(fitted, rule or MeanScore(self._weights("static", kept)), found)

    def _weights(self, name: str, kept: list[int]) -> Float64Array:
        weights = numbers(getattr(self, name), name, len(_ORDER))[kept]
        return weights / weights.sum() if weights.any() else np.full(len(kept), 1.0 / len(kept))

    def _by_regime(self, kept: list[int], column: int) -> ByRegime:
        table = [self._weights(name, kept) for name in ("sideways", "trending", "volatile")]
        edges = np.array([_RANGING, _VOLATILE])
        return ByRegime(column, edges, np.array(table), self._weights("static", kept))

    def _learned(self, groups: Groups, rows: TrainingRows, seed: int) -> Meta | None:
        unseen = out_of_fold(groups, rows, seed)
        if unseen is None:
            return None
        place, scores = unseen
        beside = [n for n in (self.volatility, self.trend) if n in rows.names]
        columns: Int64Array = np.array([rows.names.index(n) for n in beside], dtype=np.int64)
        seen = rows.take(place)
        asked = replace(seen, features=meta_features(scores, seen.features, columns), names=())
        three = self._combining()
        fitted = tuple(fit_drawn(one, asked, None, seed + i) for i, one in enumerate(three))
        return Meta(Combined(FittedMembers(fitted), MeanChance(np.ones(len(three)))), columns)
