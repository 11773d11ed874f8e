"""Clocks are passed in, so that a replay never reads the wall and a test can move time."""

import time
from dataclasses import dataclass, field
from typing import Protocol

from edgekeeper.errors import UsageError

__all__ = ["Clock", "ManualClock", "WallClock"]


class Clock(Protocol):
    """Whatever can say what time it is."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        ...


class WallClock:
    """The machine's clock, for live running and for operational facts."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved: market time in a replay."""

    time_ns: int = field(default=0)

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return self.time_ns

    def advance_to(self, time_ns: int) -> None:
        """Move forward; market time never runs backwards.

        Raises
        ------
        UsageError
            A time before the present one.
        """
        if time_ns < self.time_ns:
            raise UsageError(
                f"expected a time at or after {self.time_ns}, got {time_ns}: "
                "market time cannot run backwards"
            )
        self.time_ns = time_ns
