"""E-values: tests one may look at after every observation, and stop whenever one likes.

Each starts at 1 and is expected never to grow while its null is true, so reaching ``1 / level`` at
any time has a probability of at most ``level``. Everything is returned as a natural logarithm.
"""

import math

import numpy as np
from numba import njit

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["bounded_mean_evidence", "mixture_sprt", "sign_evidence"]


def sign_evidence(wins: int, losses: int) -> float:
    """Log e-value against "wins and losses are equally likely", from their counts alone.

    ``2^n B(½ + wins, ½ + losses) / B(½, ½)``: the win rate is bet on with a Beta(½, ½) prior.
    Trades without profit or loss count as neither.

    Examples
    --------
    >>> [round(math.exp(sign_evidence(*n)), 4) for n in ((5, 5), (8, 2), (65, 35))]
    [0.2461, 1.6758, 7.683]
    """
    from scipy.special import betaln

    if wins < 0 or losses < 0:
        raise UsageError(f"expected counts of zero or more, got {wins!r} and {losses!r}")
    prior = float(betaln(0.5, 0.5))
    return (wins + losses) * math.log(2.0) + float(betaln(0.5 + wins, 0.5 + losses)) - prior


def mixture_sprt(
    difference: float, observations: float, *, variance: float, prior_variance: float
) -> float:
    """Log of the mixture sequential probability ratio against "the mean difference is zero".

    Parameters
    ----------
    difference : float
        Mean of the differences seen so far.
    observations : float
        How many those are.
    variance : float
        Of one difference; known, or an estimate once there are many.
    prior_variance : float
        Of the true difference, under the alternative that is mixed over.

    Source: Johari, Koomen, Pekelis & Walsh (2017), "Peeking at A/B tests", eq. 8.

    Examples
    --------
    >>> round(math.exp(mixture_sprt(0.1, 1000, variance=2, prior_variance=0.01)), 4)
    3.2787
    """
    if not (observations >= 0 and variance > 0.0 and prior_variance > 0.0):
        raise UsageError(
            "expected observations of zero or more and positive variances, got "
            f"{observations!r}, {variance!r} and {prior_variance!r}"
        )
    total = variance + observations * prior_variance
    exponent = observations**2 * prior_variance * difference**2 / (2.0 * variance * total)
    return 0.5 * math.log(variance / total) + exponent


def bounded_mean_evidence(
    values: Float64Array, *, mean: float = 0.5, level: float = 0.05, cap: float = 0.5
) -> Float64Array:
    """Log e-process against "the mean of values within [0, 1] is at most ``mean``", ``[n]``.

    ``E = ∏ (1 + λ_t (x_t - mean))`` with the predictable stake
    ``λ_t = min(sqrt(2 ln(2 / level) / (σ²_{t-1} t ln(1 + t))), cap / mean)``, σ² shrunk towards
    1/4 by one observation. For the other side pass ``1 - values`` and ``1 - mean``.

    Parameters
    ----------
    values : float64 [n]
        In the order they came.
    cap : float
        Share of the wealth that may be lost at worst, in (0, 1).

    Raises
    ------
    BadData
        A value outside [0, 1] or missing: the bound is what the test rests on.

    Source: Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by
    betting", section 4.2, predictable plug-in stakes.

    Examples
    --------
    >>> bool(bounded_mean_evidence(np.full(60, 0.8))[-1] > math.log(20))
    True
    """
    values = bounded(values)
    if not (0.0 < mean < 1.0 and 0.0 < level < 1.0 and 0.0 < cap < 1.0):
        raise UsageError(
            f"expected mean, level and cap between 0 and 1, got {mean!r}, {level!r}, {cap!r}"
        )
    path = np.empty(len(values))
    _bet_on_mean(values, mean, 2.0 * math.log(2.0 / level), cap / mean, path)
    return path


def bounded(values: Float64Array) -> Float64Array:
    """Return values as an array, refused unless all lie in [0, 1]."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise BadData(f"expected one value after another, got shape {values.shape}")
    outside = ~((values >= 0.0) & (values <= 1.0))
    if outside.any():
        raise BadData(
            f"expected values from 0 to 1, got {values[outside][0]!r} at position "
            f"{int(np.argmax(outside))}: rescale by bounds known beforehand, never by the data"
        )
    return values


@njit(cache=True, nogil=True)
def _bet_on_mean(
    values: Float64Array, mean: float, scale: float, largest: float, path: Float64Array
) -> None:
    log_wealth, total, squares, variance = 0.0, 0.5, 0.25, 0.25
    for i in range(values.shape[0]):
        t = i + 1.0
        stake = largest
        if variance > 0.0:
            stake = min(largest, math.sqrt(scale / (variance * t * math.log(1.0 + t))))
        log_wealth += math.log1p(stake * (values[i] - mean))
        path[i] = log_wealth
        total += values[i]
        squares += (values[i] - total / (t + 1.0)) ** 2
        variance = squares / (t + 1.0)
