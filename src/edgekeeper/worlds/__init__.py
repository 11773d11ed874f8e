"""Markets made by ourselves, whose truth is known: how the rest of the house is put to the test."""

from edgekeeper.worlds.make import KINDS, make_world
from edgekeeper.worlds.processes import NATURES
from edgekeeper.worlds.seeds import seeds
from edgekeeper.worlds.visible import MOST_SYMBOLS, visible_state
from edgekeeper.worlds.world import World

__all__ = ["KINDS", "MOST_SYMBOLS", "NATURES", "World", "make_world", "seeds", "visible_state"]
