"""Wires the rooms together: one replay from bars to report, and the entry point."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.bars import Bars
from edgekeeper.config import Config

__all__ = ["replay"]
