"""Noise: nothing to find but drift, in a market that looks like one."""

from dataclasses import replace

from edgekeeper.errors import UsageError, nearest
from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.processes import NATURES
from edgekeeper.worlds.world import World

__all__ = ["noise"]

_WORDS = {
    "gaussian": "Log returns are normal and independent of each other",
    "fat_tailed": "Tails are Student-t with 4 degrees of freedom, volatility comes in clusters",
    "jumps": "Volatility comes in clusters, and now and then a price jumps overnight",
}


def noise(setting: Setting, *, nature: str = "fat_tailed") -> World:
    """No edge; a common factor, drift, and one of three natures of volatility.

    Parameters
    ----------
    setting : Setting
    nature : str
        ``gaussian``, ``fat_tailed`` or ``jumps``, see :func:`worlds.processes.draw_volatility`.
    """
    if nature not in NATURES:
        raise UsageError(
            f"nature: expected one of {', '.join(NATURES)}, got {nature!r}"
            f"{nearest(nature, NATURES)}"
        )
    return replace(
        draw_market(setting, "noise", None, nature),
        notes=(
            "Prices are a martingale with drift: no rule earns more than its exposure to it.",
            f"{_WORDS[nature]}, and one factor moves all symbols.",
        ),
    )
