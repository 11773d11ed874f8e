"""Members and a rule that makes one score of theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edgekeeper.models.canonical import Json
from edgekeeper.models.ensembles.members import FittedMembers
from edgekeeper.models.learners.draft import Draft, graph_of, log_odds
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["Combined", "MeanChance", "MeanScore", "Rule", "sigmoid"]


class Rule(Protocol):
    """How the members' scores become one; features may be looked at, too."""

    def combine(self, scores: Float64Array, features: Float32Array) -> Float64Array:
        """Return log-odds ``[n]`` from those of the members, ``[n, M]``."""
        ...

    def draw(self, draft: Draft, scores: str, x: str) -> str:
        """Add the same to a graph, ``[n, 1]``."""
        ...


@dataclass(frozen=True, slots=True)
class Combined:
    """A fitted ensemble: one graph holds its members and its rule.

    Attributes
    ----------
    members : FittedMembers
    rule : Rule
    found : mapping
        What the fit learned about its members, for the manifest.
    """

    members: FittedMembers
    rule: Rule
    found: Mapping[str, Json] = field(default_factory=dict)

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds, ``[n]``."""
        if len(features) == 0:
            return np.empty(0)
        return self.rule.combine(self.members.scores(features), features)

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise, see :mod:`models.learners.draft`."""
        return graph_of(self, n_features)

    def draw(self, draft: Draft, x: str) -> str:
        """Add members and rule to a graph."""
        return self.rule.draw(draft, self.members.draw(draft, x), x)


def sigmoid(score: Float64Array) -> Float64Array:
    """Chance of log-odds, without overflow."""
    small = np.exp(-np.abs(score))
    return np.asarray(np.where(score >= 0.0, 1.0, small) / (1.0 + small), dtype=np.float64)


def _shares(weights: Float64Array) -> Float64Array:
    return weights / weights.sum()


@dataclass(frozen=True, slots=True)
class MeanChance:
    """Soft vote: the weighted mean of chances, as log-odds. ``weights`` is ``[M]``."""

    weights: Float64Array

    def combine(self, scores: Float64Array, features: Float32Array) -> Float64Array:
        """Return log-odds of the mean chance, ``[n]``."""
        return log_odds(sigmoid(scores) @ _shares(self.weights))

    def draw(self, draft: Draft, scores: str, x: str) -> str:
        """Add the same to a graph."""
        chances = draft.smooth("Sigmoid", scores, len(self.weights))
        return draft.log_odds(draft.add("MatMul", chances, _shares(self.weights)[:, None]))


@dataclass(frozen=True, slots=True)
class MeanScore:
    """The weighted mean of log-odds. ``weights`` is ``[M]``."""

    weights: Float64Array

    def combine(self, scores: Float64Array, features: Float32Array) -> Float64Array:
        """Return the mean, ``[n]``."""
        return np.asarray(scores @ _shares(self.weights), dtype=np.float64)

    def draw(self, draft: Draft, scores: str, x: str) -> str:
        """Add the same to a graph."""
        return draft.add("MatMul", scores, _shares(self.weights)[:, None])
