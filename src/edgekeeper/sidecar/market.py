"""``Seen``: what bars say of a symbol just before a signal, where there are any."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgekeeper.sidecar.messages import Side

__all__ = ["Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A symbol at its last close before a signal.

    Attributes
    ----------
    bars : bool
        Whether bars will show how a trade that begins now would end.
    close, stop_distance, target_distance : float or None
        The last two as fractions of the close.
    """

    features: Mapping[str, float] = field(default_factory=dict)
    bars: bool = False
    close: float | None = None
    stop_distance: float | None = None
    target_distance: float | None = None

    def brackets(self, side: Side) -> tuple[float | None, float | None]:
        """Return prices of stop and target."""
        if self.close is None or self.stop_distance is None or self.target_distance is None:
            return None, None
        direction = 1.0 if side == "long" else -1.0
        return (
            self.close * (1.0 - direction * self.stop_distance),
            self.close * (1.0 + direction * self.target_distance),
        )
