"""Evidence that stays valid however often one looks: betting, online FDR, and a harm detector.

A bet against a null hypothesis multiplies a wealth that starts at 1. If the null is true, wealth
exceeds ``1/level`` at any time with probability at most ``level`` (Ville's inequality), so a wealth
of 20 is evidence at 5 %, whenever it is reached.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array

__all__ = ["Bet", "HarmDetector", "e_lond_level"]


@njit(cache=True)
def _bet(log_wealth: float, differences: Float64Array, scale: Float64Array, stake: float,
         path: Float64Array) -> float:  # fmt: skip
    """Bet ``stake`` of the wealth on each difference; minus infinity once ruined."""
    for i in range(differences.shape[0]):
        if math.isnan(scale[i]):
            log_wealth = -math.inf
        elif scale[i] > 0.0:
            factor = 1.0 + stake * differences[i] / scale[i]
            log_wealth = log_wealth + math.log(factor) if factor > 0.0 else -math.inf
        path[i] = log_wealth
    return log_wealth


@dataclass(slots=True)
class Bet:
    """One e-process against "the mean difference is at most zero".

    ``wealth *= 1 + stake * difference / scale``. Scale must be known before the difference is,
    and losses are never clipped: the stake is such that wealth stays positive down to a loss of
    ``1 / stake`` scales. A larger loss ends the bet for good. The stake is constant: for annual
    Sharpe ratios above .8 of daily bars the growth-optimal stake lies above 1/20, so a cap at
    1/20 is nearly always binding and an estimated stake only adds noise.

    Parameters
    ----------
    worst_bar : float
        Largest loss, in units of scale, that wealth survives.

    References
    ----------
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting,
    section 4.

    Examples
    --------
    >>> import numpy as np
    >>> bet = Bet(worst_bar=20)
    >>> bool(bet.update(np.full(100, 0.5), np.ones(100))[-1] > 2.4)
    True
    """

    worst_bar: float = 20.0
    log_wealth: float = 0.0

    def __post_init__(self) -> None:
        if not 1.0 <= self.worst_bar < math.inf:
            raise UsageError(
                f"worst_bar: expected a finite number of scales from 1 on, got {self.worst_bar!r}"
            )

    @property
    def ruined(self) -> bool:
        """Whether a loss beyond the worst bar ended the bet."""
        return self.log_wealth == -math.inf

    def update(self, differences: Float64Array, scale: Float64Array) -> Float64Array:
        """Bet on each bar in turn; return the log of wealth after each, ``[n]``.

        A scale that is not positive means that nothing was at stake in that bar. A difference or
        scale that is not a number ends the bet: missing is never good news.

        Raises
        ------
        UsageError
            Not one scale for each difference.
        """
        if differences.ndim != 1 or differences.shape != scale.shape:
            raise UsageError(
                "expected one scale for each difference, got shapes "
                f"{differences.shape} and {scale.shape}"
            )
        path = np.empty(len(differences))
        clean = np.where(np.isnan(differences), -math.inf, differences)
        self.log_wealth = _bet(self.log_wealth, clean, scale, 1.0 / self.worst_bar, path)
        return path


def e_lond_level(test: int, discoveries: int, false_discovery_rate: float = 0.10) -> float:
    """Level at which the ``test``-th line ever registered (from 1) is tested.

    ``rate * 2**-test * (discoveries + 1)``; with e-values the false discovery rate stays below
    ``rate`` under any dependence between lines.

    References
    ----------
    Xu and Ramdas (2024), Online multiple testing with e-values, e-LOND.

    Examples
    --------
    >>> e_lond_level(1, 0), e_lond_level(2, 0), e_lond_level(2, 1)
    (0.05, 0.025, 0.05)
    """
    if test < 1 or discoveries < 0 or not 0.0 < false_discovery_rate < 1.0:
        raise UsageError(
            "expected test >= 1, discoveries >= 0 and a rate between 0 and 1, got "
            f"{test}, {discoveries}, {false_discovery_rate}"
        )
    return float(false_discovery_rate * 2.0**-test * (discoveries + 1))


@njit(cache=True)
def _detect(
    statistics: Float64Array,
    stakes: Float64Array,
    gains: Float64Array,
    reference: float,
    clip: float,
    path: Float64Array,
) -> None:
    for i in range(gains.shape[0]):
        gain = gains[i] if gains[i] < clip else clip
        total = 0.0
        for k in range(stakes.shape[0]):
            statistics[k] = (statistics[k] + 1.0) * (1.0 + stakes[k] * (reference - gain))
            total += statistics[k]
        path[i] = total / stakes.shape[0]


class HarmDetector:
    """Notices that a champion earns less than it used to, at once and with a stated false alarm.

    Null: the mean gain is at least ``reference``. The statistic is the sum of e-processes started
    at every bar (so a long good past does not dull it), averaged over a few stakes. Under the null
    the mean time to a false alarm is at least ``false_alarm_bars``. Gains above ``clip`` count as
    ``clip``, which errs towards retreat.

    Parameters
    ----------
    reference : float
        Mean gain per bar, in scales, below which the champion disappoints.
    clip : float
        Largest gain that counts.
    false_alarm_bars : float
        Least mean number of bars to a false alarm.

    References
    ----------
    Shin, Ramdas and Rinaldo (2024), E-detectors: a nonparametric framework for sequential change
    detection, definition 2.2 (e-SR).
    """

    def __init__(self, reference: float, clip: float = 5.0, false_alarm_bars: float = 2520.0):
        if not reference < clip:
            raise UsageError(f"expected a reference below the clip {clip}, got {reference}")
        if not false_alarm_bars > 1.0:
            raise UsageError(f"false_alarm_bars: expected more than 1, got {false_alarm_bars!r}")
        self.reference = reference
        self.clip = clip
        self.threshold = false_alarm_bars
        largest = 1.0 / (clip - reference)
        self.stakes = largest * np.array([1.0, 0.5, 0.25])
        self.statistics = np.zeros(len(self.stakes))

    @property
    def value(self) -> float:
        """Present value of the statistic; an alarm is a value at or above ``threshold``."""
        return float(self.statistics.mean())

    def update(self, gains: Float64Array) -> Float64Array:
        """Take gains per bar, in scales; return the statistic after each, ``[n]``.

        A gain that is not a number counts as harm beyond any threshold.
        """
        path = np.empty(len(gains))
        clean = np.where(np.isnan(gains), -math.inf, gains)
        _detect(self.statistics, self.stakes, clean, self.reference, self.clip, path)
        return path
