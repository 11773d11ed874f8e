"""How long blocks of a bootstrap have to be, read off the data's own memory."""

import math

import numpy as np

from edgekeeper.types import Float64Array

__all__ = ["block_lengths", "lingers", "longest_block"]

_NEAR_LAG, _LAST_LAG = 5, 30


def block_lengths(columns: Float64Array) -> Float64Array:
    """Best mean block of the stationary bootstrap for the mean of each column, ``[k]``.

    At least 1, at most ``min(3 sqrt(n), n / 8)``: a column that reaches the cap remembers longer
    than so short a record can tell.

    Parameters
    ----------
    columns : float64 [n, k]
        In time order. A missing value counts as its column's mean.

    Source: Politis & White (2004), "Automatic block-length selection for the dependent bootstrap",
    with the correction of Patton, Politis & White (2009).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal(2_000)
    >>> slow = np.convolve(noise, 0.9 ** np.arange(200))[:2_000]
    >>> short, long = block_lengths(np.stack([noise, slow], axis=1))
    >>> bool(short < 6 < 25 < long)
    True
    """
    n = len(columns)
    known = np.isfinite(columns)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, columns, 0.0).sum(axis=0) / count
    covariance = _autocovariances(np.where(known, columns - mean, 0.0))
    return np.array([_best_block(column, n) for column in covariance.T])


def lingers(columns: Float64Array, false_alarm: float = 0.01) -> bool:
    """Whether any column remembers for long, though perhaps too weakly for any one lag to show it.

    Volatility clusters are such: the size of a move tells a fifth of the next one's, and still a
    twentieth of that a month later. :func:`block_lengths` looks lag by lag, and often stops before
    it. This looks at the mean autocorrelation over lags 6 to 30 (of a record of 300 and more),
    against what chance makes of one lag's where memory ends at lag 5 (Bartlett 1946), as if lags
    were independent of each other. They are for columns without any memory; columns with a short
    one are said to linger a little more often than stated, which is the safe side.

    Parameters
    ----------
    columns : float64 [n, k]
        In time order. A missing value counts as its column's mean.
    false_alarm : float
        Largest probability that columns without memory are said to linger, over all together.

    Source: Bartlett (1946), "On the theoretical specification and sampling properties of
    autocorrelated time-series".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal((1_000, 1))
    >>> slow = np.convolve(rng.standard_normal(1_200), 0.95 ** np.arange(200))[200:1_200, None]
    >>> lingers(noise), lingers(noise + 0.2 * slow)
    (False, True)
    """
    from scipy.special import ndtri

    n, k = columns.shape
    last = min(_LAST_LAG, n // 10)
    if last <= _NEAR_LAG:
        return False
    known = np.isfinite(columns)
    mean = np.where(known, columns, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    covariance = _autocovariances(np.where(known, columns - mean, 0.0))[: last + 1]
    moves = covariance[0] > 0.0
    share = covariance[:, moves] / covariance[0, moves]
    near = 1.0 + 2.0 * np.square(share[1 : _NEAR_LAG + 1]).sum(axis=0)
    far = share[_NEAR_LAG + 1 :].mean(axis=0) * np.sqrt(n * (last - _NEAR_LAG) / near)
    return bool((far > -float(ndtri(false_alarm / k))).any())


def longest_block(n: int) -> float:
    """Longest mean block that a record of ``n`` rows allows."""
    return max(1.0, min(3.0 * math.sqrt(n), n / 8.0))


def _autocovariances(centred: Float64Array) -> Float64Array:
    """Autocovariances at lags 0 to n-1 of each column, by Fourier transform."""
    n = len(centred)
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size, axis=0)
    power = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size, axis=0)
    result: Float64Array = power[:n] / n
    return result


def _best_block(covariance: Float64Array, n: int) -> float:
    if not covariance[0] > 0.0:
        return 1.0
    run = max(5, math.ceil(math.sqrt(math.log10(n))))
    most = min(n - run - 1, math.ceil(math.sqrt(n)) + run)
    quiet = np.abs(covariance / covariance[0]) < 2.0 * math.sqrt(math.log10(n) / n)
    last = next((m for m in range(most) if quiet[m + 1 : m + 1 + run].all()), most)
    width = max(2 * last, 1)
    lag = np.arange(1, min(width, n - 1) + 1)
    weight = np.clip(2.0 * (1.0 - lag / width), 0.0, 1.0)
    weighted = weight * covariance[lag]
    slope = 2.0 * float((lag * weighted).sum())
    level = covariance[0] + 2.0 * float(weighted.sum())
    if not level > 0.0:
        return 1.0
    best = (slope**2 / level**2 * n) ** (1.0 / 3.0)
    return float(min(max(best, 1.0), longest_block(n)))
