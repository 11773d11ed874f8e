"""Figures that rules watch, read on from where the record ended the last time."""

import threading
from dataclasses import dataclass, field

from edgekeeper.alerts import Figure
from edgekeeper.config import AlertsConfig, Config
from edgekeeper.desk import Desk
from edgekeeper.watch import FigureReader, with_local

__all__ = ["WatchedFigures"]


@dataclass
class WatchedFigures:
    """The newest figure of each metric, and the settings they are judged by."""

    desk: Desk
    settings: AlertsConfig = field(default_factory=AlertsConfig)
    _reader: FigureReader | None = None
    _newest: dict[str, Figure] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, until_ns: int) -> dict[str, Figure]:
        """Return figures by metric, as of an instant."""
        with self._lock:
            self.settings = with_local(self.desk.folder, Config()).alerts
            if self._reader is None:
                self._reader = FigureReader(self.desk.ledger, self.settings.recent)
            for figure in self._reader.read(until_ns):
                self._newest[figure.metric] = figure
            return dict(self._newest)
