"""Where alerts go: one small class for each channel, and their registry.

A new channel is one class with ``name`` and ``send`` and one line in :data:`CHANNELS`.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgekeeper.alerts.alert import Alert

__all__ = ["CHANNELS", "Channel", "FileChannel", "LogChannel"]


class Channel(Protocol):
    """Delivers alerts to one place."""

    @property
    def name(self) -> str:
        """Short name, as in configuration."""
        ...

    def send(self, alert: Alert) -> None:
        """Deliver, or raise an ``OSError`` (time-outs and refused connections are ones)."""
        ...


@dataclass(frozen=True, slots=True)
class LogChannel:
    """One line of JSON for each alert, to the standard logger ``edgekeeper.alerts``.

    Nothing is configured here: where the lines go is up to whoever runs the process.
    """

    name: str = "log"

    def send(self, alert: Alert) -> None:
        """Log at the level that matches the severity."""
        levels = {"critical": logging.CRITICAL, "warning": logging.WARNING, "info": logging.INFO}
        logging.getLogger("edgekeeper.alerts").log(levels[alert.severity], "%s", alert.to_json())


@dataclass(frozen=True, slots=True)
class FileChannel:
    """One line of JSON for each alert, appended to ``path``.

    The file is opened for each alert, so that it may be rotated or deleted at any time.
    """

    path: Path
    name: str = "file"

    def send(self, alert: Alert) -> None:
        """Append one line.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        with self.path.open("a", encoding="utf-8") as file:
            file.write(alert.to_json() + "\n")


CHANNELS: dict[str, type[LogChannel] | type[FileChannel]] = {
    "log": LogChannel,
    "file": FileChannel,
}
"""Channel classes by the short names that configuration uses."""
