"""From a forecast to take, reduce or skip, before limits and guards have their say."""

import math

from numba import njit

from edgekeeper.simulator.state import (
    ACCEPTED,
    BELOW_BAND,
    BELOW_COST,
    COST,
    HORIZON,
    MAX_NOVELTY,
    NO_SHORTING,
    REDUCE,
    REDUCE_ABOVE,
    SHORTING,
    SKIP,
    STOP_WIDTH,
    TAKE,
    TAKE_ABOVE,
    TARGET_WIDTH,
    UNFAMILIAR,
)
from edgekeeper.types import Float64Array

__all__ = ["break_even", "judge", "rescale"]


@njit(cache=True)
def break_even(volatility: float, parameters: Float64Array) -> float:
    """Probability of success at which a bracket with these barriers earns nothing, net.

    A win brings the target's distance less two sides of costs, a loss takes the stop's distance
    and the same costs: ``p* = loss / (win + loss)``. At or above 1 no probability suffices.
    """
    width = volatility * math.sqrt(parameters[HORIZON])
    costs = 2.0 * parameters[COST]
    both = (parameters[TARGET_WIDTH] + parameters[STOP_WIDTH]) * width
    return (parameters[STOP_WIDTH] * width + costs) / both


@njit(cache=True)
def rescale(probability: float, even: float) -> float:
    """Stretch the probability scale so that ``even`` becomes one half; 0 and 1 stay."""
    if even >= 1.0:
        return 0.0
    if probability <= even:
        return 0.5 * probability / even
    return 0.5 + 0.5 * (probability - even) / (1.0 - even)


@njit(cache=True)
def judge(
    probability_long: float,
    probability_short: float,
    expected_long: float,
    expected_short: float,
    novelty: float,
    volatility: float,
    parameters: Float64Array,
) -> tuple[int, int, int]:
    """Return (decision, direction, reason) for one bar from the forecasts of its two sides.

    The side with the larger net expectation is judged; the other one is never taken.
    """
    short = expected_short > expected_long
    direction = -1 if short else 1
    expected = expected_short if short else expected_long
    probability = probability_short if short else probability_long
    if not novelty <= parameters[MAX_NOVELTY]:
        return SKIP, direction, UNFAMILIAR
    if not expected > 0.0:
        return SKIP, direction, BELOW_COST
    if short and parameters[SHORTING] == 0.0:
        return SKIP, direction, NO_SHORTING
    scaled = rescale(probability, break_even(volatility, parameters))
    if scaled > parameters[TAKE_ABOVE]:
        return TAKE, direction, ACCEPTED
    if scaled >= parameters[REDUCE_ABOVE]:
        return REDUCE, direction, ACCEPTED
    return SKIP, direction, BELOW_BAND
