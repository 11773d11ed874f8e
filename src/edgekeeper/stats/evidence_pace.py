"""When will the evidence be in? The pace of bets so far, carried on by resampling blocks of it."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.block_length import block_lengths
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["LEAST_BARS", "EvidencePace", "evidence_pace"]

LEAST_BARS = 40
"""Bars below which a pace says nothing; where far ahead is looked, so many strides of bars."""
_NEVER = math.inf
_MOST_STRIDES = 5_000
_TAIL = 0.07  # of the resamples: a bootstrap of short records is too sure, see the tests


@dataclass(frozen=True, slots=True)
class EvidencePace:
    """Where bets stand, how fast they grow, and when all of them will be over the threshold.

    Attributes
    ----------
    log_now, threshold : float
        Logarithm of the least wealth, and of the wealth that each has to reach.
    weakest : int
        Which bet is the least.
    bars : int
        Bars the pace was read off.
    growth, growth_low, growth_high : float
        Mean growth a bar of the weakest bet's logarithm, with its 95 % interval. NaN with fewer
        than :data:`LEAST_BARS` bars.
    expected, earliest, latest : float
        Bars from now until half of all ways to go on are there, and an interval that holds what
        comes four times in five. Infinite where they are not there within the bars looked ahead;
        NaN where no pace is known.
    arriving : float
        Share of ways that are there within ``ahead`` bars.
    ahead : int
        How far was looked. Beyond 5,000 bars the way is taken in strides of several bars, at whose
        ends alone the threshold is looked for.
    """

    log_now: float
    threshold: float
    weakest: int
    bars: int
    growth: float
    growth_low: float
    growth_high: float
    expected: float
    earliest: float
    latest: float
    arriving: float
    ahead: int

    @property
    def reached(self) -> bool:
        """Whether the evidence is in now."""
        return self.log_now >= self.threshold

    @property
    def known(self) -> bool:
        """Whether there are bars enough to speak of a pace."""
        return not math.isnan(self.arriving)


def evidence_pace(
    increments: Float64Array,
    log_now: Float64Array,
    threshold: float,
    *,
    ahead: int = 5_000,
    bars_each: int = 1,
    repetitions: int = 400,
    seed: int = 0,
) -> EvidencePace:
    """Say when all of several bets will stand over a threshold at once, if they go on as so far.

    Each repetition first draws blocks of the past, which settles how fast that world's bets grow,
    then goes on with blocks drawn from those: so both the doubt about the pace and the luck of
    the way ahead are in the interval. Bets are drawn together, and neighbouring bars too.

    Parameters
    ----------
    increments : float64 [n, k]
        Growth of the logarithm of each bet's wealth at each bar, in time order.
    log_now : float64 [k]
        Logarithms of wealth now; minus infinity for a bet that is ruined.
    threshold : float
        Logarithm of the wealth that each has to reach; infinite where there is no budget.
    ahead : int
        Bars to look ahead, such as those left of a line's horizon.
    bars_each : int
        Bars that a row of ``increments`` stands for, where a long past is kept in strides.

    Raises
    ------
    BadData
        Increments that are not finite, or shapes that do not fit.
    UsageError
        Numbers out of range.

    Source: the block bootstrap of Politis & Romano (1992), circular, with the block length of
    Politis & White (2004), doubled, of the bet that remembers longest. On made bets of Sharpe
    ratio 5 with 250 bars of past the interval held 82 % of what came, 78 % with memory (AR 0.5).

    Examples
    --------
    >>> steady = np.full((100, 3), 0.01)
    >>> pace = evidence_pace(steady, np.array([1.0, 1.0, 1.5]), math.log(20))
    >>> pace.weakest, pace.expected, pace.latest
    (0, 200.0, 200.0)
    >>> evidence_pace(-steady, np.zeros(3), math.log(20)).arriving
    0.0
    """
    moves, now = _checked(increments, log_now, ahead, bars_each, repetitions)
    weakest = int(np.argmin(now))
    least, n = float(now[weakest]), len(moves)
    rows = max(1, math.ceil(ahead / bars_each / _MOST_STRIDES))
    stride = rows * bars_each
    steps = moves[n % rows :].reshape(-1, rows, moves.shape[1]).sum(axis=1)
    growth = (math.nan,) * 3
    if len(steps) >= LEAST_BARS:
        growth = _growth(steps[:, weakest], stride, repetitions, seed)
    if least >= threshold:
        arrived = np.zeros(repetitions)
    elif len(steps) < LEAST_BARS:
        arrived = np.full(repetitions, math.nan)
    elif math.isfinite(least) and math.isfinite(threshold):
        missing = threshold - now
        arrived = stride * _arrivals(steps, missing, ahead // stride, repetitions, seed)
    else:
        arrived = np.full(repetitions, _NEVER)
    early, middle, late = np.quantile(arrived, [_TAIL, 0.5, 1.0 - _TAIL], method="inverted_cdf")
    arriving = math.nan if np.isnan(arrived).any() else float(np.isfinite(arrived).mean())
    return EvidencePace(
        least, threshold, weakest, n * bars_each, *growth, float(middle), float(early),
        float(late), arriving, ahead,
    )  # fmt: skip


def _checked(
    increments: Float64Array, log_now: Float64Array, ahead: int, bars_each: int, repetitions: int
) -> tuple[Float64Array, Float64Array]:
    moves = np.asarray(increments, dtype=np.float64)
    now = np.asarray(log_now, dtype=np.float64)
    if moves.ndim != 2 or now.shape != moves.shape[1:] or moves.shape[1] == 0:
        raise BadData(f"expected increments [n, k] of k bets, got {moves.shape} and {now.shape}")
    if not np.isfinite(moves).all() or np.isnan(now).any():
        raise BadData(
            "expected finite increments, got one that is not: a ruined bet ends before its ruin, "
            "and stands at minus infinity"
        )
    if not 0 <= ahead <= 1_000_000 or bars_each < 1 or not 100 <= repetitions <= 100_000:
        raise UsageError(
            f"expected 0 to 1000000 bars ahead, rows of 1 bar or more and 100 to 100000 "
            f"repetitions, got {ahead!r}, {bars_each!r} and {repetitions!r}"
        )
    return moves, now


def _block(moves: Float64Array) -> int:
    return max(1, math.ceil(2.0 * float(np.max(block_lengths(moves)))))


def _starts(n: int, block: int, repetitions: int, rng: np.random.Generator) -> Int64Array:
    """First bars of the blocks that each resampled past is made of, ``[repetitions, blocks]``."""
    return rng.integers(0, n, (repetitions, math.ceil(n / block)))


def _growth(
    moves: Float64Array, stride: int, repetitions: int, seed: int
) -> tuple[float, float, float]:
    """Mean a bar with the interval of its bootstrap distribution, mirrored at the mean."""
    n, block = len(moves), _block(moves[:, None])
    starts = _starts(n, block, max(repetitions, 1_000), np.random.default_rng(seed))
    running = np.concatenate(([0.0], np.cumsum(np.concatenate((moves, moves[:block])))))
    means = (running[starts + block] - running[starts]).mean(axis=1) / block
    low, high = np.quantile(means, [0.025, 0.975])
    mean = float(moves.mean())
    ends = (mean, 2.0 * mean - float(high), 2.0 * mean - float(low))
    return ends[0] / stride, ends[1] / stride, ends[2] / stride


def _arrivals(
    moves: Float64Array, missing: Float64Array, ahead: int, repetitions: int, seed: int
) -> Float64Array:
    """Bars until all bets have gained what they miss, in each repetition; infinite if never."""
    rng = np.random.default_rng(seed)
    n, block = len(moves), _block(moves)
    pool = _starts(n, block, repetitions, rng)
    within = np.arange(block)
    arrived = np.full(repetitions, _NEVER)
    alive = np.arange(repetitions)
    stands = np.zeros((repetitions, moves.shape[1]))
    for done in range(0, ahead, block):
        # Drawn for those that are there as well: then no repetition's luck hangs on another's.
        pick = rng.integers(0, pool.shape[1], repetitions)[alive]
        rows = (pool[alive, pick][:, None] + within) % n
        path = stands[alive][:, None, :] + np.cumsum(moves[rows], axis=1)
        # A hair of tolerance: sums of equal steps must not miss a round threshold by rounding.
        there = (path >= missing - 1e-9).all(axis=2)
        hit = there.any(axis=1)
        bars = done + 1.0 + np.argmax(there, axis=1)
        arrived[alive[hit]] = np.where(bars[hit] <= ahead, bars[hit], _NEVER)
        stands[alive] = path[:, -1]
        alive = alive[~hit]
        if len(alive) == 0:
            break
    return arrived
