"""One model: learner on the oldest rows, early stopping on newer ones, heads on the newest.

A recipe may ask for a final fit on all of these rows, under the same heads, as scikit-learn's
``CalibratedClassifierCV(ensemble=False)`` has it: else the newest rows, nearly a third of what is
known, teach nothing but how far to believe the score.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import Refused, UsageError, nearest
from edgekeeper.models import (
    LEARNERS,
    Augmented,
    Heads,
    Model,
    Reference,
    Scaled,
    Selection,
    fit_heads,
    heads_for,
    placed,
    select_features,
)
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.learners import Windows
from edgekeeper.splits import InnerSplit, InnerSplitter
from edgekeeper.train.data import TrainingData
from edgekeeper.types import Device, Fitted, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["fit_model", "inner_parts", "make_learner", "ready_to_fit"]


def make_learner(line: LineConfig) -> Learner:
    """Build the learner a recipe names.

    Raises
    ------
    UsageError
        An unknown learner or parameter, naming the nearest known one; a value it cannot take; a
        device that it cannot use.
    """
    if line.learner not in LEARNERS:
        raise UsageError(
            f"lines.{line.name}.learner: unknown learner {line.learner!r}"
            f"{nearest(line.learner, LEARNERS)} (known: {', '.join(LEARNERS)})"
        )
    kind = LEARNERS[line.learner]
    known = kind().parameters()
    for name in line.parameters:
        if name not in known:
            raise UsageError(
                f"lines.{line.name}.parameters: {line.learner} has no parameter {name!r}"
                f"{nearest(name, known)} (known: {', '.join(known)})"
            )
    try:
        made = kind(**line.parameters)
    except TypeError as error:
        raise UsageError(
            f"lines.{line.name}.parameters: expected numbers as of {known}, got "
            f"{line.parameters}: {error}"
        ) from error
    _placed(made, line)
    return made


def _placed(learner: Learner, line: LineConfig) -> dict[str, Device]:
    """Where each part is fitted, see :func:`models.placed`; refuses a device that none can use."""
    where = placed(learner, line.device)
    if line.device not in where.values():
        able = [
            name
            for name, kind in LEARNERS.items()
            if line.device in placed(kind(), line.device).values()
        ]
        raise UsageError(
            f"lines.{line.name}.device: {learner.name} is fitted on the processor alone, got "
            f'"{line.device}": leave it out, or use {", ".join(able)}'
        )
    return where


def _with_steps(learner: Learner, line: LineConfig) -> Learner:
    """Put the line's scaling and augmentation before its learner."""
    if line.selection is not None and line.selection.scaling is not None:
        learner = Scaled(learner, line.selection.scaling)
    if line.augmentation is not None:
        learner = Augmented(learner, line.augmentation)
    return learner


def inner_parts(
    data: TrainingData, rows: Int64Array, line: LineConfig
) -> tuple[InnerSplit, Float64Array]:
    """Cut ``rows`` by time; return the parts, and the uniqueness of each of the rows, ``[N]``.

    Raises
    ------
    Refused
        Rows of too few instants to cut them in three.
    """
    try:
        parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    except UsageError as error:
        raise Refused(f"line {line.name}: {error}") from error
    weight = np.zeros(len(data.bars))
    weight[rows] = data.uniqueness(rows)
    return parts, weight


def fit_model(
    data: TrainingData,
    rows: Int64Array,
    line: LineConfig,
    config: Config,
    *,
    seed: int,
    learner: Learner | None = None,
) -> Model:
    """Fit a model on ``rows`` alone, split inside by time and purged by label end.

    The learner sees the oldest 70 %, stops early by the next 10 %; probabilities, returns and
    intervals are calibrated on the newest 20 %, which it never saw. With ``final_fit`` what
    forecasts under these heads is then fitted on all rows, or where the learner stops early on all
    but the newest 10 %.
    ``learner`` stands in for the one the recipe names, where that is on no shelf.

    Raises
    ------
    Refused
        Rows of too few instants to cut them in three.
    UsageError
        See :func:`make_learner`.
    """
    return ready_to_fit(data, rows, line, config, seed=seed, learner=learner)()


