"""Alerts: what a person should know, and the channels that carry it to them."""

from edgekeeper.alerts.alert import SEVERITIES, Alert, Severity
from edgekeeper.alerts.channels import CHANNELS, Channel, FileChannel, LogChannel
from edgekeeper.alerts.fanout import ChannelHealth, Fanout

__all__ = [
    "CHANNELS",
    "SEVERITIES",
    "Alert",
    "Channel",
    "ChannelHealth",
    "Fanout",
    "FileChannel",
    "LogChannel",
    "Severity",
]
