"""Alerts: what a person should know, and the channels that carry it to them."""

from edgekeeper.alerts.alert import SEVERITIES, Alert, Severity
from edgekeeper.alerts.channels import CHANNELS, Channel, FileChannel, LogChannel
from edgekeeper.alerts.fanout import ChannelHealth, Fanout
from edgekeeper.alerts.rules import CLEARED, Figure, Rules

__all__ = [
    "CHANNELS",
    "CLEARED",
    "SEVERITIES",
    "Alert",
    "Channel",
    "ChannelHealth",
    "Fanout",
    "Figure",
    "FileChannel",
    "LogChannel",
    "Rules",
    "Severity",
]
