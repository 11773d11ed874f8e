"""Alerts: what a person should know, and the channels that carry it to them."""

from edgekeeper.alerts.alert import SEVERITIES, Alert, Severity
from edgekeeper.alerts.channel_state import ChannelState, channel_states
from edgekeeper.alerts.channels import CHANNELS, Channel, FileChannel, LogChannel
from edgekeeper.alerts.courier import Courier
from edgekeeper.alerts.delivering import Messenger, Undelivered
from edgekeeper.alerts.delivery import Delivery, channels_of, messengers_of
from edgekeeper.alerts.fanout import ChannelHealth, Fanout
from edgekeeper.alerts.notice import Notice, Sender, write_notice
from edgekeeper.alerts.outbox import Outbox
from edgekeeper.alerts.rules import CLEARED, Figure, Rules
from edgekeeper.alerts.schedule import Schedule
from edgekeeper.alerts.secret import Secret, blotted

__all__ = [
    "CHANNELS",
    "CLEARED",
    "SEVERITIES",
    "Alert",
    "Channel",
    "ChannelHealth",
    "ChannelState",
    "Courier",
    "Delivery",
    "Fanout",
    "Figure",
    "FileChannel",
    "LogChannel",
    "Messenger",
    "Notice",
    "Outbox",
    "Rules",
    "Schedule",
    "Secret",
    "Sender",
    "Severity",
    "Undelivered",
    "blotted",
    "channel_states",
    "channels_of",
    "messengers_of",
    "write_notice",
]
