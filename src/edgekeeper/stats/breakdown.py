"""Means by condition, each with an interval, and which of many conditions differ from chance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.stats.multiplicity import adjusted_p_values
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Part", "breakdown", "clustered_mean"]


@dataclass(frozen=True, slots=True)
class Part:
    """The observations under one condition.

    Attributes
    ----------
    condition, value : str
        Such as ``"weekday"`` and ``"Mon"``.
    count, clusters : int
        Observations, and independent groups of them.
    mean, low, high : float
        Mean and its interval; NaN where there are too few clusters for one.
    share_positive : float
        Share of observations above zero.
    p_below, p_above : float
        One-sided p-values of "the mean is not below (above) zero"; NaN where not asked.
    q_below, q_above : float
        The same, adjusted for all the parts asked.
    """

    condition: str
    value: str
    count: int
    clusters: int
    mean: float
    low: float
    high: float
    share_positive: float
    p_below: float
    p_above: float
    q_below: float = math.nan
    q_above: float = math.nan


def clustered_mean(values: Float64Array, cluster: Int64Array) -> tuple[float, float, int]:
    """Return (mean, standard error, clusters) of observations dependent within their clusters.

    The error of a ratio of cluster sums, with the usual correction for few clusters; infinite for
    fewer than two.

    Source: Liang & Zeger (1986), the sandwich estimator for a mean.

    Examples
    --------
    >>> clustered_mean(np.array([1.0, 3.0]), np.array([0, 1]))
    (2.0, 1.0, 2)
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != np.shape(cluster) or values.ndim != 1:
        raise UsageError(
            f"expected one cluster for each value, got {values.shape} and {np.shape(cluster)}"
        )
    if len(values) == 0:
        return math.nan, math.nan, 0
    _, index = np.unique(cluster, return_inverse=True)
    count = int(index.max()) + 1
    mean = float(values.mean())
    if count < 2:
        return mean, math.inf, count
    residual = np.bincount(index, weights=values - mean)
    error = math.sqrt(count / (count - 1.0) * float((residual**2).sum())) / len(values)
    return mean, error, count


def breakdown(
    values: Float64Array,
    conditions: Mapping[str, Sequence[str]],
    cluster: Int64Array,
    *,
    level: float = 0.95,
    least_count: int = 20,
    least_clusters: int = 10,
) -> list[Part]:
    """Mean of each value of each condition, with intervals and adjusted p-values.

    Parameters
    ----------
    values : float64 [n]
        Such as net returns of trades; NaN rows are left out.
    conditions : mapping of name to n labels
        Such as ``{"weekday": [...], "symbol": [...]}``.
    cluster : int64 [n]
        Observations that hang together, such as those of one day, have one number.
    least_count, least_clusters : int
        Parts smaller than either are listed without a test: they could not tell anything.

    Returns
    -------
    list of Part
        By condition, in order of value. Adjustment is Benjamini-Yekutieli over all parts tested,
        since parts overlap.

    Raises
    ------
    UsageError
        Labels of another number than values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gains = rng.standard_normal(400) - np.repeat([0.0, 1.0], 200)
    >>> parts = breakdown(gains, {"half": ["a"] * 200 + ["b"] * 200}, np.arange(400))
    >>> [part.value for part in parts if part.q_below < 0.05]
    ['b']
    """
    from scipy.special import stdtr, stdtrit

    known = np.isfinite(values)
    parts: list[Part] = []
    for condition, labels in conditions.items():
        named = np.asarray(labels, dtype=str)
        if named.shape != values.shape:
            raise UsageError(
                f"{condition}: expected a label for each of {len(values)} values, got {len(named)}"
            )
        for value in np.unique(named[known]):
            rows = known & (named == value)
            own = values[rows]
            mean, error, count = clustered_mean(own, cluster[rows])
            tested = len(own) >= least_count and count >= least_clusters and error > 0.0
            # An edge to either side is looked for, with as many degrees as clusters less one.
            width = float(stdtrit(count - 1, (1.0 + level) / 2.0)) * error if tested else math.nan
            below = float(stdtr(count - 1, mean / error)) if tested else math.nan
            parts.append(
                Part(
                    condition=condition,
                    value=str(value),
                    count=len(own),
                    clusters=count,
                    mean=mean,
                    low=mean - width,
                    high=mean + width,
                    share_positive=float((own > 0.0).mean()),
                    p_below=below,
                    p_above=1.0 - below,
                )
            )
    q_below = adjusted_p_values(np.array([part.p_below for part in parts]))
    q_above = adjusted_p_values(np.array([part.p_above for part in parts]))
    return [
        replace(part, q_below=float(low), q_above=float(high))
        for part, low, high in zip(parts, q_below, q_above, strict=True)
    ]
