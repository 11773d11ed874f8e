"""Hard limits that no forecast can override, checked when deciding and again when filling."""

from numba import njit

from edgekeeper.simulator.state import (
    COST,
    MAX_GROSS,
    MAX_POSITION,
    MAX_RISK,
)
from edgekeeper.types import Float64Array

__all__ = ["largest_value", "room_left"]


@njit(cache=True)
def largest_value(price: float, stop: float, equity: float, parameters: Float64Array) -> float:
    """Largest value of one position: by share of equity, and by equity at risk until the stop.

    The loss at the stop includes the costs of both sides. A gap through the stop can lose more,
    which no order can prevent.
    """
    if not equity > 0.0:
        return 0.0
    distance = abs(price - stop) / price + 2.0 * parameters[COST]
    by_share = parameters[MAX_POSITION] * equity
    by_risk = parameters[MAX_RISK] * equity / distance
    return min(by_share, by_risk)


@njit(cache=True)
def room_left(
    gross: float, cash: float, long: bool, equity: float, parameters: Float64Array
) -> float:
    """Value that may still be added: total exposure is capped, and longs are paid for in cash."""
    room = parameters[MAX_GROSS] * equity - gross
    if long:
        room = min(room, cash / (1.0 + parameters[COST]))
    return max(room, 0.0)
