"""Hard limits that no forecast can override, checked when deciding and again when filling.

A limit that cannot be computed allows nothing: no answer here is ever NaN.
"""

import math

from edgekeeper.simulator.compiled import compiled
from edgekeeper.simulator.parameters import Parameters

__all__ = ["largest_value", "room_left"]


@compiled
def largest_value(price: float, stop: float, equity: float, parameters: Parameters) -> float:
    """Largest value of one position: by share of equity, and by equity at risk until the stop.

    The loss at the stop includes the costs of both fills. A gap through the stop can lose more,
    which no order can prevent.
    """
    if not equity > 0.0:
        return 0.0
    loss = abs(price - stop) / price + parameters.cost * (1.0 + abs(stop) / price)
    if not loss < math.inf:
        return 0.0
    return min(parameters.max_position * equity, parameters.max_risk * equity / loss)


@compiled
def room_left(
    gross: float, cash: float, long: bool, equity: float, parameters: Parameters
) -> float:
    """Value that may still be added: total exposure is capped, and longs are paid for in cash."""
    room = parameters.max_gross * equity - gross
    affordable = cash / (1.0 + parameters.cost)
    if long and not affordable > 0.0:
        return 0.0
    if long and affordable < room:
        room = affordable
    return room if room > 0.0 else 0.0
