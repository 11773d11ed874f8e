"""From a fitted estimator, however nested, to its log-odds and its graph."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgekeeper.errors import Refused
from edgekeeper.models.estimators.part import Classifier, kind_of, probability
from edgekeeper.models.estimators.smooth import SMOOTH
from edgekeeper.models.estimators.transformers import TRANSFORMERS
from edgekeeper.models.estimators.trees import TREES
from edgekeeper.models.learners.draft import Draft, log_odds
from edgekeeper.types import Float64Array

__all__ = ["check_supported", "draw", "log_odds_of", "supported"]

_PIPELINE, _VOTE = "sklearn.Pipeline", "sklearn.VotingClassifier"
_CLASSIFIERS = {**SMOOTH, **TREES}


def supported() -> tuple[str, ...]:
    """Every kind of part that can be packaged."""
    return tuple(sorted({*TRANSFORMERS, *_CLASSIFIERS, _PIPELINE, _VOTE}))


def check_supported(estimator: Any) -> None:
    """Refuse an estimator, fitted or not, that has a part which cannot be packaged.

    Raises
    ------
    Refused
        Naming the part, and those that can.
    """
    for part, is_last in _parts(estimator):
        kind = kind_of(part)
        known = _CLASSIFIERS if is_last else TRANSFORMERS
        if kind not in known:
            role = "classifier" if is_last else "transformer"
            names = ", ".join(sorted(name.partition(".")[2] for name in known))
            raise Refused(
                f"{type(part).__name__}: expected a {role} that can be packaged, got {kind}: "
                f"use one of {names}"
            )


def _parts(estimator: Any) -> Iterator[tuple[Any, bool]]:
    """Every part that computes something, and whether it has to be a classifier."""
    kind = kind_of(estimator)
    if kind == _PIPELINE:
        for step in _transformers(estimator):
            yield step, False
        yield from _parts(estimator.steps[-1][1])
    elif kind == _VOTE:
        if estimator.voting != "soft":
            raise Refused(
                "VotingClassifier: expected voting='soft', got 'hard': a vote counts no odds"
            )
        for _, member in estimator.estimators:
            if member != "drop":
                yield from _parts(member)
    else:
        yield estimator, True


def _transformers(pipeline: Any) -> list[Any]:
    return [step for _, step in pipeline.steps[:-1] if step not in (None, "passthrough")]


def log_odds_of(estimator: Any, x: Float64Array) -> Float64Array:
    """Score float64 ``[n, F]`` by the library itself: log-odds, or the margin where it has none."""
    kind = kind_of(estimator)
    if kind == _PIPELINE:
        for step in _transformers(estimator):
            x = step.transform(x)
        return log_odds_of(estimator.steps[-1][1], x)
    if kind == _VOTE:
        return log_odds(probability(estimator, x))
    part = _CLASSIFIERS[kind]
    answer = part.answer(estimator, x)
    return log_odds(answer) if part.says == "probability" else answer


def draw(draft: Draft, estimator: Any, x: str) -> str:
    """Add the same to a graph, ``[n, 1]``."""
    output, says = _draw(draft, estimator, x)
    return draft.log_odds(output) if says == "probability" else output


def _draw(draft: Draft, estimator: Any, x: str) -> tuple[str, str]:
    kind = kind_of(estimator)
    if kind == _PIPELINE:
        for step in _transformers(estimator):
            x = TRANSFORMERS[kind_of(step)](draft, step, x)
        return _draw(draft, estimator.steps[-1][1], x)
    if kind == _VOTE:
        return _draw_vote(draft, estimator, x), "probability"
    part: Classifier = _CLASSIFIERS[kind]
    return part.draw(draft, estimator, x), part.says


def _draw_vote(draft: Draft, vote: Any, x: str) -> str:
    """Weighted mean of the members' probabilities."""
    weights = vote._weights_not_none or [1.0] * len(vote.estimators_)
    total = ""
    for member, weight in zip(vote.estimators_, weights, strict=True):
        output, says = _draw(draft, member, x)
        if says == "log-odds":
            output = draft.smooth("Sigmoid", output, 1)
        share = draft.add("Mul", output, float(weight) / float(np.sum(weights)))
        total = draft.add("Add", total, share) if total else share
    return total
