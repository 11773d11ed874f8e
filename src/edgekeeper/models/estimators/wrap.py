"""Any scikit-learn classifier as a learner, through folds, calibration and packaging."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.errors import Refused, UsageError
from edgekeeper.models.canonical import Json, plain
from edgekeeper.models.estimators.compose import check_supported, draw, log_odds_of
from edgekeeper.models.estimators.part import kind_of
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.draft import Draft, graph_of
from edgekeeper.models.learners.rows import (
    LARGEST,
    held_finite,
    smoothed_log_odds,
    training_rows,
)
from edgekeeper.models.learners.space import Span
from edgekeeper.models.sums import summed_in_order
from edgekeeper.types import Fitted, Float32Array, Float64Array, TrainingRows

__all__ = ["Wrapped", "WrappedScore", "wrap"]

_LONGEST_NAME = 60
_MOST = 100.0  # what an infinite feature does to a linear model is no more than certainty


def wrap(estimator: Any, *, name: str = "") -> "Wrapped":
    """Make a learner of a scikit-learn classifier, or of a pipeline that ends in one.

    It is cloned for each fit. Where it has no ``random_state`` of its own, it gets the fit's seed;
    its threads are held to one, so that the same rows give the same bits.

    Parameters
    ----------
    estimator : classifier
        Of scikit-learn, LightGBM or XGBoost, fitted or not.
    name : str
        For packages; otherwise that of its class.

    Raises
    ------
    Refused
        A part that cannot be packaged; names it and those that can.
    UsageError
        No estimator, or a name that will not do.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> learner = wrap(make_pipeline(SimpleImputer(), LogisticRegression(C=0.01)))
    >>> learner.name
    'SimpleImputer-LogisticRegression'
    """
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise UsageError(f"expected an estimator such as LogisticRegression(), got {estimator!r}")
    check_supported(estimator)
    name = name or _name_of(estimator)
    if not re.fullmatch(rf"[A-Za-z0-9_.-]{{1,{_LONGEST_NAME}}}", name):
        raise UsageError(
            f"expected a name of up to {_LONGEST_NAME} letters, digits, '_', '.' and '-', "
            f"got {name!r}"
        )
    return Wrapped(estimator, name)


def _name_of(estimator: Any) -> str:
    if kind_of(estimator) == "sklearn.Pipeline":
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return "-".join(type(step).__name__ for step in steps)[:_LONGEST_NAME]
    return type(estimator).__name__


@dataclass(frozen=True, eq=False)
class Wrapped:
    """A learner that fits a clone of an estimator; see :func:`wrap`."""

    estimator: Any
    name: str

    missing_values = "as the estimator has it; one that cannot score NaN is refused"
    stops_early = False

    @staticmethod
    def space() -> Mapping[str, Span]:
        """Return nothing: what may be tuned is not known."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Every setting of every part as plain JSON; other objects by their kind."""
        settings = {
            name: _plain(value) for name, value in self.estimator.get_params(deep=True).items()
        }
        return {**settings, "estimator": kind_of(self.estimator), "weighted": self.weighted}

    @property
    def weighted(self) -> bool:
        """Whether the estimator can weigh rows; one that cannot takes all alike."""
        return bool(_weight_name(self.estimator))

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit all rows given; ``validation`` changes nothing.

        Raises
        ------
        BadData
            See :func:`models.learners.rows.training_rows`.
        Refused
            The estimator cannot fit such rows, or not score missing values.
        """
        rows = training_rows(rows)
        if rows.target.min() == rows.target.max():
            return ConstantScore(smoothed_log_odds(rows.target, rows.weight))
        estimator = _seeded_clone(self.estimator, seed)
        weight = {_weight_name(estimator): rows.weight} if self.weighted else {}
        score = WrappedScore(estimator)
        nothing = np.full((1, rows.features.shape[1]), np.nan, dtype=np.float32)
        try:
            with summed_in_order():
                estimator.fit(_doubles(rows.features), rows.target.astype(np.int64), **weight)
            score.score(nothing)
        except (TypeError, ValueError) as error:
            raise Refused(
                f"{self.name}: expected an estimator that fits and scores features with gaps: "
                f"begin a pipeline with SimpleImputer, if NaN is the trouble ({error})"
            ) from error
        return score


class WrappedScore:
    """A fitted estimator of two classes."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def score(self, features: Float32Array) -> Float64Array:
        """Return the library's log-odds or margin, ``[n]``."""
        if len(features) == 0:
            return np.empty(0)
        with summed_in_order():
            score = log_odds_of(self._estimator, _doubles(features))
        return np.clip(score, -_MOST, _MOST)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add the estimator to a graph."""
        held = draft.add("Clip", x, -float(LARGEST), float(LARGEST))
        finite = draft.add("Where", draft.add("IsNaN", x), x, held)
        return draft.add("Clip", draw(draft, self._estimator, finite), -_MOST, _MOST)


def _doubles(features: Float32Array) -> Float64Array:
    """Finite doubles: scalers would else round to single precision."""
    return held_finite(features).astype(np.float64)


def _seeded_clone(estimator: Any, seed: int) -> Any:
    from sklearn.base import clone

    copy = clone(estimator)
    settings = copy.get_params(deep=True)
    fixed: dict[str, int] = {}
    for name, value in settings.items():
        owner, _, last = name.rpartition("__")
        if last == "random_state" and value is None:
            fixed[name] = seed % (2**31 - 1)
        # None is one thread to scikit-learn, and all there are to the others.
        theirs = not kind_of(settings.get(owner, copy)).startswith("sklearn.")
        if last == "n_jobs" and (theirs or value is not None):
            fixed[name] = 1
    return copy.set_params(**fixed)


def _weight_name(estimator: Any) -> str:
    """What the estimator's fit calls the rows' weights; empty where it takes none."""
    from sklearn.utils.validation import has_fit_parameter

    kind = kind_of(estimator)
    if kind == "sklearn.Pipeline":
        name, last = estimator.steps[-1]
        below = _weight_name(last)
        return f"{name}__{below}" if below else ""
    if kind == "sklearn.VotingClassifier":
        members = [member for _, member in estimator.estimators if member != "drop"]
        alike = all(_weight_name(member) == "sample_weight" for member in members)
        return "sample_weight" if alike else ""
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else ""


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool | int | float | str | np.number):
        finite = not isinstance(value, float) or np.isfinite(value)
        return plain(value) if finite else str(value)
    if isinstance(value, list | tuple) and all(isinstance(v, int | float | str) for v in value):
        return plain(value)
    return kind_of(value)
