"""How long proof will take: before an edge of a given size can be told from luck."""

import math
from dataclasses import dataclass

from edgekeeper.errors import UsageError
from edgekeeper.stats.sharpe import Definition, deflated_sharpe, minimum_track_record
from edgekeeper.stats.sharpe import ReturnShape as Shape

__all__ = ["ProofPlan", "deflated_record_length", "plan_proof", "years_to_proof"]

_LONGEST = 1e9


def years_to_proof(sharpe: float, level: float = 0.05) -> float:
    """Years a growth-optimal bet needs on average to reach ``1 / level``.

    ``2 ln(1 / level) / sharpe²``, with the annual Sharpe ratio of the paired difference. Infinite
    for a ratio that is not positive.

    Examples
    --------
    >>> [round(years_to_proof(sharpe), 2) for sharpe in (1, 2, 4)]
    [5.99, 1.5, 0.37]
    """
    _check_level(level)
    return 2.0 * math.log(1.0 / level) / sharpe**2 if sharpe > 0.0 else math.inf


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """Years until an edge is proven, by three ways of looking.

    Attributes
    ----------
    sharpe, level : float
        Annual net ratio of the difference that is bet on; error level.
    ideal_years : float
        Mean time of a bet that knows the edge and stakes accordingly: nothing valid is faster.
    mean_years, median_years, likely_years : float
        Time of the bet in use, with its constant stake: mean, median, and by when 80 % have it.
        Infinite where the stake is too large for so small an edge.
    fixed_years : float
        Record a single look needs that was planned beforehand (95 % confidence when it is
        ``1 - level``): shorter, but it holds for that one look only.
    """

    sharpe: float
    level: float
    ideal_years: float
    mean_years: float
    median_years: float
    likely_years: float
    fixed_years: float


def plan_proof(
    sharpe: float,
    *,
    level: float = 0.05,
    worst_bar: float = 20.0,
    periods_per_year: float = 252.0,
) -> ProofPlan:
    """Say how long an edge of this annual Sharpe ratio takes to prove.

    The wealth of a constant stake ``1 / worst_bar`` on returns of unit volatility is, in
    logarithms, nearly a Brownian motion with drift ``stake * μ - stake² / 2`` and deviation
    ``stake`` a bar; its first passage over ``ln(1 / level)`` is inverse Gaussian.

    Parameters
    ----------
    worst_bar : float
        As in :class:`~edgekeeper.stats.sequential.Bet`.

    Raises
    ------
    UsageError
        A level outside (0, 0.5), a ratio that is not finite, or another number out of range.

    Examples
    --------
    >>> plan = plan_proof(2.0)
    >>> round(plan.ideal_years, 2), round(plan.mean_years, 2), round(plan.fixed_years, 2)
    (1.5, 2.35, 0.68)
    """
    _check_level(level)
    if not math.isfinite(sharpe) or not periods_per_year > 0.0 or not worst_bar >= 1.0:
        raise UsageError(
            "expected a finite Sharpe ratio, bars in a year above 0 and a worst bar from 1 on, got "
            f"{sharpe!r}, {periods_per_year!r} and {worst_bar!r}"
        )
    ratio = sharpe / math.sqrt(periods_per_year)
    stake = 1.0 / worst_bar
    drift = stake * ratio - stake**2 / 2.0
    needed = math.log(1.0 / level)
    mean = needed / drift / periods_per_year if drift > 0.0 else math.inf

    def by(share: float) -> float:
        return _passage(needed, drift, stake, share) / periods_per_year

    fixed = minimum_track_record(ratio, 0.0, level=1.0 - level) if ratio > 0.0 else math.inf
    return ProofPlan(
        sharpe=sharpe,
        level=level,
        ideal_years=years_to_proof(sharpe, level),
        mean_years=mean,
        median_years=by(0.5),
        likely_years=by(0.8),
        fixed_years=fixed / periods_per_year,
    )


def _passage(barrier: float, drift: float, deviation: float, share: float) -> float:
    """Bars by which this share of Brownian paths has passed the barrier."""
    from scipy.optimize import brentq
    from scipy.special import log_ndtr, ndtr

    # Without enough drift some paths never arrive: exp(2 * drift * barrier / deviation²) do.
    tilt = 2.0 * drift * barrier / deviation**2
    if drift <= 0.0 and math.exp(tilt) <= share:
        return math.inf

    def passed(log_bars: float) -> float:
        bars = math.exp(log_bars)
        root = deviation * math.sqrt(bars)
        direct = float(ndtr((drift * bars - barrier) / root))
        reflected = math.exp(tilt + float(log_ndtr((-drift * bars - barrier) / root)))
        return direct + reflected - share

    return float(math.exp(brentq(passed, -10.0, math.log(_LONGEST))))


def deflated_record_length(
    sharpe: float,
    shape: Shape | None = None,
    *,
    trials: float,
    level: float = 0.95,
    definition: Definition = "2025",
) -> float:
    """Periods a record of this ratio needs, so that its deflated Sharpe ratio reaches ``level``.

    What worthless trials show by luck shrinks as records grow, so with time any positive ratio
    gets there. Infinite for a ratio that is not positive.

    Examples
    --------
    >>> round(deflated_record_length(0.1, trials=1)), round(deflated_record_length(0.1, trials=50))
    (271, 925)
    """
    if not sharpe > 0.0:
        return math.inf if sharpe <= 0.0 else math.nan

    def short_of(log_periods: float) -> float:
        reached = deflated_sharpe(
            sharpe, math.exp(log_periods), shape, trials=trials, definition=definition
        )
        return reached - level

    from scipy.optimize import brentq

    first, last = math.log(2.5), math.log(_LONGEST)
    if short_of(first) >= 0.0:
        return math.exp(first)
    if short_of(last) < 0.0:
        return math.inf
    return float(math.exp(brentq(short_of, first, last, xtol=1e-10)))


def _check_level(level: float) -> None:
    if not 0.0 < level < 0.5:
        raise UsageError(f"level: expected an error rate between 0 and 0.5, got {level!r}")
