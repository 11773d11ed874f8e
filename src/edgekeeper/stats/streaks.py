"""How often chance alone makes a streak."""

import math

from edgekeeper.errors import UsageError

__all__ = ["mean_wait_for_streak"]


def mean_wait_for_streak(chance: float, length: int) -> float:
    """Return after how many independent results a streak of ``length`` is complete, on average.

    Parameters
    ----------
    chance : float
        Of a result that continues the streak, such as a loss.
    length : int

    Raises
    ------
    UsageError
        No probability, or no length.

    Notes
    -----
    ``(1 - p^n) / (p^n (1 - p))``: Feller (1968), An Introduction to Probability Theory, volume I,
    XIII.7, equation 7.7.

    Examples
    --------
    >>> mean_wait_for_streak(0.5, 3)
    14.0
    """
    if not 0.0 <= chance <= 1.0:
        raise UsageError(f"expected a probability, got {chance!r}")
    if length < 1:
        raise UsageError(f"expected a streak of at least one, got {length}")
    if chance == 1.0:
        return float(length)
    whole = chance**length
    return math.inf if whole == 0.0 else (1.0 - whole) / (whole * (1.0 - chance))
