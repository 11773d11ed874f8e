"""How sure one can be that a record was not luck, by both definitions of the Sharpe family."""

import math
from typing import get_args

from edgekeeper.stats.plan import deflated_record_length
from edgekeeper.stats.sharpe import Definition, ReturnShape, deflated_sharpe
from edgekeeper.validate.trade_periods import Periods

__all__ = [
    "CONFIDENCE",
    "LEAST_PERIODS",
    "chance_of_skill",
    "record_needed",
    "survived_trials",
    "years_needed",
]

CONFIDENCE = 0.95
LEAST_PERIODS = 12
_MOST_TRIALS = 1e12


def chance_of_skill(ratio: float, shape: ReturnShape, count: int, trials: float) -> float:
    """Return the deflated Sharpe ratio, the smaller of both definitions.

    That of 2025 keeps its promise where returns depend on each other, that of 2012/2014 better
    where small gains are paid for by rare large losses.
    """
    if count < 2:
        return math.nan
    return min(
        deflated_sharpe(ratio, count, shape, trials=trials, definition="2025"),
        deflated_sharpe(ratio, count, shape, trials=trials, definition="2012/2014"),
    )


def survived_trials(ratio: float, shape: ReturnShape, count: int) -> float:
    """Largest number of trials at which the deflated ratio still reaches the confidence."""
    if count < 2 or not math.isfinite(ratio):
        return 0.0
    if chance_of_skill(ratio, shape, count, 1) < CONFIDENCE:
        return 0.0
    low, high = 0.0, math.log(_MOST_TRIALS)
    if chance_of_skill(ratio, shape, count, _MOST_TRIALS) >= CONFIDENCE:
        return _MOST_TRIALS
    for _ in range(60):
        middle = (low + high) / 2.0
        enough = chance_of_skill(ratio, shape, count, math.exp(middle)) >= CONFIDENCE
        low, high = (middle, high) if enough else (low, middle)
    return math.floor(math.exp(low) + 1e-6)


def record_needed(ratio: float, shape: ReturnShape, trials: float) -> float:
    """Periods of such a record at which skill of this size would show, by both definitions."""
    needed = max(
        deflated_record_length(ratio, shape, trials=trials, level=CONFIDENCE, definition=definition)
        for definition in get_args(Definition)
    )
    return max(needed, LEAST_PERIODS)


def years_needed(ratio: float, shape: ReturnShape, trials: int, periods: Periods) -> float:
    """Years of such a record at which skill of this size would show."""
    return record_needed(ratio, shape, trials) / periods.per_year
