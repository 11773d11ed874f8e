"""The watching loop: guard the record, and tell people what it says."""

from edgekeeper.watch.sentinel import Sentinel

__all__ = ["Sentinel"]
