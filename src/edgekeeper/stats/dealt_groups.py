"""Signals dealt out by lot between two deciders: does it make a difference who decides?

The lot is the only thing that is random here, and its odds are known. So the tests need nothing of
the market: no independence, no distribution, no sample size. Both ask whether outcomes would have
been the same whoever had decided.
"""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import BoolArray, Float64Array

__all__ = ["DealtEvidence", "dealing_evidence", "redealt_p_value"]

_TILTS = (0.25, 0.5, 1.0, 2.0)
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class DealtEvidence:
    """Log e-values that the challenger's signals do better, and that they do worse.

    Each starts at 0 and reaches ``ln(1 / level)``, at any time and however often one looks, with a
    probability of at most ``level`` where it makes no difference who decides.
    """

    log_better: float
    log_worse: float


def dealing_evidence(gain: Float64Array, mine: BoolArray, share: Float64Array) -> DealtEvidence:
    """Bet, signal after signal, that good outcomes are the challenger's more often than by lot.

    Knowing an outcome but not yet who decided it, the bet tilts the odds of the lot by how good
    the outcome is against what outcomes were like so far; wealth is the likelihood ratio of the
    tilted odds to the true ones, averaged over a few strengths of tilt.

    Parameters
    ----------
    gain : float64 [n]
        What each signal earned, in the order they were dealt; 0 where nothing was traded.
    mine : bool [n]
        Whether the challenger decided it.
    share : float64 [n]
        Chance that it would, as the lot had it; in (0, 1).

    Source: Shafer (2021), "Testing by betting", likelihood ratios as bets; mixture over tilts.

    Examples
    --------
    >>> gain = np.tile([1.0, -1.0], 50)
    >>> found = dealing_evidence(gain, gain > 0, np.full(100, 0.5))
    >>> found.log_better > math.log(20), found.log_worse < 0
    (True, True)
    """
    gain, mine, share = _checked(gain, mine, share)
    size = np.abs(gain)
    traded = size > 0.0
    # Scale known before the outcome: the mean size of outcomes before; of the first, its own.
    past = np.concatenate(([0.0], np.cumsum(size)[:-1]))
    times = np.concatenate(([0.0], np.cumsum(traded)[:-1]))
    usual = np.divide(past, times, out=size.copy(), where=times > 0.0)
    whole = size + usual
    goodness = np.divide(gain, whole, out=np.zeros_like(gain), where=whole > 0.0)
    return DealtEvidence(_tilted(goodness, mine, share, +1.0), _tilted(goodness, mine, share, -1.0))


def _tilted(goodness: Float64Array, mine: BoolArray, share: Float64Array, sign: float) -> float:
    logs = []
    for tilt in _TILTS:
        exponent = sign * tilt * 2.0 * goodness
        mass = np.log(share * np.exp(exponent) + 1.0 - share)
        logs.append(float((np.where(mine, exponent, 0.0) - mass).sum()))
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs) / len(logs))


def redealt_p_value(
    gain: Float64Array,
    mine: BoolArray,
    share: Float64Array,
    *,
    repetitions: int = 2_000,
    seed: int = 0,
) -> float:
    """Chance that dealing the same outcomes out anew makes the groups differ as much; two-sided.

    Exact at a single look, planned beforehand: the observed deal is one of the deals. Groups are
    compared by the mean that each signal earned, weighted by its odds.

    Source: Fisher (1935), the randomisation test; Horvitz & Thompson (1952) for the weights.

    Raises
    ------
    BadData
        Shapes that do not fit, gains that are not finite, or odds that are not between 0 and 1.

    Examples
    --------
    >>> gain = np.tile([1.0, -1.0], 20)
    >>> redealt_p_value(gain, gain > 0, np.full(40, 0.5)) < 0.01
    True
    """
    gain, mine, share = _checked(gain, mine, share)
    if not 100 <= repetitions <= 100_000:
        raise UsageError(f"expected 100 to 100000 repetitions, got {repetitions!r}")
    if not np.abs(gain).sum() > 0.0:
        return math.nan
    active = gain != 0.0
    gain, mine, share = gain[active], mine[active], share[active]
    won, lost = gain / share, gain / (1.0 - share)

    def difference(deals: BoolArray) -> Float64Array:
        found: Float64Array = np.where(deals, won, -lost).sum(axis=1)
        return found

    seen = abs(float(difference(mine[None, :])[0])) * (1.0 - 1e-12)
    rng = np.random.default_rng(seed)
    beyond, left = 0, repetitions
    while left > 0:
        often = min(_CHUNK, left)
        deals = rng.random((often, len(gain))) < share
        beyond += int((np.abs(difference(deals)) >= seen).sum())
        left -= often
    return (beyond + 1) / (repetitions + 1)


def _checked(
    gain: Float64Array, mine: BoolArray, share: Float64Array
) -> tuple[Float64Array, BoolArray, Float64Array]:
    gain, share = np.asarray(gain, np.float64), np.asarray(share, np.float64)
    mine = np.asarray(mine, dtype=np.bool_)
    if gain.ndim != 1 or mine.shape != gain.shape or share.shape != gain.shape:
        raise BadData(
            f"expected a decider and odds for each gain, got {gain.shape}, {mine.shape} and "
            f"{share.shape}"
        )
    if not np.isfinite(gain).all() or not ((share > 0.0) & (share < 1.0)).all():
        raise BadData("expected finite gains, and odds between 0 and 1")
    return gain, mine, share
