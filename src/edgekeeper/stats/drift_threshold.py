"""How far a drift monitor's sums go where nothing changes: the bootstrap of the whole watch."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from edgekeeper.stats.block_length import block_lengths, lingers, longest_block
from edgekeeper.stats.drift_channels import channel_count, channel_moments, largest_sums
from edgekeeper.stats.drift_scores import order_columns, scores_within
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Memory", "batch_of", "memory_of", "simulate_watches", "thresholds"]

_SHARE_SPENT = 0.5


class Memory(NamedTuple):
    """How long a reference remembers.

    Attributes
    ----------
    block : float
        Mean block for the whole of it.
    persistent : bool
        Whether some column remembers about as long as the reference can tell.
    """

    block: float
    persistent: bool


def memory_of(scores: Float64Array) -> Memory:
    """Mean block for a whole reference: half as long again as its slowest column asks for.

    Levels and spreads are looked at, since volatility may linger where the level does not. Blocks
    that are too short make thresholds too low; how long a weak memory lasts cannot be told from one
    record. So where any column lingers at all, blocks are the longest that the record allows.
    """
    n = len(scores)
    columns = np.concatenate([scores, np.abs(scores)], axis=1)
    asked = max(1.5 * float(block_lengths(columns).max()), n ** (1.0 / 3.0))
    longest = longest_block(n)
    block = longest if lingers(columns) else min(asked, longest)
    return Memory(block, asked >= longest)


def batch_of(block: float, n: int) -> int:
    """Values in a batch, over which a long-run deviation is measured: two blocks."""
    return int(min(max(10, math.ceil(2.0 * block)), n // 4))


@njit(cache=True, nogil=True)
def _walk(starts: Int64Array, fresh: Float64Array, chance: float, n: int) -> Int64Array:
    """Rows of a stationary bootstrap: on to the next row, or with ``chance`` to a new start."""
    rows = np.empty(len(starts), dtype=np.int64)
    rows[0] = starts[0]
    for t in range(1, len(starts)):
        rows[t] = starts[t] if fresh[t] < chance else (rows[t - 1] + 1) % n
    return rows


def simulate_watches(
    reference: Float64Array,
    pairs: Int64Array,
    *,
    block: float,
    horizon: int,
    repetitions: int,
    seed: int,
) -> Float64Array:
    """Largest sum of each channel in watches without drift, ``[repetitions, channels]``.

    Each repetition draws a reference as long as the real one and a stream of ``horizon`` rows from
    the same record, in blocks, and does with them all that is done with real ones: ranks, means and
    deviations are estimated anew, so that their uncertainty is in the result.

    Source: Politis & Romano (1994), "The stationary bootstrap".
    """
    n, d = reference.shape
    channels = channel_count(d, pairs)
    order, group = order_columns(reference)
    batch, rng = batch_of(block, n), np.random.default_rng(seed)
    scores = np.empty((n, d))
    mean, deviation = np.empty(channels), np.empty(channels)
    largest = np.empty((repetitions, channels))
    for r in range(repetitions):
        starts, fresh = rng.integers(0, n, n + horizon), rng.random(n + horizon)
        fresh[n] = -1.0  # the stream starts somewhere of its own
        rows = _walk(starts, fresh, 1.0 / block, n)
        scores_within(order, group, np.bincount(rows[:n], minlength=n), scores)
        channel_moments(scores, rows[:n], pairs, batch, mean, deviation)
        largest_sums(scores, rows[n:], pairs, mean, deviation, largest[r])
    return largest


def thresholds(largest: Float64Array, false_alarm: float) -> Float64Array:
    """Sums that any channel passes in at most half of ``false_alarm`` of the watches, ``[k]``.

    Each channel is judged by how far it went beyond its own usual, so that none with wide
    variations makes the others blind. The other half of the budget covers what a bootstrap of one
    record cannot know: how far that record's memory and spread are from the truth.
    """
    centre = largest.mean(axis=0)
    spread = np.maximum(largest.std(axis=0), 0.25)
    furthest = np.sort(((largest - centre) / spread).max(axis=1))
    allowed = max(1, math.floor(_SHARE_SPENT * false_alarm * (len(furthest) + 1)))
    cut: Float64Array = centre + spread * furthest[len(furthest) - allowed]
    return cut
