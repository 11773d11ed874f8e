"""How much a Sharpe ratio can be trusted: probabilistic and deflated ratio, track record needed.

Ratios here are *per period* (a day, a month), never annual: divide an annual ratio by the square
root of the periods in a year. Kurtosis is raw, 3 for normal returns.

Two definitions are in use and differ on purpose:

- ``"2012/2014"``: Bailey & López de Prado. The error of the ratio is taken at the *observed* ratio,
  with ``T - 1``; returns are taken as uncorrelated.
- ``"2025"``: López de Prado, Lipton & Zoonekynd. The error is taken under the *null*, as a test
  should, with ``T``; returns may follow an AR(1), and the best of K trials has the smaller
  variance a maximum has.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.stats.trials import expected_maximum, maximum_variance
from edgekeeper.types import Float64Array

__all__ = [
    "Definition",
    "ReturnShape",
    "deflated_sharpe",
    "minimum_track_record",
    "probabilistic_sharpe",
    "return_shape",
    "sharpe_variance",
]

Definition = Literal["2012/2014", "2025"]


@dataclass(frozen=True, slots=True)
class ReturnShape:
    """What besides the ratio itself decides how exactly a Sharpe ratio is known.

    Attributes
    ----------
    skew : float
    kurtosis : float
        Raw; 3 for normal returns.
    autocorrelation : float
        Of neighbouring periods, in (-1, 1). The definition of 2012/2014 leaves it out.
    """

    skew: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0

    def __post_init__(self) -> None:
        if not self.kurtosis >= 1.0 + self.skew**2 - 1e-9:
            raise UsageError(
                f"expected a kurtosis of at least 1 + skew² = {1.0 + self.skew**2:.4g}, got "
                f"{self.kurtosis!r}: no returns have such moments; raw kurtosis is asked for "
                "(normal = 3), not the excess"
            )
        if not -1.0 < self.autocorrelation < 1.0:
            raise UsageError(
                f"autocorrelation: expected more than -1 and less than 1, got "
                f"{self.autocorrelation!r}"
            )


def return_shape(returns: Float64Array) -> tuple[float, ReturnShape]:
    """Return (Sharpe ratio per period, shape) of returns without missing values.

    The ratio divides by the sample deviation (``n - 1``), moments by the plain one, as usual.
    The ratio is NaN where nothing moves or fewer than three returns came.

    Raises
    ------
    UsageError
        Returns that are missing or infinite.

    Examples
    --------
    >>> ratio, shape = return_shape(np.array([0.01, -0.01, 0.02, 0.0]))
    >>> round(ratio, 4), round(shape.kurtosis, 4)
    (0.3873, 1.64)
    """
    returns = np.asarray(returns, dtype=np.float64)
    if returns.ndim != 1 or not np.isfinite(returns).all():
        raise UsageError(
            f"expected a finite return for every period, got shape {returns.shape} with "
            f"{int((~np.isfinite(returns)).sum())} missing: a period without a trade earned 0"
        )
    if len(returns) < 3:
        return math.nan, ReturnShape()
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    if not math.sqrt(variance) > 1e-15:
        return math.nan, ReturnShape()
    ratio = float(returns.mean() / returns.std(ddof=1))
    z = centred / math.sqrt(variance)
    neighbours = float(np.mean(z[1:] * z[:-1])) * len(z) / (len(z) - 1)
    return ratio, ReturnShape(
        skew=float(np.mean(z**3)),
        kurtosis=float(np.mean(z**4)),
        autocorrelation=min(max(neighbours, -0.99), 0.99),
    )


def sharpe_variance(sharpe: float, shape: ReturnShape, periods: float) -> float:
    """Variance of an estimated Sharpe ratio whose true value is ``sharpe``.

    ``(a - b γ3 SR + c (γ4 - 1)/4 SR²) / T`` with ``a = (1 + ρ)/(1 - ρ)``,
    ``b = (1 + ρ + ρ²)/(1 - ρ²)``, ``c = (1 + ρ²)/(1 - ρ²)``.

    Source: Mertens (2002); with autocorrelation López de Prado, Lipton & Zoonekynd (2025), "How
    to use the Sharpe ratio".

    Examples
    --------
    >>> round(sharpe_variance(0.0, ReturnShape(), 100), 4)
    0.01
    """
    return _variance_of_one(sharpe, shape) / _periods(periods)


def _variance_of_one(sharpe: float, shape: ReturnShape) -> float:
    rho = shape.autocorrelation
    a = (1.0 + rho) / (1.0 - rho)
    b = (1.0 + rho + rho**2) / (1.0 - rho**2)
    c = (1.0 + rho**2) / (1.0 - rho**2)
    variance = a - b * shape.skew * sharpe + c * (shape.kurtosis - 1.0) / 4.0 * sharpe**2
    # Returns of two values only can bring the approximation to zero and, correlated, below.
    return max(variance, 1e-9 * a)


def _uncorrelated(shape: ReturnShape) -> ReturnShape:
    return ReturnShape(shape.skew, shape.kurtosis)


def _periods(periods: float) -> float:
    if not periods > 1.0:
        raise UsageError(f"expected more than one period, got {periods!r}")
    return periods


def _known(definition: str) -> None:
    if definition not in ("2012/2014", "2025"):
        raise UsageError(
            f'definition: expected "2012/2014" or "2025", got {definition!r}: they differ, see '
            "the documentation of edgekeeper.stats.sharpe"
        )


def probabilistic_sharpe(
    sharpe: float,
    benchmark: float,
    periods: float,
    shape: ReturnShape | None = None,
    *,
    definition: Definition = "2025",
) -> float:
    """Probability, as a test sees it, that the true Sharpe ratio is above ``benchmark``.

    One minus the p-value of "the true ratio is the benchmark". NaN for a ratio that is NaN.

    Parameters
    ----------
    sharpe, benchmark : float
        Observed and asked for, per period.
    periods : float
        Length of the record.

    Source: Bailey & López de Prado (2012), "The Sharpe ratio efficient frontier", eq. 9; for
    2025 see the module.

    Examples
    --------
    >>> skewed = ReturnShape(skew=-2.448, kurtosis=10.164)
    >>> round(probabilistic_sharpe(0.458, 0.0, 24, skewed, definition="2012/2014"), 4)
    0.9134
    """
    from scipy.special import ndtr

    _known(definition)
    shape = shape or ReturnShape()
    if definition == "2025":
        error = math.sqrt(sharpe_variance(benchmark, shape, periods))
    else:
        error = math.sqrt(sharpe_variance(sharpe, _uncorrelated(shape), _periods(periods) - 1.0))
    return float(ndtr((sharpe - benchmark) / error))


def minimum_track_record(
    sharpe: float,
    benchmark: float,
    shape: ReturnShape | None = None,
    *,
    level: float = 0.95,
    definition: Definition = "2025",
) -> float:
    """Periods a record needs before its ratio is above ``benchmark`` with confidence ``level``.

    Infinite where the ratio is not above the benchmark: more of the same never proves it.

    Source: Bailey & López de Prado (2012), eq. 11; for 2025 see the module.

    Examples
    --------
    >>> monthly = ReturnShape(skew=-0.72, kurtosis=5.78)
    >>> sharpe, asked = 2 / math.sqrt(12), 1 / math.sqrt(12)
    >>> round(minimum_track_record(sharpe, asked, monthly, definition="2012/2014"), 3)
    59.895
    """
    from scipy.special import ndtri

    _known(definition)
    if not 0.5 < level < 1.0:
        raise UsageError(f"level: expected a confidence between 0.5 and 1, got {level!r}")
    if math.isnan(sharpe):
        return math.nan
    if sharpe <= benchmark:
        return math.inf
    shape = shape or ReturnShape()
    times = (float(ndtri(level)) / (sharpe - benchmark)) ** 2
    if definition == "2025":
        return _variance_of_one(benchmark, shape) * times
    return 1.0 + _variance_of_one(sharpe, _uncorrelated(shape)) * times


def deflated_sharpe(
    sharpe: float,
    periods: float,
    shape: ReturnShape | None = None,
    *,
    trials: float,
    trial_variance: float | None = None,
    definition: Definition = "2025",
) -> float:
    """Probability that the ratio is real although it is the best of ``trials`` that were tried.

    The probabilistic ratio against what the best of so many worthless trials is expected to
    show. With one trial that is zero.

    Parameters
    ----------
    trials : float
        Independent trials, see :func:`~edgekeeper.stats.trials.effective_trials`.
    trial_variance : float, optional
        Variance of the trials' ratios per period. Without it, that of worthless trials of this
        length and autocorrelation: ``sharpe_variance(0, shape, periods)``.

    Source: Bailey & López de Prado (2014), "The deflated Sharpe ratio", eqs. 1 and 2; for 2025
    see the module.

    Examples
    --------
    >>> fat = ReturnShape(skew=-3.0, kurtosis=10.0)
    >>> round(deflated_sharpe(2.5 / math.sqrt(250), 1250, fat, trials=100,
    ...     trial_variance=0.5 / 250, definition="2012/2014"), 4)
    0.9004
    """
    from scipy.special import ndtr

    _known(definition)
    shape = shape or ReturnShape()
    if trial_variance is None:
        own = shape if definition == "2025" else _uncorrelated(shape)
        trial_variance = sharpe_variance(0.0, own, periods)
    if not trial_variance >= 0.0:
        raise UsageError(f"trial_variance: expected zero or more, got {trial_variance!r}")
    hurdle = math.sqrt(trial_variance) * expected_maximum(trials, exact=False)
    if definition == "2012/2014":
        return probabilistic_sharpe(sharpe, hurdle, periods, shape, definition=definition)
    error = math.sqrt(sharpe_variance(hurdle, shape, periods) * maximum_variance(trials))
    return float(ndtr((sharpe - hurdle) / error))
