"""How much each label should count: less where labels overlap, less the older it is."""

import numpy as np
from numba import njit

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.labels.record import Labels
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["average_uniqueness", "label_uniqueness", "recency"]


def average_uniqueness(first: Int64Array, last: Int64Array) -> Float64Array:
    """Mean over each span's bars of one divided by the number of spans alive at that bar.

    López de Prado, Advances in Financial Machine Learning (2018), 4.4.

    Parameters
    ----------
    first, last : int64 [n]
        Bar positions each span covers, both included. Spans of different symbols need
        positions that do not overlap.

    Returns
    -------
    float64 [n]
        In (0, 1]; 1 where no other span overlaps.

    Raises
    ------
    UsageError
        Unequal lengths, negative positions, or a span that ends before it begins.

    Examples
    --------
    >>> average_uniqueness(np.array([0, 2, 4]), np.array([2, 3, 5])).round(4).tolist()
    [0.8333, 0.75, 1.0]
    """
    first, last = np.asarray(first, dtype=np.int64), np.asarray(last, dtype=np.int64)
    if first.ndim != 1 or first.shape != last.shape:
        raise UsageError(
            f"expected as many first as last positions, got {first.shape} and {last.shape}"
        )
    if len(first) == 0:
        return np.empty(0)
    if (first < 0).any() or (last < first).any():
        row = int(np.argmax((first < 0) | (last < first)))
        raise UsageError(
            f"expected spans 0 <= first <= last, got [{first[row]}, {last[row]}] in row {row}"
        )
    return _uniqueness(first, last, int(last.max()) + 1)


@njit(cache=True, nogil=True)
def _uniqueness(first: Int64Array, last: Int64Array, length: int) -> Float64Array:
    change = np.zeros(length + 1, dtype=np.int64)
    for i in range(len(first)):
        change[first[i]] += 1
        change[last[i] + 1] -= 1
    inverse = np.zeros(length)
    alive = 0
    for t in range(length):
        alive += change[t]
        if alive > 0:
            inverse[t] = 1.0 / alive
    # Spans are short, so a plain sum is as fast as differences of a running total, and exact.
    unique = np.empty(len(first))
    for i in range(len(first)):
        total = 0.0
        for t in range(first[i], last[i] + 1):
            total += inverse[t]
        unique[i] = total / (last[i] - first[i] + 1)
    return unique


def label_uniqueness(labels: Labels, bars: Bars) -> Float64Array:
    """Average uniqueness of each bar's label among the labels of its symbol, float64 [N].

    The two sides of a bar count as one observation, alive from the entry bar to the later of
    their exits. Rows without both outcomes are NaN and crowd nobody. The sum over the known rows
    is the effective number of observations, symbols taken as independent.

    ``bars`` are those the labels were made from.
    """
    if len(labels) != len(bars):
        raise UsageError(
            f"expected the bars the labels were made from ({len(labels)} rows), got {len(bars)}"
        )
    order = bars.by_symbol
    held = labels.bars_held[order].max(axis=1).astype(np.int64)
    complete = ~np.isnan(labels.net_return[order]).any(axis=1)
    position = np.flatnonzero(complete)
    unique = np.full(len(bars), np.nan)
    unique[order[position]] = average_uniqueness(position + 1, position + held[position])
    return unique


def recency(time_ns: Int64Array, now_ns: int, half_life_ns: int) -> Float64Array:
    """Weight halved for every ``half_life_ns`` of age: 1 now, 0.5 one half-life ago.

    Raises
    ------
    UsageError
        A half-life that is not positive, or a time after ``now_ns``: the future has no weight.

    Examples
    --------
    >>> recency(np.array([0, 50, 100]), now_ns=100, half_life_ns=50).tolist()
    [0.25, 0.5, 1.0]
    """
    if half_life_ns <= 0:
        raise UsageError(f"half_life_ns: expected a positive time, got {half_life_ns!r}")
    age = now_ns - np.asarray(time_ns, dtype=np.int64)
    if (age < 0).any():
        raise UsageError(f"expected times up to now ({now_ns}), got {int((age < 0).sum())} later")
    return np.exp2(-age / half_life_ns)
