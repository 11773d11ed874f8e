"""Open, high, low and close from the bar's own path.

Given a bar's variance its log price is a Brownian motion: a jump overnight, then a path through
the session whose highest and lowest points are drawn from the law of the Brownian bridge between
its sub-steps. So no order resting inside a bar, a stop or a target, earns anything but the drift.
"""

from typing import NamedTuple

import numpy as np

from edgekeeper.types import Float64Array

__all__ = ["CORRELATION", "OVERNIGHT", "Prices", "draw_prices"]

OVERNIGHT = 0.2
_STEPS = 16
CORRELATION = 0.5
_FIRST_PRICE = 100.0


class Prices(NamedTuple):
    """Prices of ``T`` bars and ``S`` symbols, each float64 [T, S]."""

    open: Float64Array
    high: Float64Array
    low: Float64Array
    close: Float64Array


def draw_prices(
    rng: np.random.Generator,
    variance: Float64Array,
    drift: Float64Array,
    alpha: Float64Array,
    jump: Float64Array | None = None,
) -> Prices:
    """Draw a path for every bar.

    The mean of a log return is lowered by half its variance, so that simple returns have exactly
    the mean asked for, over the session, over the night, and up to any stopping time in between.

    Parameters
    ----------
    rng : numpy.random.Generator
    variance : float64 [T, S]
        Of each bar's log return; a share of ``OVERNIGHT`` of it falls before the open.
    drift : float64 [S]
        Mean simple return of a bar, spread over night and session like the variance.
    alpha : float64 [T, S]
        Further mean simple return of the session.
    jump : float64 [T, S], optional
        Further variance before the open.
    """
    bars, symbols = variance.shape
    jump = np.zeros_like(variance) if jump is None else jump
    factor = rng.standard_normal((bars, _STEPS + 1))
    columns = [
        _one_symbol(rng, factor, variance[:, s], jump[:, s], float(drift[s]), alpha[:, s])
        for s in range(symbols)
    ]
    return Prices(*(np.stack(column, axis=1) for column in zip(*columns, strict=True)))


def _one_symbol(
    rng: np.random.Generator,
    factor: Float64Array,
    variance: Float64Array,
    jump: Float64Array,
    drift: float,
    alpha: Float64Array,
) -> Prices:
    own = rng.standard_normal(factor.shape)
    shocks = np.sqrt(CORRELATION) * factor + np.sqrt(1.0 - CORRELATION) * own
    night_variance = OVERNIGHT * variance + jump
    step_variance = (1.0 - OVERNIGHT) * variance / _STEPS
    night_mean = OVERNIGHT * np.log1p(drift) - night_variance / 2.0
    step_mean = (
        (1.0 - OVERNIGHT) * np.log1p(drift) + np.log1p(alpha)
    ) / _STEPS - step_variance / 2.0
    night = night_mean + np.sqrt(night_variance) * shocks[:, 0]
    steps = step_mean[:, None] + np.sqrt(step_variance)[:, None] * shocks[:, 1:]

    path = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
    above, below = _bridge_extremes(rng, path, step_variance[:, None])
    close = np.cumsum(night + path[:, -1])
    open_ = close - path[:, -1]
    return Prices(
        *(
            _FIRST_PRICE * np.exp(log_price)
            for log_price in (
                open_,
                np.maximum(open_ + above, np.maximum(open_, close)),
                np.minimum(open_ + below, np.minimum(open_, close)),
                close,
            )
        )
    )


def _bridge_extremes(
    rng: np.random.Generator, path: Float64Array, step_variance: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Highest and lowest point of each row of ``path`` [T, K + 1], between its points too.

    The maximum of a Brownian bridge from a to b with variance v is
    ``(a + b + sqrt((b - a)^2 - 2 v ln U)) / 2`` for uniform U (Glasserman 2003, 6.4.4). Each of
    the two extremes has its exact law. Their dependence within one sub-step is not drawn: it
    makes a touch of both slightly likelier, which the exit rules count as the stop.
    """
    begin, end = path[:, :-1], path[:, 1:]
    squared = (end - begin) ** 2
    # 1 - U lies in (0, 1], so the logarithm is finite.
    up = squared - 2.0 * step_variance * np.log(1.0 - rng.random(begin.shape))
    down = squared - 2.0 * step_variance * np.log(1.0 - rng.random(begin.shape))
    middle = begin + end
    above = 0.5 * (middle + np.sqrt(up)).max(axis=1)
    below = 0.5 * (middle - np.sqrt(down)).min(axis=1)
    return above, below
