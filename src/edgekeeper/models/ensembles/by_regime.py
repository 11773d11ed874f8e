"""Weights that depend on one feature: which stretch of its values a row lies in."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.models.learners.draft import Draft
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["ByRegime", "regime_edges"]

_MOST_KINDS = 8
_TERCILES = (1.0 / 3.0, 2.0 / 3.0)


def regime_edges(column: Float32Array) -> Float64Array:
    """Values between regimes: between all that occur where they are few, else the terciles.

    Examples
    --------
    >>> regime_edges(np.array([0, 2, 1, np.nan, 0], np.float32)).tolist()
    [0.5, 1.5]
    """
    known = np.sort(column[np.isfinite(column)].astype(np.float64))
    kinds = np.unique(known)
    if len(kinds) <= 1:
        return np.empty(0)
    if len(kinds) <= _MOST_KINDS:
        return np.asarray((kinds[1:] + kinds[:-1]) / 2.0, dtype=np.float64)
    return np.unique([known[int(share * len(known))] for share in _TERCILES])


@dataclass(frozen=True, slots=True)
class ByRegime:
    """Weighted mean of log-odds, the weights a row's regime has.

    Attributes
    ----------
    column : int or None
        Of the features; None: always the default.
    edges : float64 [R - 1]
        A row is of regime ``k`` if its value lies above ``k`` of them.
    weights : float64 [R, M]
    default : float64 [M]
        Where the value is missing.
    """

    column: int | None
    edges: Float64Array
    weights: Float64Array
    default: Float64Array

    def regimes(self, features: Float32Array) -> Int64Array:
        """Return each row's regime, -1 where it is not known, ``[n]``."""
        if self.column is None:
            return np.full(len(features), -1)
        values = features[:, self.column].astype(np.float64)
        above = (values[:, None] > self.edges).sum(axis=1)
        return np.where(np.isnan(values), -1, above)

    def combine(self, scores: Float64Array, features: Float32Array) -> Float64Array:
        """Return the mean, ``[n]``."""
        table = np.concatenate((self.weights, self.default[None]))  # the last row is number -1
        terms = scores * table[self.regimes(features)]
        total = terms[:, 0]
        for column in terms.T[1:]:
            total = total + column
        return np.asarray(total, dtype=np.float64)

    def draw(self, draft: Draft, scores: str, x: str) -> str:
        """Add the same to a graph."""
        count = len(self.default)
        weights: str | Float64Array = self.default[None]
        if self.column is not None:
            value = draft.columns(x, self.column, self.column + 1)
            weights = self.weights[:1]
            for edge, row in zip(self.edges, self.weights[1:], strict=True):
                weights = draft.add("Where", draft.add("Greater", value, edge), row[None], weights)
            weights = draft.add("Where", draft.add("IsNaN", value), self.default[None], weights)
        terms = draft.add("Mul", scores, weights)
        total = draft.columns(terms, 0, 1)
        for place in range(1, count):
            total = draft.add("Add", total, draft.columns(terms, place, place + 1))
        return total
