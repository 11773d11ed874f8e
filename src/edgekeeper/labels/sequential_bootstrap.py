"""Sequential bootstrap: samples of overlapping labels that overlap as little as possible."""

import numpy as np
from numba import njit

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["next_draw_probability", "sequential_bootstrap"]


def next_draw_probability(first: Int64Array, last: Int64Array, drawn: Int64Array) -> Float64Array:
    """Probability of each label to be drawn next, given those drawn already.

    Proportional to the average uniqueness the label would have among them.

    Parameters
    ----------
    first, last : int64 [n]
        Bar positions each label covers, both included.
    drawn : int64 [k]
        Labels drawn so far, repeats included.

    Source: López de Prado, Advances in Financial Machine Learning (2018), 4.5.1 and 4.5.3.

    Examples
    --------
    >>> first, last = np.array([0, 2, 4]), np.array([2, 3, 5])
    >>> next_draw_probability(first, last, np.array([1])).round(4).tolist()
    [0.3571, 0.2143, 0.4286]
    """
    first, last = _spans(first, last)
    drawn = np.asarray(drawn, dtype=np.int64)
    if ((drawn < 0) | (drawn >= len(first))).any():
        raise UsageError(f"drawn: expected labels from 0 to {len(first) - 1}, got {drawn.tolist()}")
    alive = np.zeros(int(last.max()) + 1)
    for label in drawn:
        alive[first[label] : last[label] + 1] += 1.0
    unique = _average_inverse(first, last, alive)
    return unique / unique.sum()


def sequential_bootstrap(
    first: Int64Array, last: Int64Array, size: int | None = None, *, seed: int = 0
) -> Int64Array:
    """Draw labels with replacement, each draw preferring what overlaps earlier draws least.

    Parameters
    ----------
    first, last : int64 [n]
        Bar positions each label covers, both included.
    size : int, optional
        Number of draws; ``n`` without it.

    Returns
    -------
    int64 [size]
        In the order drawn.

    Notes
    -----
    Each draw costs one pass over the labels that overlap the last one drawn, so the whole takes
    about ``size * n`` elementary steps: a quarter of a second for 10,000 labels.

    Raises
    ------
    UsageError
        No label, spans that end before they begin, or a size that is not positive.

    Examples
    --------
    >>> sequential_bootstrap(np.array([0, 2, 4]), np.array([2, 3, 5]), 3, seed=1).shape
    (3,)
    """
    first, last = _spans(first, last)
    size = len(first) if size is None else size
    if size < 1:
        raise UsageError(f"size: expected at least one draw, got {size!r}")
    chance = np.random.default_rng(seed).random(size)
    return _draw(first, last, chance, int(last.max()) + 1)


def _spans(first: Int64Array, last: Int64Array) -> tuple[Int64Array, Int64Array]:
    first, last = np.asarray(first, dtype=np.int64), np.asarray(last, dtype=np.int64)
    if first.ndim != 1 or first.shape != last.shape or len(first) == 0:
        raise UsageError(
            f"expected first and last positions of at least one label, got shapes {first.shape} "
            f"and {last.shape}"
        )
    if (first < 0).any() or (last < first).any():
        row = int(np.argmax((first < 0) | (last < first)))
        raise UsageError(
            f"expected spans 0 <= first <= last, got [{first[row]}, {last[row]}] in row {row}"
        )
    return first, last


@njit(cache=True, nogil=True)
def _average_inverse(first: Int64Array, last: Int64Array, alive: Float64Array) -> Float64Array:
    unique = np.empty(first.shape[0])
    for i in range(first.shape[0]):
        total = 0.0
        for t in range(first[i], last[i] + 1):
            total += 1.0 / (alive[t] + 1.0)
        unique[i] = total / (last[i] - first[i] + 1)
    return unique


@njit(cache=True, nogil=True)
def _draw(first: Int64Array, last: Int64Array, chance: Float64Array, length: int) -> Int64Array:
    n = first.shape[0]
    alive = np.zeros(length)
    unique = np.ones(n)
    drawn = np.empty(chance.shape[0], dtype=np.int64)
    for k in range(chance.shape[0]):
        total = 0.0
        for i in range(n):
            total += unique[i]
        aim, reached, pick = chance[k] * total, 0.0, n - 1
        for i in range(n):
            reached += unique[i]
            if aim < reached:
                pick = i
                break
        drawn[k] = pick
        for t in range(first[pick], last[pick] + 1):
            alive[t] += 1.0
        # Only labels that overlap the one drawn have become less unique.
        for i in range(n):
            if first[i] <= last[pick] and last[i] >= first[pick]:
                share = 0.0
                for t in range(first[i], last[i] + 1):
                    share += 1.0 / (alive[t] + 1.0)
                unique[i] = share / (last[i] - first[i] + 1)
    return drawn
