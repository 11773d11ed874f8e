"""Wealth of a bet from its logarithm, as a number that files and screens can hold."""

import math

__all__ = ["LARGEST_LOG", "wealth_of"]

LARGEST_LOG = 700.0
"""Wealth of more than some 10 to the 304th is told as that much: a float64 ends soon after."""


def wealth_of(log_wealth: float) -> float:
    """Return what a stake of one became.

    The log of it goes on growing: a year of minutes with a strong edge leaves any float behind.

    Examples
    --------
    >>> wealth_of(0.0), wealth_of(-math.inf), wealth_of(5_000.0) == wealth_of(700.0)
    (1.0, 0.0, True)
    """
    return math.exp(min(log_wealth, LARGEST_LOG))
