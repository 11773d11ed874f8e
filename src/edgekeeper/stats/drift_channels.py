"""What a drift monitor adds up: level, spread and missing share of features, and their products.

Each channel is a running sum in both directions (CUSUM) of values in units of their long-run
deviation, so that a change of any of them shows at the same pace.
"""

import math

import numpy as np
from numba import njit

from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["ALLOWANCE", "add_row", "channel_count", "channel_moments", "floored",
           "largest_sums"]  # fmt: skip

ALLOWANCE = 0.25
"""Long-run deviations a value that are let go: half the smallest change worth finding."""
_LEAST_SHARE = 0.02


def channel_count(features: int, pairs: Int64Array) -> int:
    """Channels in their order: levels, spreads, missing shares, pairs."""
    return 3 * features + len(pairs)


@njit(cache=True, nogil=True)
def _values(scores: Float64Array, row: int, pairs: Int64Array, out: Float64Array) -> None:
    """Fill ``out`` with the channels' values of one row of ``scores [n, d]``."""
    d = scores.shape[1]
    for j in range(d):
        z = scores[row, j]
        out[j] = z
        out[d + j] = abs(z)
        out[2 * d + j] = 1.0 if math.isnan(z) else 0.0
    for p in range(pairs.shape[0]):
        out[3 * d + p] = scores[row, pairs[p, 0]] * scores[row, pairs[p, 1]]


@njit(cache=True, nogil=True)
def channel_moments(
    scores: Float64Array,
    rows: Int64Array,
    pairs: Int64Array,
    batch: int,
    mean: Float64Array,
    deviation: Float64Array,
) -> None:
    """Fill mean and long-run deviation of each channel over ``rows`` of ``scores``.

    The deviation comes from overlapping means of ``batch`` values. It is never below what it would
    be if one value in fifty were at the end of the scale, so that a constant column or one without
    gaps needs more than a single stranger.

    Source: Meketon & Schmeiser (1984), "Overlapping batch means".
    """
    n, d, channels = len(rows), scores.shape[1], len(mean)
    value, gone = np.empty(channels), np.empty(channels)
    known, window, squares = np.zeros(channels), np.zeros(channels), np.zeros(channels)
    mean[:] = 0.0
    for t in range(n):
        _values(scores, rows[t], pairs, value)
        for c in range(channels):
            v = value[c]
            mean[c] += v if v == v else 0.0
            known[c] += 1.0 if v == v else 0.0
    for c in range(channels):
        mean[c] /= max(known[c], 1.0)
    for t in range(n):
        _values(scores, rows[t], pairs, value)
        for c in range(channels):
            y = value[c] - mean[c]
            window[c] += y if y == y else 0.0
        if t >= batch:
            _values(scores, rows[t - batch], pairs, gone)
            for c in range(channels):
                y = gone[c] - mean[c]
                window[c] -= y if y == y else 0.0
        if t >= batch - 1:
            for c in range(channels):
                squares[c] += window[c] * window[c]
    windows = n - batch + 1
    unbiased = n / (n - batch)
    for c in range(channels):
        share = max(known[c], 1.0) / n
        variance = squares[c] / (windows * batch) * unbiased / share
        deviation[c] = max(math.sqrt(variance), _least_deviation(c, d))


@njit(cache=True, nogil=True)
def _least_deviation(channel: int, features: int) -> float:
    """Deviation of a channel of which one value in fifty is at the end of its scale."""
    end = 3.0 if channel < 2 * features else 1.0
    return end * math.sqrt(_LEAST_SHARE * (1.0 - _LEAST_SHARE))


def floored(deviation: Float64Array, features: int) -> BoolArray:
    """Which channels have hardly ever moved, so that their deviation is the smallest allowed."""
    least = [_least_deviation(c, features) for c in range(len(deviation))]
    result: BoolArray = deviation <= np.array(least) * (1.0 + 1e-9)
    return result


@njit(cache=True, nogil=True)
def add_row(
    scores: Float64Array,
    row: int,
    pairs: Int64Array,
    mean: Float64Array,
    deviation: Float64Array,
    value: Float64Array,
    up: Float64Array,
    down: Float64Array,
) -> None:
    """Add one row to the sums in both directions; what is missing leaves its channels as they are.

    Source: Page (1954), "Continuous inspection schemes".
    """
    _values(scores, row, pairs, value)
    # Without branches, so that the compiler takes several channels at a time.
    for c in range(len(mean)):
        y = (value[c] - mean[c]) / deviation[c]
        higher = max(up[c] + y - ALLOWANCE, 0.0)
        lower = max(down[c] - y - ALLOWANCE, 0.0)
        up[c] = higher if y == y else up[c]
        down[c] = lower if y == y else down[c]


@njit(cache=True, nogil=True)
def largest_sums(
    scores: Float64Array,
    rows: Int64Array,
    pairs: Int64Array,
    mean: Float64Array,
    deviation: Float64Array,
    largest: Float64Array,
) -> None:
    """Fill the largest sum of each channel, in either direction, over a stream of ``rows``."""
    channels = len(mean)
    value, up, down = np.empty(channels), np.zeros(channels), np.zeros(channels)
    largest[:] = 0.0
    for t in range(len(rows)):
        add_row(scores, rows[t], pairs, mean, deviation, value, up, down)
        for c in range(channels):
            largest[c] = max(largest[c], up[c], down[c])