def ready_to_fit(
    data: TrainingData,
    rows: Int64Array,
    line: LineConfig,
    config: Config,
    *,
    seed: int,
    learner: Learner | None = None,
    windows: tuple[Windows, Windows] | None = None,
) -> Callable[[], Model]:
    """Cut and prepare rows; what is returned does the rest of :func:`fit_model`, in any thread.

    ``windows`` fit in the learner's place on ``data.table``, for fits on many windows of it: one
    for fits to calibrate on, one for those that forecast. A recipe with selection, scaling,
    augmentation or a device has its own rows and is fitted alone.

    Raises
    ------
    Refused, UsageError
        See :func:`fit_model`.
    """
    learner = learner or make_learner(line)
    where = _placed(learner, line)
    parts, weight = inner_parts(data, rows, line)
    stretches = [_Stretch(parts.fit, parts.stop, parts.calibrate)]
    if line.final_fit:
        stretches.append(_everything(learner, data, rows, parts.calibrate))
    learner = _with_steps(learner, line)
    parameters: dict[str, Json] = dict(learner.parameters())
    if line.device != "cpu":
        parameters["device"] = {"fitted_on": plain(where), "deterministic": False}
    features = data.features.expressions
    selection = None
    if line.selection is not None:
        oldest = data.training_rows(parts.fit, weight, line.device)
        selection = select_features(oldest, line.selection, seed=seed)
        parameters["selection"] = plain(line.selection.model_dump(mode="json"))
        parameters["stability"] = plain(selection.stability)
        features = {name: features[name] for name in selection.rows(oldest).names}
    table = _Table(data, weight, line.device, selection)
    if windows is None or line.selection or line.augmentation or line.device != "cpu":
        fits: list[Callable[[], Fitted]] = [
            partial(table.fit, learner, some, seed) for some in stretches
        ]
    else:
        told = data.emphasised(weight)
        fits = [
            shared.ready(some.fit, told, validation=some.stop, seed=seed)
            for shared, some in zip(windows, stretches, strict=False)
        ]

    def finished() -> Model:
        first, *final = (fit() for fit in fits)
        heads = table.heads(first, parts.calibrate, line, config)
        for fitted in final:
            scaled = stretches[-1].scaled
            score, time = table.score(fitted, scaled), data.bars.event_time[scaled]
            heads = heads_for(heads, score, weight[scaled], time)
        fitted = [first, *final][-1]
        if found := getattr(fitted, "found", None):
            parameters["found"] = plain(found)
        return Model(
            features=features,
            volatility=config.labels.volatility,
            fitted=fitted,
            heads=heads,
            reference=Reference.fit(table.rows(stretches[-1].fit).features),
            learner=learner.name,
            parameters=parameters,
            seed=seed,
            selection=selection,
        )

    return finished


class _Stretch(NamedTuple):
    """Rows of one fit: to fit on, to stop early by, and those that tell the scale of its score."""

    fit: Int64Array
    stop: Int64Array | None
    scaled: Int64Array


def _everything(
    learner: Learner, data: TrainingData, rows: Int64Array, newest: Int64Array
) -> _Stretch:
    """All rows; where a learner stops early, the newest of them only for that.

    Who never stops early has read all rows. The scale of its score is then that of rows it knows,
    a little larger than of others, and its forecasts keep a little closer to the mean.
    """
    if not getattr(learner, "stops_early", True):
        return _Stretch(rows, None, newest)
    fit, stop = InnerSplitter().whole(data.labels.start_time, data.labels.end_time, rows)
    return _Stretch(fit, stop, stop)


@dataclass(frozen=True, slots=True)
class _Table:
    """What one recipe sees of the data."""

    data: TrainingData
    weight: Float64Array
    device: Device
    selection: Selection | None

    def rows(self, part: Int64Array) -> TrainingRows:
        """Take rows to fit on, or to stop by."""
        taken = self.data.training_rows(part, self.weight, self.device)
        return taken if self.selection is None else self.selection.rows(taken)

    def fit(self, learner: Learner, some: _Stretch, seed: int) -> Fitted:
        later = None if some.stop is None else self.rows(some.stop)
        return learner.fit(self.rows(some.fit), validation=later, seed=seed)

    def score(self, fitted: Fitted, part: Int64Array) -> Float64Array:
        matrix = self.data.matrix[part]
        return fitted.score(matrix if self.selection is None else self.selection.columns(matrix))

    def heads(self, fitted: Fitted, newest: Int64Array, line: LineConfig, config: Config) -> Heads:
        """Calibrate on rows that the learner never saw."""
        relative = line.target == "relative"
        return fit_heads(
            self.score(fitted, newest),
            self.data.volatility[newest],
            self.data.outcomes(newest),
            self.weight[newest],
            horizon=config.labels.horizon_bars,
            event_time=self.data.bars.event_time[newest] if relative else None,
        )
