"""How far two samples of one quantity are apart: PSI, Kolmogorov-Smirnov, and what chance allows.

Neighbouring observations of a market repeat each other, so a sample of n is worth fewer; every
p-value here takes the number of independent observations it is worth.
"""

import math

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.block_length import block_lengths
from edgekeeper.types import Float64Array, Int64Array

__all__ = [
    "correlation_change_p_value",
    "effective_share",
    "ks_critical",
    "ks_distance",
    "ks_p_value",
    "population_stability",
    "share_change_p_value",
]


def population_stability(reference: Float64Array, current: Float64Array, bins: int = 10) -> float:
    """Population stability index over quantile bins of the reference, and one for what is missing.

    Below .1 is usually called stable, above .25 a shift; both are conventions, not tests. Half an
    observation is added to each bin, so that an empty one is no infinity. NaN where a sample is
    empty.

    Parameters
    ----------
    reference, current : float64 [n], [m]
        In any order; NaN is missing.

    Source: Siddiqi (2006), "Credit Risk Scorecards", chapter 8.

    Examples
    --------
    >>> ten = np.arange(10.0)
    >>> population_stability(ten, ten, bins=2), round(population_stability(ten, ten + 9, 2), 3)
    (0.0, 1.384)
    """
    if bins < 2:
        raise UsageError(f"bins: expected at least 2, got {bins!r}")
    if len(reference) == 0 or len(current) == 0:
        return math.nan
    known = reference[~np.isnan(reference)]
    inner = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner, method="inverted_cdf")) if len(known) else known
    counts = [_counts(sample, edges) for sample in (reference, current)]
    used = (counts[0] + counts[1]) > 0.0
    before, after = ((c[used] + 0.5) / (c[used] + 0.5).sum() for c in counts)
    return float(((after - before) * np.log(after / before)).sum())


def _counts(sample: Float64Array, edges: Float64Array) -> Float64Array:
    missing = np.isnan(sample)
    place = np.searchsorted(edges, sample[~missing], side="left")
    inside = np.bincount(place, minlength=len(edges) + 1)
    return np.append(inside, missing.sum()).astype(np.float64)


def ks_distance(reference: Float64Array, current: Float64Array) -> float:
    """Largest distance between the two distributions of what is known, 0 to 1; NaN without any.

    Examples
    --------
    >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    # Sorted in a way that costs next to nothing where a column comes sorted already.
    before, after = (np.sort(x[~np.isnan(x)], kind="stable") for x in (reference, current))
    if len(before) == 0 or len(after) == 0:
        return math.nan
    values, counts = np.unique(after, return_counts=True)
    upto = np.cumsum(counts)
    # Between two values of one sample the other's share only rises: the ends are enough.
    at = np.searchsorted(before, values, side="right") / len(before) - upto / len(after)
    below = np.searchsorted(before, values) / len(before) - (upto - counts) / len(after)
    return float(max(np.abs(at).max(), np.abs(below).max()))


def ks_p_value(distance: float, n: float, m: float) -> float:
    """Chance of such a distance between samples worth ``n`` and ``m`` independent observations.

    NaN where either is worth fewer than four.

    Source: Stephens (1970), the asymptotic law with its correction for small samples.

    Examples
    --------
    >>> round(ks_p_value(0.136, 200.0, 200.0), 3)
    0.045
    """
    from scipy.special import kolmogorov

    if not min(n, m) >= 4.0 or math.isnan(distance):
        return math.nan
    root = math.sqrt(n * m / (n + m))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def ks_critical(n: float, m: float, level: float = 0.05) -> float:
    """Distance that chance exceeds with probability ``level``; 1 where nothing can be said."""
    from scipy.special import kolmogi

    if not min(n, m) >= 4.0:
        return 1.0
    root = math.sqrt(n * m / (n + m))
    return float(min(kolmogi(level) / (root + 0.12 + 0.11 / root), 1.0))


def effective_share(values: Float64Array, instant: Int64Array) -> float:
    """Independent observations that one is worth, 0 to 1, by the memory of a column's ranks.

    Values of one instant are summed first, so that symbols that move together count as they should.
    The long-run variance is that of overlapping batches of two bootstrap blocks.

    Parameters
    ----------
    values : float64 [n]
        In time order; NaN is missing.
    instant : int64 [n]
        Number of the instant of each, rising.
    """
    known = ~np.isnan(values)
    count = int(known.sum())
    if count < 8:
        return 1.0
    different, which, times = np.unique(values[known], return_inverse=True, return_counts=True)
    if len(different) < 2:
        return 1.0
    ranks = (np.cumsum(times) - (times - 1) / 2.0)[which]
    centred = np.zeros(len(values))
    centred[known] = ranks - ranks.mean()
    _, place = np.unique(instant, return_inverse=True)
    sums = np.bincount(place, weights=centred).astype(np.float64)
    n = len(sums)
    batch = min(max(1, math.ceil(2.0 * block_lengths(sums[:, None])[0])), max(1, n // 4))
    running = np.concatenate([[0.0], np.cumsum(sums)])
    batches = running[batch:] - running[:-batch]
    long_run = float((batches**2).mean()) / batch * n
    share = count * float(ranks.var()) / long_run if long_run > 0.0 else 1.0
    return min(share, 1.0)


def share_change_p_value(before: float, after: float, n: float, m: float) -> float:
    """Chance of such a change of a share between samples worth ``n`` and ``m``; two-sided.

    One success and one failure are added to each, as Agresti and Caffo (2000) do.

    Examples
    --------
    >>> round(share_change_p_value(0.1, 0.2, 400.0, 400.0), 5)
    7e-05
    """
    if not min(n, m) >= 4.0:
        return math.nan
    first, second = (before * n + 1.0) / (n + 2.0), (after * m + 1.0) / (m + 2.0)
    error = math.sqrt(first * (1.0 - first) / (n + 2.0) + second * (1.0 - second) / (m + 2.0))
    return math.erfc(abs(first - second) / error / math.sqrt(2.0))


def correlation_change_p_value(before: float, after: float, n: float, m: float) -> float:
    """Chance of such a change of a rank correlation; two-sided, by Fisher's transformation.

    Source: Fieller, Hartley & Pearson (1957): variance 1.06 / (n - 3) for rank correlations.

    Raises
    ------
    BadData
        Correlations outside [-1, 1].
    """
    if not min(n, m) >= 8.0 or math.isnan(before) or math.isnan(after):
        return math.nan
    if max(abs(before), abs(after)) > 1.0 + 1e-9:
        raise BadData(f"expected correlations from -1 to 1, got {before} and {after}")
    gap = math.atanh(max(min(before, 0.9999), -0.9999)) - math.atanh(
        max(min(after, 0.9999), -0.9999)
    )
    error = math.sqrt(1.06 / (n - 3.0) + 1.06 / (m - 3.0))
    return math.erfc(abs(gap) / error / math.sqrt(2.0))
