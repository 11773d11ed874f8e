"""Intervals for the mean of dependent returns, by resampling blocks of time."""

import math

import numpy as np
from numba import njit

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["block_means", "mean_interval"]


def block_means(
    values: Float64Array, *, block: int, repetitions: int = 2_000, seed: int = 0
) -> Float64Array:
    """Means of resamples made of circular blocks of neighbouring values, ``[repetitions]``.

    Parameters
    ----------
    values : float64 [n]
        In time order.
    block : int
        Length of a block, about as long as values depend on each other.

    Source: Politis & Romano (1992), "A circular block-resampling procedure".

    Examples
    --------
    >>> float(block_means(np.ones(10), block=2, repetitions=100).std())
    0.0
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise BadData(f"expected at least two finite values in time order, got {values.shape}")
    if not 1 <= block <= len(values) or not 100 <= repetitions <= 1_000_000:
        raise UsageError(
            f"expected a block of 1 to {len(values)} and 100 to 1000000 repetitions, got {block!r} "
            f"and {repetitions!r}"
        )
    per_sample = math.ceil(len(values) / block)
    rng = np.random.default_rng(seed)
    means = np.empty(repetitions)
    for i in range(repetitions):
        starts = rng.integers(0, len(values), per_sample)
        means[i] = _resampled(values, starts, block)
    return means


@njit(cache=True, nogil=True)
def _resampled(values: Float64Array, starts: "np.ndarray[tuple[int], np.dtype[np.int64]]",
               block: int) -> float:  # fmt: skip
    n = values.shape[0]
    total, taken = 0.0, 0
    for k in range(starts.shape[0]):
        for j in range(block):
            if taken == n:
                break
            total += values[(starts[k] + j) % n]
            taken += 1
    return total / n


def mean_interval(
    values: Float64Array,
    *,
    level: float = 0.95,
    block: int | None = None,
    repetitions: int = 2_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of the mean, from its block bootstrap distribution mirrored at the estimate.

    Parameters
    ----------
    block : int, optional
        The cube root of the length without it.

    Examples
    --------
    >>> low, high = mean_interval(np.random.default_rng(0).standard_normal(400) + 1.0)
    >>> bool(0.8 < low < 1.0 < high < 1.2)
    True
    """
    if not 0.0 < level < 1.0:
        raise UsageError(f"level: expected a coverage between 0 and 1, got {level!r}")
    values = np.asarray(values, dtype=np.float64)
    block = max(1, round(len(values) ** (1.0 / 3.0))) if block is None else block
    means = block_means(values, block=block, repetitions=repetitions, seed=seed)
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    centre = float(values.mean())
    return 2.0 * centre - float(high), 2.0 * centre - float(low)
