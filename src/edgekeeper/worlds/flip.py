"""An edge that turns round: what preceded rises precedes falls from one bar on."""

from dataclasses import replace

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.worlds.edge import HALF_LIFE, VISIBILITY, Edge
from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.world import World

__all__ = ["flip"]


def flip(
    setting: Setting,
    *,
    net_sharpe: float = 4.0,
    half_life: float = HALF_LIFE,
    visibility: float = VISIBILITY,
    flip_at: float = 0.6,
) -> World:
    """Planted, until bar ``round(flip_at * bars)``, the first whose mean has the other sign."""
    if not 0.0 < flip_at < 1.0:
        raise UsageError(f"flip_at: expected a share of the bars between 0 and 1, got {flip_at!r}")
    first = round(flip_at * setting.bars)
    # A state moves the bar after it, so the state one bar earlier is the first to mean the other.
    sign = np.where(np.arange(setting.bars) + 1 < first, 1.0, -1.0)
    edge = Edge(net_sharpe, half_life, visibility, sign=sign, angle=np.zeros(setting.bars))
    return replace(
        draw_market(setting, "flip", edge),
        notes=(
            edge.sentence,
            f"Heavy volume precedes rises up to bar {first - 1}, and falls from bar {first} on.",
        ),
    )
