"""What a drift monitor says when it has seen a change."""

from dataclasses import dataclass
from typing import Literal

from edgekeeper.types import Int64Array

__all__ = ["DriftAlarm", "DriftKind", "describe_channel", "possible_causes"]

DriftKind = Literal["level", "spread", "missing", "correlation"]
_KINDS: tuple[DriftKind, ...] = ("level", "spread", "missing")
_WORDS = {
    ("level", True): "the level of {} rose",
    ("level", False): "the level of {} fell",
    ("spread", True): "{} varies more than before",
    ("spread", False): "{} varies less than before",
    ("missing", True): "{} is missing more often",
    ("missing", False): "{} is missing less often",
    ("correlation", True): "{} and {} move together more than before",
    ("correlation", False): "{} and {} move together less than before",
}


@dataclass(frozen=True, slots=True)
class DriftAlarm:
    """A change, found at one observation and traced back to about where it began.

    Attributes
    ----------
    kind : {"level", "spread", "missing", "correlation"}
        What of the features changed.
    features : tuple of str
        One, or the two whose correlation changed.
    rose : bool
        Whether it went up.
    since : int
        Number of the observation, from 0, after which the sum never fell back to nothing: where the
        change is estimated to have begun.
    at : int
        Number of the observation that raised the alarm.
    statistic, threshold : float
        The sum that raised the alarm and what it passed, in long-run deviations. A level that moved
        also widens the spread and shifts products: it is named as soon as its own sum is half way.
    """

    kind: DriftKind
    features: tuple[str, ...]
    rose: bool
    since: int
    at: int
    statistic: float
    threshold: float

    @property
    def sentence(self) -> str:
        """The change in words.

        Examples
        --------
        >>> DriftAlarm("level", ("rsi",), False, 110, 118, 21.5, 20.3).sentence
        'the level of rsi fell, since about observation 110 (noticed at 118)'
        """
        words = _WORDS[self.kind, self.rose].format(*self.features)
        return f"{words}, since about observation {self.since} (noticed at {self.at})"


def describe_channel(
    channel: int, names: tuple[str, ...], pairs: Int64Array
) -> tuple[DriftKind, tuple[str, ...]]:
    """Return what a channel looks at, and of which features."""
    d = len(names)
    if channel < 3 * d:
        return _KINDS[channel // d], (names[channel % d],)
    first, second = pairs[channel - 3 * d]
    return "correlation", (names[int(first)], names[int(second)])


def possible_causes(channel: int, features: int, pairs: Int64Array) -> tuple[int, ...]:
    """Channels whose change would show in this one too, the likelier first.

    Examples
    --------
    >>> import numpy as np
    >>> possible_causes(2, features=2, pairs=np.array([[0, 1]]))
    (0,)
    >>> possible_causes(6, features=2, pairs=np.array([[0, 1]]))
    (0, 1, 2, 3)
    """
    if channel < features or 2 * features <= channel < 3 * features:
        return ()
    if channel < 2 * features:
        return (channel - features,)
    first, second = (int(j) for j in pairs[channel - 3 * features])
    return first, second, features + first, features + second
