"""LightGBM on overlapping windows of one table, whose rows are binned once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.lightgbm_ranks import Ranks
from edgekeeper.models.learners.rows import smoothed_log_odds
from edgekeeper.types import Fitted, Float64Array, Int64Array, Learner, TrainingRows

if TYPE_CHECKING:
    from lightgbm import Dataset

__all__ = ["BinnedWindows"]

_SHARED = 0.5
_WORKED = {"feature_pre_filter": False, "force_row_wise": False, "force_col_wise": True}
"""How, not what: sums go column by column, which on one thread is faster and has the same bits."""


class _Trees(Protocol):
    def retold(self, tell: Callable[[str], str]) -> Fitted:
        """Return the same trees, their text told anew."""
        ...


class _Boosted(Learner, Protocol):
    def options(self, rows: int, seed: int) -> dict[str, Any]:
        """What LightGBM is asked for."""
        ...

    def boosted(self, options: dict[str, Any], data: "Dataset", later: "Dataset | None") -> _Trees:
        """Grow trees on binned rows, until the later ones stop improving."""
        ...


class BinnedWindows:
    """A table's features as bins of their ranks, whose edges are those of one of its windows.

    They are kept for later windows as long as half of a window's rows are among those they were
    taken from, and taken anew from the window where not. So they only ever come from the past,
    and a fit is that of the learner alone but for edges of other, somewhat older rows, and for
    zero, which LightGBM keeps in a bin of its own where values are below and above it.
    """

    def __init__(self, learner: _Boosted, table: TrainingRows) -> None:
        self._learner, self._table = learner, table
        self._edges_of: Int64Array = np.empty(0, dtype=np.int64)
        self._binned: tuple[Ranks, Dataset] | None = None

    def ready(
        self,
        place: Int64Array,
        weight: Float64Array,
        *,
        validation: Int64Array | None,
        seed: int,
    ) -> Callable[[], Fitted]:
        """Bin the rows; what is returned fits as :meth:`LightGBM.fit` does on the same rows.

        Raises
        ------
        BadData
            A window without a row of known winner and weight above zero.
        """
        place = self._usable(place, weight)
        if len(place) == 0:
            raise BadData("training: expected at least one row with a winner, got none")
        target = self._table.target[place]
        if target.min() == target.max() or not np.isfinite(self._table.features[place]).any():
            score = ConstantScore(smoothed_log_odds(target, weight[place] / weight[place].mean()))
            return lambda: score
        options = self._learner.options(len(place), seed) | _WORKED
        ranks, data = self._bins_for(place, options, seed)
        rows, later = _part(data, place, weight, options), None
        if validation is not None:
            later = _part(data, self._usable(validation, weight), weight, options)

        def grow() -> Fitted:
            return self._learner.boosted(options, rows, later).retold(ranks.told_in_values)

        return grow

    def _usable(self, place: Int64Array, weight: Float64Array) -> Int64Array:
        """Rows that have a winner and count."""
        target = self._table.target[place]
        return place[((target == 0.0) | (target == 1.0)) & (weight[place] > 0.0)]

    def _bins_for(
        self, place: Int64Array, options: dict[str, Any], seed: int
    ) -> tuple[Ranks, "Dataset"]:
        import lightgbm

        known = np.intersect1d(place, self._edges_of, assume_unique=True)
        if self._binned is None or len(known) < _SHARED * len(place):
            table, self._edges_of = self._table, place
            ranks, drawn = Ranks.of_some(table.features[place], seed)
            edges = lightgbm.Dataset(drawn, params=options).construct()
            target = np.nan_to_num(table.target, nan=0.5)
            data = lightgbm.Dataset(
                ranks.of(table.features), label=target, reference=edges, params=options
            )
            self._binned = ranks, data.construct()
        return self._binned


def _part(
    data: "Dataset", place: Int64Array, weight: Float64Array, options: dict[str, Any]
) -> "Dataset":
    part = data.subset(place.tolist(), params=options).construct()
    return part.set_weight(weight[place] / weight[place].mean())
