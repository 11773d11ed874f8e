"""The rows a search is scored on: each fold fits on its past, and is cut in blocks of time."""

import math
from collections.abc import Sequence
from queue import Empty, SimpleQueue

import numpy as np

from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import LEARNERS, share_fits
from edgekeeper.models.learners import SharedFits
from edgekeeper.splits import WalkForward
from edgekeeper.train.data import TrainingData
from edgekeeper.train.fit import inner_parts
from edgekeeper.train.trial import FoldScore
from edgekeeper.types import Float64Array, Int64Array, Learner

__all__ = ["SearchFold", "newest_fold", "walk_forward_folds"]


class SearchFold:
    """Rows to fit on and later ones to be scored on, shared by all configurations of a learner.

    Parameters
    ----------
    data : TrainingData
    line : LineConfig
    fit, later : int64 [n], int64 [m]
    weight : float64 [N]
    horizon : int
        Instants in a block.
    """

    def __init__(
        self,
        data: TrainingData,
        line: LineConfig,
        fit: Int64Array,
        later: Int64Array,
        weight: Float64Array,
        horizon: int,
    ) -> None:
        self._kind = LEARNERS[line.learner]
        self._rows = data.training_rows(fit, weight, line.device)
        self._later = data.training_rows(later, weight, line.device)
        later = data.decided(later)
        self._target = data.tasks.direction[later]
        self._weight = data.emphasised(weight)[later]
        self._block = _blocks(data, later, horizon)
        # What configurations share is not made for several threads: each worker has its own.
        self._idle: SimpleQueue[SharedFits] = SimpleQueue()

    def score(self, learner: Learner, seed: int) -> FoldScore:
        """Fit one configuration and score it; safe to call from several threads."""
        shared = self._borrow()
        try:
            raw = shared.score(learner, seed)
        finally:
            self._idle.put(shared)
        target, weight = self._target, self._weight
        loss = np.logaddexp(0.0, raw) - target * raw
        total = float(weight.sum())
        excess = loss - math.log(2.0)
        return FoldScore(
            float(weight @ loss / total), total, _by_block(excess, weight, self._block)
        )

    def _borrow(self) -> SharedFits:
        try:
            return self._idle.get_nowait()
        except Empty:
            return share_fits(self._kind, self._rows, self._later)


def newest_fold(
    data: TrainingData, rows: Int64Array, line: LineConfig, rule: SearchConfig, config: Config,
    random: np.random.Generator,
) -> SearchFold:  # fmt: skip
    """One fold: the oldest 70 % of the rows, and the 10 % after them."""
    parts, weight = inner_parts(data, rows, line)
    fit = _thinned(random, parts.fit, rule.rows)
    later = _thinned(random, parts.stop, rule.rows // 2)
    return SearchFold(data, line, fit, later, weight, config.labels.horizon_bars)


def walk_forward_folds(
    data: TrainingData, rows: Int64Array, line: LineConfig, rule: SearchConfig, config: Config,
    random: np.random.Generator,
) -> Sequence[SearchFold]:  # fmt: skip
    """Several folds over the same 80 %, each fitted on purged rows before it.

    Raises
    ------
    Refused
        Rows of too few instants for so many folds.
    """
    parts, weight = inner_parts(data, rows, line)
    pool = np.sort(np.concatenate([parts.fit, parts.stop]))
    start, end = data.labels.start_time[pool], data.labels.end_time[pool]
    try:
        cut = list(WalkForward(folds=rule.folds, initial=0.4).split(start, end))
    except UsageError as error:
        raise Refused(f"line {line.name}: search.folds: {error}") from error
    return [
        SearchFold(
            data,
            line,
            _thinned(random, pool[fit], rule.rows),
            _thinned(random, pool[later], rule.rows // 2),
            weight,
            config.labels.horizon_bars,
        )
        for fit, later in cut
    ]


def _thinned(random: np.random.Generator, rows: Int64Array, most: int) -> Int64Array:
    """One row at random out of each of ``most`` stretches of equal length, in order."""
    if len(rows) <= most:
        return rows
    edges = np.linspace(0.0, len(rows), most + 1)
    place = edges[:-1] + random.random(most) * np.diff(edges)
    return rows[np.minimum(place.astype(np.int64), len(rows) - 1)]


def _blocks(data: TrainingData, rows: Int64Array, horizon: int) -> Int64Array:
    """Number each row's stretch of ``horizon`` instants, from 0: labels of two overlap little."""
    instant = np.searchsorted(data.bars.instants, data.labels.start_time[rows])
    return (instant - instant.min()) // horizon


def _by_block(values: Float64Array, weight: Float64Array, block: Int64Array) -> Float64Array:
    """Weighted mean of each block."""
    sums = np.bincount(block, weights=values * weight)
    weights = np.bincount(block, weights=weight)
    return sums[weights > 0.0] / weights[weights > 0.0]
