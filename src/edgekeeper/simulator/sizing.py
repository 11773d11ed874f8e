"""How much of the largest position a decision takes: fixed, by Kelly, or by volatility.

Whatever is answered here lies between nothing and the largest position, so no sizing can pass a
limit: the limits say what the largest position is.
"""

import math

from edgekeeper.simulator.compiled import compiled
from edgekeeper.simulator.parameters import SIZE_BY_KELLY, SIZE_BY_VOLATILITY, Parameters
from edgekeeper.simulator.policy import break_even
from edgekeeper.simulator.reasons import FROM_MODEL

__all__ = ["position_share"]


@compiled
def position_share(
    source: int,
    reduced: bool,
    probability: float,
    volatility: float,
    parameters: Parameters,
) -> float:
    """Share of the largest position, from 0 to 1.

    By volatility, a position brings the stated annual volatility to the account; a virtual book's
    positions are of one volatility already. By Kelly, the stake follows the probability; the rules
    have none and take the whole.
    """
    share = parameters.reduce_size if reduced else 1.0
    if parameters.sizing == SIZE_BY_VOLATILITY and not parameters.virtual:
        return share * min(1.0, parameters.volatility_share / volatility)
    if parameters.sizing == SIZE_BY_KELLY and source == FROM_MODEL:
        stake = _kelly(probability, volatility, parameters)
        return share * min(1.0, stake / parameters.max_position)
    return share


@compiled
def _kelly(probability: float, volatility: float, parameters: Parameters) -> float:
    """Fraction of equity: :func:`edgekeeper.stats.bet_size.kelly_stake` of the bracket."""
    width = volatility * math.sqrt(parameters.horizon)
    costs = 2.0 * parameters.cost
    win = parameters.target_width * width - costs
    loss = parameters.stop_width * width + costs
    edge = probability - break_even(volatility, parameters)
    if not (win > 0.0 and edge > 0.0):
        return 0.0
    sure = edge * edge / (edge * edge + parameters.probability_error**2)
    return parameters.kelly_fraction * sure * edge * (win + loss) / (win * loss)
