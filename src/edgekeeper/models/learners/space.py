"""Search spaces: which of a learner's numbers may be tuned, and within which bounds."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import UsageError

__all__ = ["Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """Bounds of one parameter, both included.

    Attributes
    ----------
    low, high : float
    log : bool
        Search on a logarithmic scale.
    whole : bool
        Whole numbers only.

    Examples
    --------
    >>> Span(0.01, 0.3, log=True)
    Span(low=0.01, high=0.3, log=True, whole=False)
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0.0):
            raise UsageError(f"expected low < high, both positive on a log scale, got {self}")

    def draw(self, random: np.random.Generator) -> float | int:
        """Draw a value, evenly on the span's own scale."""
        if self.whole and not self.log:
            return int(random.integers(int(self.low), int(self.high), endpoint=True))
        if self.log:
            value = math.exp(random.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = random.uniform(self.low, self.high)
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high
