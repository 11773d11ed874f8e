"""How long to wait before asking again: as told, or longer each time, never all at once."""

import numpy as np

__all__ = ["Backoff"]


class Backoff:
    """Waits that double from one failure to the next, with jitter from a seeded generator.

    Jitter keeps many processes that lost the same vendor from coming back in the same instant.

    Parameters
    ----------
    seed : int
    first_seconds, longest_seconds : float
        Bounds of the wait before jitter, which multiplies it by .5 to 1.

    Examples
    --------
    >>> backoff = Backoff(seed=7)
    >>> waits = [backoff.wait(failures) for failures in (1, 2, 3, 30)]
    >>> [low <= wait <= 2 * low for wait, low in zip(waits, (0.5, 1.0, 2.0, 30.0))]
    [True, True, True, True]
    """

    def __init__(
        self, seed: int, first_seconds: float = 1.0, longest_seconds: float = 60.0
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._first = first_seconds
        self.longest_seconds = longest_seconds

    def wait(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row (at least one)."""
        doublings = min(max(failures - 1, 0), 30)
        full = min(self._first * 2.0**doublings, self.longest_seconds)
        return float(full * self._random.uniform(0.5, 1.0))
