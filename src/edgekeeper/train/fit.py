"""One fit: learner on the oldest rows, early stopping on newer ones, heads on the newest."""

from collections.abc import Callable
from functools import partial

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
    placed,
    select_features,
)
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.learners import Windows
from edgekeeper.splits import InnerSplit, InnerSplitter
from edgekeeper.train.data import TrainingData
from edgekeeper.types import Device, Fitted, Float64Array, Int64Array, Learner

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
    intervals are calibrated on the newest 20 %, which the learner never saw. ``learner`` stands in
    for the one the recipe names, where that is on no shelf.

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
    windows: Windows | None = None,
) -> Callable[[], Model]:
    """Cut and prepare rows; what is returned does the rest of :func:`fit_model`, in any thread.

    ``windows`` fits in the learner's place on ``data.table``, for fits on many windows of it; a
    recipe with selection, scaling, augmentation or a device has its own rows and is fitted alone.

    Raises
    ------
    Refused, UsageError
        See :func:`fit_model`.
    """
    learner = learner or make_learner(line)
    where = _placed(learner, line)
    learner = _with_steps(learner, line)
    parts, weight = inner_parts(data, rows, line)
    oldest, later = (
        data.training_rows(part, weight, line.device) for part in (parts.fit, parts.stop)
    )
    parameters: dict[str, Json] = dict(learner.parameters())
    if line.device != "cpu":
        parameters["device"] = {"fitted_on": plain(where), "deterministic": False}
    features = data.features.expressions
    selection = None
    if line.selection is not None:
        selection = select_features(oldest, line.selection, seed=seed)
        parameters["selection"] = plain(line.selection.model_dump(mode="json"))
        parameters["stability"] = plain(selection.stability)
        oldest, later = selection.rows(oldest), selection.rows(later)
        features = {name: features[name] for name in oldest.names}
    alone = line.selection is not None or line.augmentation is not None or line.device != "cpu"
    if windows is None or alone:
        fit: Callable[[], Fitted] = partial(learner.fit, oldest, validation=later, seed=seed)
    else:
        fit = windows.ready(parts.fit, weight, validation=parts.stop, seed=seed)

    def finished() -> Model:
        fitted = fit()
        if found := getattr(fitted, "found", None):
            parameters["found"] = plain(found)
        return Model(
            features=features,
            volatility=config.labels.volatility,
            fitted=fitted,
            heads=_heads(fitted, data, parts.calibrate, weight, selection, config),
            reference=Reference.fit(oldest.features),
            learner=learner.name,
            parameters=parameters,
            seed=seed,
            selection=selection,
        )

    return finished


def _heads(
    fitted: Fitted,
    data: TrainingData,
    newest: Int64Array,
    weight: Float64Array,
    selection: Selection | None,
    config: Config,
) -> Heads:
    """Calibrate on rows that the learner never saw."""
    matrix = data.matrix[newest]
    return fit_heads(
        fitted.score(matrix if selection is None else selection.columns(matrix)),
        data.volatility[newest],
        data.outcomes(newest),
        weight[newest],
        horizon=config.labels.horizon_bars,
    )
