"""A trial: one configuration, what came of it fold by fold, and how a search tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgekeeper.types import Float64Array

__all__ = ["FoldScore", "History", "Progress", "Trial", "Tried", "profile_of"]

_PROFILE = 32


@dataclass(frozen=True, slots=True)
class FoldScore:
    """One configuration on one fold.

    Attributes
    ----------
    loss : float
        Weighted log loss.
    weight : float
        Of the rows it was taken of.
    blocks : float64 [k]
        The loss less that of knowing nothing, by blocks of time.
    """

    loss: float
    weight: float
    blocks: Float64Array


@dataclass(frozen=True, slots=True)
class Tried:
    """What a search looked at, in its own terms.

    Attributes
    ----------
    changes : mapping
        What was drawn; empty for the recipe's own configuration.
    scores : sequence of FoldScore
        Of the folds it was tried on; fewer than all where it was given up.
    pruned : bool
        Whether it was given up.
    """

    changes: Mapping[str, float | int]
    scores: Sequence[FoldScore]
    pruned: bool = False

    def mean_loss(self, folds: int | None = None) -> float:
        """Weighted mean over the first folds it was tried on, or over all of them."""
        seen = self.scores[:folds]
        return sum(s.loss * s.weight for s in seen) / sum(s.weight for s in seen)

    @property
    def blocks(self) -> Float64Array:
        """Losses by block, fold after fold."""
        return np.concatenate([score.blocks for score in self.scores])


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was looked at.

    Attributes
    ----------
    parameters : mapping
        Every number that shapes the fit.
    loss : float
        Weighted log loss on the validation rows. Of a pruned trial: the first trial's, and what
        this one was worse by on the folds it saw.
    profile : float64 [k]
        The loss less that of knowing nothing, in ``k`` blocks of time: what correlation between
        trials is measured on.
    pruned : bool
        Given up before its last fold.
    """

    parameters: Mapping[str, Any]
    loss: float
    profile: Float64Array
    pruned: bool = False


class History(Protocol):
    """Where a search by hand keeps what it tried, so that it can be taken up again."""

    def read(self) -> list[Tried]:
        """Everything so far, in order."""
        ...

    def append(self, tried: Sequence[Tried]) -> None:
        """Add what came next."""
        ...


class Progress(Protocol):
    """Whoever wants to know how far a search is."""

    def __call__(self, done: int, total: int, /) -> None:
        """So many of so many trials are done."""
        ...


def profile_of(losses: Float64Array) -> Float64Array:
    """At most 32 means of neighbouring blocks."""
    parts = np.array_split(losses, min(len(losses), _PROFILE))
    return np.array([part.mean() for part in parts])
