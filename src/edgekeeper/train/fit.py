"""One fit: learner on the oldest rows, early stopping on newer ones, heads on the newest."""

import numpy as np

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import Refused, UsageError, nearest
from edgekeeper.models import LEARNERS, Model, Reference, fit_heads
from edgekeeper.splits import InnerSplit, InnerSplitter
from edgekeeper.train.data import TrainingData
from edgekeeper.types import Float64Array, Int64Array, Learner

__all__ = ["fit_model", "inner_parts", "make_learner"]


def make_learner(line: LineConfig) -> Learner:
    """Build the learner a recipe names.

    Raises
    ------
    UsageError
        An unknown learner or parameter, naming the nearest known one; a value it cannot take.
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
        return kind(**line.parameters)
    except TypeError as error:
        raise UsageError(
            f"lines.{line.name}.parameters: expected numbers as of {known}, got "
            f"{line.parameters}: {error}"
        ) from error


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
    learner = learner or make_learner(line)
    parts, weight = inner_parts(data, rows, line)
    oldest = data.training_rows(parts.fit, weight)
    fitted = learner.fit(oldest, validation=data.training_rows(parts.stop, weight), seed=seed)
    calibrate = parts.calibrate
    heads = fit_heads(
        fitted.score(data.matrix[calibrate]),
        data.volatility[calibrate],
        data.outcomes(calibrate),
        weight[calibrate],
        horizon=config.labels.horizon_bars,
    )
    return Model(
        features=data.features.expressions,
        volatility=config.labels.volatility,
        fitted=fitted,
        heads=heads,
        reference=Reference.fit(oldest.features),
        learner=learner.name,
        parameters=learner.parameters(),
        seed=seed,
    )
