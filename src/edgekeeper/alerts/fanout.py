"""Send each alert to every channel; a dead channel never stops the loop that alerts."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgekeeper.alerts.alert import Alert
from edgekeeper.alerts.channels import Channel
from edgekeeper.errors import StorageError, UsageError

__all__ = ["ChannelHealth", "Fanout"]


@dataclass(slots=True)
class ChannelHealth:
    """How one channel has fared.

    Attributes
    ----------
    delivered, failed : int
        Alerts since the start.
    failed_in_a_row : int
        Since the last delivery; above zero the channel is down.
    last_error : str or None
        What the last failure said.
    """

    delivered: int = 0
    failed: int = 0
    failed_in_a_row: int = 0
    last_error: str | None = None


class Fanout:
    """Delivers to all channels and keeps account of each.

    Only failures of the outside world (``OSError``, time-outs and connections included, and
    ``StorageError``) are caught; a mistake in a channel's code still surfaces.

    Parameters
    ----------
    channels : iterable of Channel
        With distinct names.

    Examples
    --------
    >>> from edgekeeper.alerts import Alert, Fanout, LogChannel
    >>> fanout = Fanout([LogChannel()])
    >>> fanout.send(Alert(0, "info", "retrained", "refit 3 of line L1 is in"))
    1
    >>> fanout.health["log"].delivered
    1
    """

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = tuple(channels)
        names = [channel.name for channel in self._channels]
        if len(set(names)) < len(names):
            raise UsageError(f"expected channels with distinct names, got {names}")
        self.health = {name: ChannelHealth() for name in names}

    def send(self, alert: Alert) -> int:
        """Deliver to every channel, dead ones included; return how many took it."""
        delivered = 0
        for channel in self._channels:
            health = self.health[channel.name]
            try:
                channel.send(alert)
            except (OSError, StorageError) as error:
                health.failed += 1
                health.failed_in_a_row += 1
                health.last_error = f"{type(error).__name__}: {error}"
            else:
                health.delivered += 1
                health.failed_in_a_row = 0
                delivered += 1
        return delivered
