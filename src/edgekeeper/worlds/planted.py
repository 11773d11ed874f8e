"""A planted edge: a hidden state that shows in the volume moves the next bars."""

from dataclasses import replace

import numpy as np

from edgekeeper.worlds.edge import HALF_LIFE, VISIBILITY, Edge
from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.world import World

__all__ = ["planted"]


def planted(
    setting: Setting,
    *,
    net_sharpe: float = 4.0,
    half_life: float = HALF_LIFE,
    visibility: float = VISIBILITY,
) -> World:
    """Heavy volume precedes rises, light volume precedes falls, for good."""
    edge = Edge(
        net_sharpe,
        half_life,
        visibility,
        sign=np.ones(setting.bars),
        angle=np.zeros(setting.bars),
    )
    return replace(
        draw_market(setting, "planted", edge),
        notes=(edge.sentence, "Heavy volume precedes rises, light volume precedes falls."),
    )
