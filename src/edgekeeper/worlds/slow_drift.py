"""An edge whose carrier turns: first the volume shows the state, later the range of the bars."""

from dataclasses import replace

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.worlds.edge import HALF_LIFE, VISIBILITY, Edge
from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.world import World

__all__ = ["slow_drift"]


def slow_drift(
    setting: Setting,
    *,
    net_sharpe: float = 4.0,
    half_life: float = HALF_LIFE,
    visibility: float = VISIBILITY,
    turn: float = 0.25,
) -> World:
    """Planted, with the carrier turned by ``turn`` of a circle over the whole history.

    A quarter leads from all volume to all range; a half, back to volume with the other sign.
    """
    if not -10.0 <= turn <= 10.0:
        raise UsageError(f"turn: expected full turns from -10 to 10, got {turn!r}")
    angle = 2.0 * np.pi * turn * np.arange(setting.bars) / setting.bars
    edge = Edge(net_sharpe, half_life, visibility, sign=np.ones(setting.bars), angle=angle)
    return replace(
        draw_market(setting, "slow_drift", edge),
        notes=(
            edge.sentence,
            f"What shows it turns by {turn:g} of a circle from volume towards the bars' range; the "
            "wider bars cost the policy part of its Sharpe ratio.",
        ),
    )
