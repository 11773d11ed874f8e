"""Monitoring: a run as Prometheus sees it, and signs of life for systemd.

Everything is read off the record and the machine; nothing that trades waits for it.
"""

from edgekeeper.monitoring.metrics import Metrics

__all__ = ["Metrics"]
