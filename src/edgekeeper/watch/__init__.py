"""The watching loop: guard the record, and tell people what it says."""

from edgekeeper.watch.account_guards import AccountGuards
from edgekeeper.watch.figures import FigureReader
from edgekeeper.watch.heartbeat import Beat, Heart, last_beat
from edgekeeper.watch.local_settings import keep_local, with_local
from edgekeeper.watch.outside_monitor import OutsideMonitor
from edgekeeper.watch.sentinel import Sentinel
from edgekeeper.watch.vigil import Vigil, keep_vigil, why_dead

__all__ = [
    "AccountGuards",
    "Beat",
    "FigureReader",
    "Heart",
    "OutsideMonitor",
    "Sentinel",
    "Vigil",
    "keep_local",
    "keep_vigil",
    "last_beat",
    "why_dead",
    "with_local",
]
