"""What a return series earned: Sharpe ratio with its interval, drawdowns, monthly table."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Performance", "drawdowns", "measure", "monthly_returns", "sharpe_ratio"]


_LARGEST_EXPONENT = 700.0


def sharpe_ratio(returns: Float64Array, periods_per_year: float) -> float:
    """Annual Sharpe ratio of simple returns over cash; NaN where nothing moves.

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.isnan(sharpe_ratio(np.zeros(10), 252)))
    True
    """
    if len(returns) < 2:
        return math.nan
    deviation = float(np.std(returns, ddof=1))
    if not deviation > 1e-15:
        return math.nan
    return float(np.mean(returns)) / deviation * math.sqrt(periods_per_year)


def _sharpe_error(returns: Float64Array, periods_per_year: float) -> float:
    """Standard error of the annual Sharpe ratio, for skewed and fat-tailed returns.

    Mertens (2002): variance of the per-period ratio is
    ``(1 - skew * SR + (kurtosis - 1) / 4 * SR**2) / n``.
    """
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 2 else 0.0
    if not deviation > 1e-15:
        return math.nan
    z = (returns - returns.mean()) / deviation
    ratio = float(returns.mean()) / deviation
    skew, kurtosis = float(np.mean(z**3)), float(np.mean(z**4))
    variance = (1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2) / len(returns)
    return math.sqrt(max(variance, 0.0) * periods_per_year)


def drawdowns(equity: Float64Array) -> Float64Array:
    """Fraction lost from the highest point so far, ``[n]``, zero or positive."""
    return 1.0 - equity / np.maximum.accumulate(equity)


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of one equity curve. Fractions, not per cent; NaN where undefined."""

    total_return: float
    annual_return: float
    annual_volatility: float
    sharpe: float
    sharpe_low: float
    sharpe_high: float
    sortino: float
    max_drawdown: float


def measure(equity: Float64Array, periods_per_year: float) -> Performance:
    """Measure an equity curve marked once a bar; the Sharpe interval covers 95 %."""
    if len(equity) < 2 or not equity[0] > 0:
        return Performance(*[math.nan] * 8)
    returns = np.diff(equity) / equity[:-1]
    total = float(equity[-1] / equity[0] - 1.0)
    growth = math.log1p(total) * periods_per_year / len(returns) if total > -1.0 else -math.inf
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    sharpe = sharpe_ratio(returns, periods_per_year)
    error = 1.96 * _sharpe_error(returns, periods_per_year)
    root = math.sqrt(periods_per_year)
    return Performance(
        total_return=total,
        annual_return=math.expm1(growth) if growth < _LARGEST_EXPONENT else math.inf,
        annual_volatility=float(np.std(returns, ddof=1)) * root if len(returns) > 1 else math.nan,
        sharpe=sharpe,
        sharpe_low=sharpe - error,
        sharpe_high=sharpe + error,
        sortino=float(returns.mean()) / downside * root if downside > 0 else math.nan,
        max_drawdown=float(drawdowns(equity).max()),
    )


def monthly_returns(time_ns: Int64Array, equity: Float64Array) -> dict[str, float]:
    """Return of each calendar month (UTC), keyed ``"2020-01"``, from the last mark of each.

    The first month is measured from the first mark, so what happened up to it does not count.
    """
    if len(time_ns) == 0:
        return {}
    months = time_ns.astype("datetime64[ns]").astype("datetime64[M]")
    last = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    closing = equity[last]
    opening = np.concatenate(([equity[0]], closing[:-1]))
    gains = closing / opening - 1.0
    return {str(months[i]): float(g) for i, g in zip(last, gains, strict=True)}
