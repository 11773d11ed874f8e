"""Comparison of symbols at one instant: rank, z-score, distance from and share of the mean.

Symbols without a bar at the instant, or without a value, take no part and get NaN. Values are
sorted before they are added up, so the order of symbols never changes a bit.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["ACROSS", "Across", "compare"]

_RANK, _ZSCORE, _DEMEAN, _MEAN = range(4)


@dataclass(frozen=True, slots=True)
class Across:
    """A comparison of symbols: its number in the compiled code, and what it means."""

    name: str
    kind: int
    meaning: str
    version: int = 1


ACROSS: dict[str, Across] = {
    each.name: each
    for each in (
        Across("cs_rank", _RANK, "Rank among the symbols of an instant, in (0, 1]; ties averaged."),
        Across("cs_zscore", _ZSCORE, "Distance from the mean of an instant, in its deviations."),
        Across("cs_demean", _DEMEAN, "Distance from the mean of the symbols of an instant."),
        Across("cs_mean", _MEAN, "Mean over the symbols of an instant; of a condition, its share."),
    )
}


@njit(cache=True, nogil=True)
def compare(kind: int, values: Float64Array, offsets: Int64Array, out: Float64Array) -> None:
    """Fill ``out`` from ``values``, both float64 [N], instant by instant.

    Parameters
    ----------
    kind : int
        See ``ACROSS``.
    offsets : int64 [T + 1]
        Where the rows of each instant begin.
    """
    longest = 0
    for t in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[t + 1] - offsets[t])
    work = np.empty(longest)
    for t in range(offsets.shape[0] - 1):
        first, stop = offsets[t], offsets[t + 1]
        count = 0
        for i in range(first, stop):
            if values[i] == values[i]:
                work[count] = values[i]
                count += 1
        known = work[:count]
        known.sort()
        if kind == _RANK:
            for i in range(first, stop):
                if values[i] == values[i]:
                    below = np.searchsorted(known, values[i])
                    upto = np.searchsorted(known, values[i], "right")
                    out[i] = 0.5 * (below + 1 + upto) / count
                else:
                    out[i] = np.nan
            continue
        mean = 0.0
        for k in range(count):
            mean += known[k] / count
        squares = 0.0
        for k in range(count):
            squares += (known[k] - mean) * (known[k] - mean)
        scale = np.sqrt(squares / count) if count else 0.0
        # A spread as small as rounding is none.
        flat = count == 0 or not scale > 1e-13 * max(abs(known[0]), abs(known[count - 1]))
        for i in range(first, stop):
            if values[i] != values[i]:
                out[i] = np.nan
            elif kind == _ZSCORE:
                out[i] = np.nan if flat else (values[i] - mean) / scale
            else:
                out[i] = mean if kind == _MEAN else values[i] - mean
