"""Noise: nothing to find but drift, in a market that looks like one."""

from dataclasses import replace

from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.world import World

__all__ = ["noise"]


def noise(setting: Setting) -> World:
    """Fat tails, volatility clusters, a common factor, drift; no edge."""
    return replace(
        draw_market(setting, "noise", None),
        notes=(
            "Prices are a martingale with drift: no rule earns more than its exposure to it.",
            "Tails are Student-t with 4 degrees of freedom, volatility comes in clusters, and one "
            "factor moves all symbols.",
        ),
    )
