"""What a fit may read: features, outcomes and weights of bars, and when each became known."""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.fills import EXIT_STOP, Costs
from edgekeeper.labels import (
    Labels,
    TaskLabels,
    TripleBarrier,
    against_peers,
    average_uniqueness,
    task_labels,
)
from edgekeeper.models import Outcomes
from edgekeeper.splits import PurgedKFold
from edgekeeper.types import Device, Float32Array, Float64Array, Int64Array, TrainingRows

__all__ = ["TrainingData", "barrier_of", "labels_hash", "seed_of"]

_TIE = 0.5


def barrier_of(config: Config) -> TripleBarrier:
    """Return the label rule of a configuration: the very brackets its orders carry."""
    labels = config.labels
    return TripleBarrier(
        horizon=labels.horizon_bars,
        target=labels.target,
        stop=labels.stop,
        costs=Costs(**config.costs.model_dump()),
    )


def labels_hash(config: Config) -> str:
    """SHA-256 of what makes outcomes what they are: brackets, and costs."""
    rule = [config.labels.model_dump(mode="json"), config.costs.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()


def seed_of(config_seed: int, recipe_hash: str, refit: int) -> int:
    """Seed of one fit: depends on the recipe and its place in the line, on nothing else."""
    text = f"{config_seed}:{recipe_hash}:{refit}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % (2**31 - 1)


@dataclass(frozen=True)
class TrainingData:
    """Features and outcomes of all bars so far; :meth:`known_rows` says what may be used when.

    Attributes
    ----------
    bars : Bars
    features : FeatureSet
    matrix : float32 [N, F]
    volatility : float64 [N]
    labels : Labels
        Of both sides of every bar, known when what learners are told of them is.
    tasks : TaskLabels
        The same as targets of learners.
    horizon : int
        Bars a trade is held at most.
    emphasis : float64 [N]
        How much a row counts with learners beside its weight.
    """

    bars: Bars
    features: FeatureSet
    matrix: Float32Array
    volatility: Float64Array
    labels: Labels
    tasks: TaskLabels
    horizon: int
    emphasis: Float64Array
    _span_first: Int64Array
    _span_last: Int64Array

    @classmethod
    def prepare(
        cls,
        bars: Bars,
        features: FeatureSet,
        config: Config,
        *,
        volatility: Float64Array | None = None,
        labels: Labels | None = None,
        target: Literal["direction", "relative"] = "direction",
    ) -> "TrainingData":
        """Compute what is not given. Nothing here is fitted, so nothing here can look ahead.

        ``target`` says what learners are told of an outcome: which side of a bar did better, or
        which symbols did better than the others, see :func:`labels.against_peers`. In the latter
        case a row counts as much as its outcome was far from its peers', in deviations of the
        horizon and up to one: told who did better alone, learners would take a hair's breadth for
        as good a lesson as a triumph (López de Prado 2018, 4.6).
        """
        if volatility is None:
            volatility = evaluate(config.labels.volatility, bars)
        if labels is None:
            labels = barrier_of(config).label(bars, volatility)
        tasks = task_labels(labels, config.labels.horizon_bars)
        emphasis = np.ones(len(bars))
        if target == "relative":
            labels, direction, distance = against_peers(labels, bars, volatility)
            tasks = replace(tasks, direction=direction)
            size = distance / math.sqrt(config.labels.horizon_bars)
            emphasis = np.where(np.isfinite(size), np.minimum(size, 1.0), 0.0)
        position = np.empty(len(bars), dtype=np.int64)
        position[bars.by_symbol] = np.arange(len(bars))
        held = labels.bars_held.max(axis=1).astype(np.int64)
        return cls(
            bars,
            features,
            features.matrix(bars),
            volatility,
            labels,
            tasks,
            config.labels.horizon_bars,
            emphasis,
            position + 1,
            position + np.maximum(held, 1),
        )

    def known_rows(self, now_ns: int, window_bars: int | None = None) -> Int64Array:
        """Rows whose outcomes, and those they are compared with, could be read by then.

        Oldest first.

        ``window_bars`` keeps only rows decided within that many instants before now.
        """
        instants = self.bars.instants
        last = int(np.searchsorted(instants, now_ns, side="right"))
        stop = int(self.bars.instant_offsets[last])
        start = 0
        if window_bars is not None and last > window_bars:
            start = int(self.bars.instant_offsets[last - window_bars])
        rows = np.arange(start, stop)
        labels = self.labels
        usable = (labels.end_time[rows] <= now_ns) & np.isfinite(labels.long_better[rows])
        return rows[usable & (self.volatility[rows] > 0.0)]

    def uniqueness(self, rows: Int64Array) -> Float64Array:
        """Share of each row's label that no other of these rows covers, in (0, 1]."""
        return average_uniqueness(self._span_first[rows], self._span_last[rows])

    def training_rows(
        self, rows: Int64Array, weight: Float64Array, device: Device = "cpu"
    ) -> TrainingRows:
        """What a learner may fit on, or stop by; rows in which nobody did better are left out.

        Parameters
        ----------
        rows : int64 [m]
        weight : float64 [N]
            Of each row alone. With its emphasis, and scaled to a mean of one: a learner's own
            penalties are meant for such rows.
        device : {"cpu", "cuda"}
            Where a learner that can is to calculate on them.
        """
        rows = self.decided(rows)
        taken = self.table.take(rows)
        weight = self.emphasised(weight)[rows]
        return replace(taken, weight=weight / weight.mean(), device=device)

    def decided(self, rows: Int64Array) -> Int64Array:
        """Those of the rows in which somebody did better."""
        return rows[self.tasks.direction[rows] != _TIE]

    def emphasised(self, weight: Float64Array) -> Float64Array:
        """Weights of all bars, as learners are given them: float64 [N]."""
        return weight * self.emphasis

    @cached_property
    def table(self) -> TrainingRows:
        """All bars as rows of weight 1, unknown outcomes NaN; the features are not copied."""
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitude = self.tasks.magnitude / (self.volatility * math.sqrt(self.horizon))
        return TrainingRows(
            features=self.matrix,
            target=self.tasks.direction,
            weight=np.ones(len(self.bars)),
            start_time=self.labels.start_time,
            end_time=self.labels.end_time,
            magnitude=magnitude,
            timing=self.tasks.timing,
            names=tuple(self.features.expressions),
            folds=PurgedKFold(),
        )

    def outcomes(self, rows: Int64Array) -> Outcomes:
        """How the trades of both sides of these rows ended."""
        labels = self.labels
        return Outcomes(
            net_return=labels.net_return[rows],
            stopped=(labels.exit_reason[rows] == EXIT_STOP).astype(np.float64),
            bars_held=labels.bars_held[rows].astype(np.float64),
        )
