"""What a supported part of an estimator can do once it is fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from edgekeeper.models.learners.draft import Draft
from edgekeeper.types import Float64Array

__all__ = ["Classifier", "Draw", "kind_of", "probability"]

Draw = Callable[[Draft, Any, str], str]
"""Adds a fitted part to a graph, given the name of its input; returns that of its output."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier of two classes.

    Attributes
    ----------
    says : {"probability", "log-odds", "margin"}
        What ``answer`` and ``draw`` give; a margin is a score of unknown scale.
    answer : callable
        The library's own answer for float64 ``[n, F]``, ``[n]``.
    draw : callable
    """

    says: Literal["probability", "log-odds", "margin"]
    answer: Callable[[Any, Float64Array], Float64Array]
    draw: Draw


def probability(estimator: Any, x: Float64Array) -> Float64Array:
    """Probability of the second class, by the library."""
    return np.asarray(estimator.predict_proba(x)[:, 1], dtype=np.float64)


def kind_of(part: object) -> str:
    """Library and class of a part: subclasses, which may compute anything, are others.

    Examples
    --------
    >>> from collections import Counter
    >>> kind_of(Counter())
    'collections.Counter'
    """
    kind = type(part)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
