"""Costs and bracket exits: one compiled implementation, used by labels and by the simulator."""

from edgekeeper.fills.brackets import (
    EXIT_NONE,
    EXIT_REASONS,
    EXIT_STOP,
    EXIT_TARGET,
    EXIT_TIME,
    bracket_exit,
)
from edgekeeper.fills.costs import Costs, buy_price, sell_price

__all__ = [
    "EXIT_NONE",
    "EXIT_REASONS",
    "EXIT_STOP",
    "EXIT_TARGET",
    "EXIT_TIME",
    "Costs",
    "bracket_exit",
    "buy_price",
    "sell_price",
]
