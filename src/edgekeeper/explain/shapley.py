"""Shapley values of any score: what each feature adds to it, against a background of usual rows.

Nothing is asked of a model but its score, so a package is explained from its bytes alone, tree,
net or vote alike. A feature that is "not known" takes its values from the background rows; the
values of a row sum to its score less the mean score of the background.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["EXACT_UP_TO", "Shapley", "shapley_values"]

EXACT_UP_TO = 10
"""Features that differ from the background, up to which every coalition is formed."""

_BATCH_ROWS = 16_384

Score = Callable[[Float32Array], Float64Array]


@dataclass(frozen=True, slots=True)
class Shapley:
    """What each feature adds to the score of each row.

    Attributes
    ----------
    values : float64 [n, F]
        In the unit of the score.
    error : float64 [n, F]
        Standard error of having drawn orders instead of forming all of them; 0 where exact, NaN
        where one order and one background row tell none.
    score : float64 [n]
        ``base + values.sum(axis=1)``, up to rounding.
    base : float
        Mean score of the background.
    exact : bool
        Whether every coalition of features was formed, for every row.
    """

    values: Float64Array
    error: Float64Array
    score: Float64Array
    base: float
    exact: bool

    @property
    def importance(self) -> Float64Array:
        """Mean absolute value of each feature, ``[F]``."""
        return np.abs(self.values).mean(axis=0)

    @property
    def from_base(self) -> "Shapley":
        """The same scores, told as what they are beyond the base."""
        return replace(self, score=self.score - self.base, base=0.0)


def shapley_values(
    score: Score,
    rows: Float32Array,
    background: Float32Array,
    *,
    orders: int = 2,
    seed: int = 0,
    exact_up_to: int = EXACT_UP_TO,
) -> Shapley:
    """Attribute the score of each row to its features.

    Parameters
    ----------
    score : callable
        float32 ``[k, F]`` to float64 ``[k]``; deterministic, a row's score its own.
    rows : float32 [n, F]
    background : float32 [b, F]
        Rows that stand for what is usual.
    orders : int
        Pairs of an order of features and its reverse, drawn anew for each background row.
    seed : int
    exact_up_to : int
        Where a row differs from the background in no more features than this, every coalition is
        formed; its values are then exact.

    Raises
    ------
    BadData
        Rows and background of different width, none of them, or a score that is not finite.
    UsageError
        No orders.

    Notes
    -----
    Shapley (1953); Lundberg and Lee (2017) with the interventional expectation of Janzing et al.
    (2020). Sampling: Štrumbelj and Kononenko (2014), in antithetic pairs after Mitchell et al.
    (2022), each background row used equally often, so that values add up exactly.

    Examples
    --------
    >>> def score(x):
    ...     return 2.0 * x[:, 0] - x[:, 1].astype(np.float64)
    >>> found = shapley_values(score, np.float32([[3, 1, 7]]), np.float32([[1, 0, 0]]))
    >>> found.values.tolist(), found.base, found.exact
    ([[4.0, -1.0, 0.0]], 2.0, True)
    """
    rows, background = _checked(rows), _checked(background)
    if rows.shape[1] != background.shape[1] or 0 in (*rows.shape, *background.shape):
        raise BadData(
            "expected rows and a background of as many features, at least one of each, got shapes "
            f"{rows.shape} and {background.shape}"
        )
    if orders < 1:
        raise UsageError(f"orders: expected at least one, got {orders}")
    base = float(_finite(score, background).mean())
    values, error = np.zeros(rows.shape), np.zeros(rows.shape)
    exact = True
    for i, row in enumerate(rows):
        free = np.flatnonzero(_differs(row, background).any(axis=0))
        if len(free) <= exact_up_to:
            values[i, free] = _all_coalitions(score, row, background, free)
        else:
            random = np.random.default_rng([seed, i])
            values[i, free], error[i, free] = _orders(score, row, background, free, orders, random)
            exact = False
    return Shapley(values, error, _finite(score, rows), base, exact)


def _checked(rows: Float32Array) -> Float32Array:
    try:
        rows = np.ascontiguousarray(rows, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise BadData(f"expected rows of numbers: {error}") from error
    if rows.ndim != 2:
        raise BadData(f"expected rows [n, features], got shape {rows.shape}")
    return rows


def _finite(score: Score, rows: Float32Array) -> Float64Array:
    parts = [score(rows[k : k + _BATCH_ROWS]) for k in range(0, len(rows), _BATCH_ROWS)]
    scores = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(scores).all():
        raise BadData("expected finite scores to explain, got NaN or infinity")
    return scores


def _differs(row: Float32Array, background: Float32Array) -> np.ndarray:
    return (background != row) & ~(np.isnan(background) & np.isnan(row))


def _all_coalitions(
    score: Score, row: Float32Array, background: Float32Array, free: Int64Array
) -> Float64Array:
    """Weigh what each feature adds to each coalition of the others, all of them formed."""
    n = len(free)
    if n == 0:
        return np.zeros(0)
    member = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    mixed = np.repeat(background[None, :, :], 2**n, axis=0)
    mixed[:, :, free] = np.where(member[:, None, :], row[free], background[None][:, :, free])
    worth = _finite(score, mixed.reshape(-1, len(row))).reshape(2**n, -1).mean(axis=1)
    size = member.sum(axis=1)
    share = np.array([1.0 / (n * math.comb(n - 1, k)) for k in range(n)])
    values = np.empty(n)
    for j in range(n):
        without = np.flatnonzero(~member[:, j])
        values[j] = share[size[without]] @ (worth[without | (1 << j)] - worth[without])
    return values


def _orders(
    score: Score,
    row: Float32Array,
    background: Float32Array,
    free: Int64Array,
    orders: int,
    random: np.random.Generator,
) -> tuple[Float64Array, Float64Array]:
    """Walk from each background row to the row, feature by feature, there and back in order."""
    n, pairs = len(free), len(background) * orders
    added = np.empty((pairs, n))
    at_once = max(1, _BATCH_ROWS // (2 * (n + 1)))
    usual = np.repeat(background, orders, axis=0)
    for first in range(0, pairs, at_once):
        start = usual[first : first + at_once]
        order = np.argsort(random.random((len(start), n)), axis=1)
        there = _walk(score, row, start, free, order)
        added[first : first + at_once] = 0.5 * (
            there + _walk(score, row, start, free, order[:, ::-1])
        )
    return added.mean(axis=0), np.sqrt(_chance(added.reshape(-1, orders, n)) / pairs)


def _chance(added: Float64Array) -> Float64Array:
    """Variance that orders bring in, ``[n]``, of ``[background, orders, n]``.

    All background rows are used, so how they differ is no error. With a single order each the two
    cannot be told apart, and both are counted.
    """
    rows, orders, n = added.shape
    if orders > 1:
        return np.asarray(added.var(axis=1, ddof=1).mean(axis=0))
    return added[:, 0].var(axis=0, ddof=1) if rows > 1 else np.full(n, math.nan)


def _walk(
    score: Score, row: Float32Array, start: Float32Array, free: Int64Array, order: Int64Array
) -> Float64Array:
    """What each feature adds on the way, ``[pairs, n]``."""
    pairs, n = order.shape
    place = np.argsort(order, axis=1)  # when each feature is let in
    known = place[:, None, :] < np.arange(n + 1)[None, :, None]
    steps = np.repeat(start[:, None, :], n + 1, axis=1)
    steps[:, :, free] = np.where(known, row[free], steps[:, :, free])
    worth = _finite(score, steps.reshape(-1, len(row))).reshape(pairs, n + 1)
    return np.take_along_axis(np.diff(worth, axis=1), place, axis=1)
