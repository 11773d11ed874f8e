"""Where a value stands among those of a reference, on the scale of a normal distribution."""

import math

import numpy as np
from numba import njit

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["normal_quantile", "order_columns", "score_row", "scores_within"]

_MOST = 3.0
_A = (-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02,
      1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00)  # fmt: skip
_B = (-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02,
      6.680131188771972e01, -1.328068155288572e01)  # fmt: skip
_C = (-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00,
      -2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00)  # fmt: skip
_D = (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00,
      3.754408661907416e00)  # fmt: skip


@njit(cache=True, nogil=True)
def normal_quantile(p: float) -> float:
    """Value below which a standard normal falls with probability ``p``, within 2e-9 of itself.

    Source: Acklam (2003), "An algorithm for computing the inverse normal cumulative distribution".

    Examples
    --------
    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    if p < 0.02425 or p > 0.97575:
        q = math.sqrt(-2.0 * math.log(min(p, 1.0 - p)))
        top = ((((_C[0] * q + _C[1]) * q + _C[2]) * q + _C[3]) * q + _C[4]) * q + _C[5]
        low = (((_D[0] * q + _D[1]) * q + _D[2]) * q + _D[3]) * q + 1.0
        return top / low if p < 0.5 else -top / low
    q = p - 0.5
    r = q * q
    top = ((((_A[0] * r + _A[1]) * r + _A[2]) * r + _A[3]) * r + _A[4]) * r + _A[5]
    low = ((((_B[0] * r + _B[1]) * r + _B[2]) * r + _B[3]) * r + _B[4]) * r + 1.0
    return top * q / low


@njit(cache=True, nogil=True)
def _score(below: float, equal: float, known: float) -> float:
    """Normal score of the middle of the ranks that a value shares, clipped at three."""
    if known == 0.0:
        return 0.0
    share = (below + 0.5 * equal) / known
    edge = 0.5 / known
    z = normal_quantile(min(max(share, edge), 1.0 - edge))
    return min(max(z, -_MOST), _MOST)


def order_columns(rows: Float64Array) -> tuple[Int64Array, Int64Array]:
    """Return (order [d, n], group [d, n]): rows by rising value, and which of them are equal.

    ``group`` counts distinct values upwards along ``order``; a missing value has group -1.
    """
    order = np.argsort(rows, axis=0, kind="stable").T.astype(np.int64)
    ordered = np.take_along_axis(rows.T, order, axis=1)
    group = np.zeros(order.shape, dtype=np.int64)
    group[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    group[np.isnan(ordered)] = -1
    return np.ascontiguousarray(order), group


@njit(cache=True, nogil=True)
def scores_within(
    order: Int64Array, group: Int64Array, times: Int64Array, scores: Float64Array
) -> None:
    """Fill ``scores [n, d]`` with each row's scores among the rows drawn ``times [n]``."""
    d, n = order.shape
    for j in range(d):
        known = 0.0
        for i in range(n):
            if group[j, i] >= 0:
                known += times[order[j, i]]
        below, start = 0.0, 0
        while start < n:
            if group[j, start] < 0:
                for i in range(start, n):
                    scores[order[j, i], j] = np.nan
                break
            equal, end = 0.0, start
            while end < n and group[j, end] == group[j, start]:
                equal += times[order[j, end]]
                end += 1
            z = _score(below, equal, known)
            for i in range(start, end):
                scores[order[j, i], j] = z
            below += equal
            start = end


@njit(cache=True, nogil=True)
def score_row(
    row: Float64Array, ordered: Float64Array, known: Int64Array, scores: Float64Array
) -> None:
    """Fill ``scores [d]`` with a row's scores among the values ``ordered [d, n]``, each rising."""
    for j in range(row.shape[0]):
        x = row[j]
        if math.isnan(x):
            scores[j] = np.nan
            continue
        low, high = 0, known[j]
        while low < high:
            middle = (low + high) // 2
            if ordered[j, middle] < x:
                low = middle + 1
            else:
                high = middle
        below, high = low, known[j]
        while low < high:
            middle = (low + high) // 2
            if ordered[j, middle] <= x:
                low = middle + 1
            else:
                high = middle
        scores[j] = _score(float(below), float(low - below), float(known[j]))
