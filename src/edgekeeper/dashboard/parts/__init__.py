"""What screens are made of."""

from edgekeeper.dashboard.parts.ask import Ask, Choice, Tick, ask_button
from edgekeeper.dashboard.parts.card import card
from edgekeeper.dashboard.parts.chip import TONE_ICONS, Tone, chip, icon
from edgekeeper.dashboard.parts.empty_state import empty_state
from edgekeeper.dashboard.parts.heading import banner, heading
from edgekeeper.dashboard.parts.meter import evidence_meter
from edgekeeper.dashboard.parts.plot import plot
from edgekeeper.dashboard.parts.stat import Stat, pairs, stats
from edgekeeper.dashboard.parts.table import Column, table
from edgekeeper.dashboard.parts.tabs import tabs
from edgekeeper.dashboard.parts.waiting import age_note, unless_waiting
from edgekeeper.dashboard.parts.way_back import way_back

__all__ = [
    "TONE_ICONS",
    "Ask",
    "Choice",
    "Column",
    "Stat",
    "Tick",
    "Tone",
    "age_note",
    "ask_button",
    "banner",
    "card",
    "chip",
    "empty_state",
    "evidence_meter",
    "heading",
    "icon",
    "pairs",
    "plot",
    "stats",
    "table",
    "tabs",
    "unless_waiting",
    "way_back",
]
