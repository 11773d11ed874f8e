"""From a forecast to take, reduce or skip, before limits and guards have their say."""

import math

from edgekeeper.simulator.compiled import compiled
from edgekeeper.simulator.parameters import FALLBACK_CASH, Parameters
from edgekeeper.simulator.reasons import (
    ACCEPTED,
    BELOW_BAND,
    BELOW_COST,
    MODEL_PAUSED,
    NO_CHAMPION,
    NO_FORECAST,
    NO_SHORTING,
    NO_SIGNAL,
    REDUCE,
    SKIP,
    STALE,
    TAKE,
    UNFAMILIAR,
    WARMING_UP,
)

__all__ = ["break_even", "follow_rules", "is_forecast", "judge", "readiness", "rescale"]


@compiled
def readiness(fresh: int, volatility: float) -> int:
    """Return ``ACCEPTED`` where a bar can be decided on, or the reason why not."""
    if fresh == 0:
        return STALE
    return ACCEPTED if volatility > 0.0 else WARMING_UP


@compiled
def is_forecast(
    probability_long: float,
    probability_short: float,
    expected_long: float,
    expected_short: float,
    novelty: float,
) -> bool:
    """Whether these numbers can be a forecast: probabilities, finite returns, a known novelty."""
    return (
        0.0 <= probability_long <= 1.0
        and 0.0 <= probability_short <= 1.0
        and abs(expected_long) < math.inf
        and abs(expected_short) < math.inf
        and not math.isnan(novelty)
    )


@compiled
def break_even(volatility: float, parameters: Parameters) -> float:
    """Probability of success at which a bracket with these barriers earns nothing, net.

    A win brings the target's distance less two sides of costs, a loss takes the stop's distance
    and the same costs: ``p* = loss / (win + loss)``. At or above 1 no probability suffices.
    """
    width = volatility * math.sqrt(parameters.horizon)
    costs = 2.0 * parameters.cost
    both = (parameters.target_width + parameters.stop_width) * width
    return (parameters.stop_width * width + costs) / both


@compiled
def rescale(probability: float, even: float) -> float:
    """Stretch the probability scale so that ``even`` becomes one half; 0 and 1 stay."""
    if even >= 1.0:
        return 0.0
    if probability <= even:
        return 0.5 * probability / even
    return 0.5 + 0.5 * (probability - even) / (1.0 - even)


@compiled
def judge(
    probability_long: float,
    probability_short: float,
    expected_long: float,
    expected_short: float,
    novelty: float,
    volatility: float,
    parameters: Parameters,
) -> tuple[int, int, int, float]:
    """Return (decision, direction, reason, expectation) from the forecasts of a bar's two sides.

    The side with the larger net expectation is judged; the other one is never taken.
    """
    if not is_forecast(probability_long, probability_short, expected_long, expected_short, novelty):
        return SKIP, 0, NO_FORECAST, math.nan
    short = expected_short > expected_long
    direction = -1 if short else 1
    expected = expected_short if short else expected_long
    probability = probability_short if short else probability_long
    if not novelty <= parameters.max_novelty:
        return SKIP, direction, UNFAMILIAR, expected
    if not expected > 0.0:
        return SKIP, direction, BELOW_COST, expected
    if short and not parameters.shorting:
        return SKIP, direction, NO_SHORTING, expected
    scaled = rescale(probability, break_even(volatility, parameters))
    if scaled > parameters.take_above:
        return TAKE, direction, ACCEPTED, expected
    if scaled >= parameters.reduce_above:
        return REDUCE, direction, ACCEPTED, expected
    return SKIP, direction, BELOW_BAND, expected


@compiled
def follow_rules(rule: int, parameters: Parameters) -> tuple[int, int, int, float]:
    """Return (decision, direction, reason, 0.0) where no model decides: the fallback's answer."""
    if parameters.fallback == FALLBACK_CASH:
        return SKIP, rule, MODEL_PAUSED if parameters.has_model else NO_CHAMPION, 0.0
    if rule == 0:
        return SKIP, 0, MODEL_PAUSED if parameters.has_model else NO_SIGNAL, 0.0
    if rule < 0 and not parameters.shorting:
        return SKIP, rule, NO_SHORTING, 0.0
    return TAKE, rule, ACCEPTED, 0.0
