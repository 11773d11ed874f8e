"""The three markets of ``edgekeeper demo``: one with nothing in it, one that changes, real ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.report.story import Mark
from edgekeeper.report.tell import Market

__all__ = ["DemoMarket", "demo_markets"]

_SEED = 1  # the first of the written development seeds, whatever it shows
_SYMBOLS = 8
_BARS = 2_500
_PLANTED_SHARPE = 6.0
_WITH_VIX = ("cross_asset", "regime")


@dataclass(frozen=True, slots=True)
class DemoMarket:
    """A market to be made when its turn comes: its name, its title, how many bars to expect."""

    name: str
    title: str
    instants: int
    make: Callable[[], tuple[Market, Bars, Config]]


def demo_markets() -> tuple[DemoMarket, ...]:
    """Return noise, a planted edge whose sign flips, and real daily bars, in this order."""
    return (
        DemoMarket("noise", "Noise: nothing to find but drift", _BARS, _noise),
        DemoMarket("flip", "A planted edge whose sign flips", _BARS, _flip),
        DemoMarket("real", "Real daily bars, 1999 to 2018", 5_031, _real),
    )


def _noise() -> tuple[Market, Bars, Config]:
    from edgekeeper.worlds import make_world

    world = make_world("noise", seed=_SEED, symbols=_SYMBOLS, bars=_BARS)
    market = Market(
        name="noise",
        title="Noise: nothing to find but drift",
        caveats=(
            "Made by Edgekeeper: fat tails, clustered volatility, a common factor, and a drift of "
            f"Sharpe {world.drift_sharpe:.2f} that any long position earns. There is no edge in "
            "it: the best achievable net Sharpe of skill is 0.",
        ),
    )
    return market, world.bars, Config()


def _flip() -> tuple[Market, Bars, Config]:
    from edgekeeper.worlds import make_world

    world = make_world("flip", seed=_SEED, symbols=_SYMBOLS, bars=_BARS, net_sharpe=_PLANTED_SHARPE)
    turn = int(world.bars.instants[int(0.6 * len(world.bars.instants))])
    day = np.datetime64(turn, "ns").astype("datetime64[D]")
    market = Market(
        name="flip",
        title="A planted edge whose sign flips",
        caveats=(
            "Made by Edgekeeper: heavy volume precedes rises, until on "
            f"{day} it begins to precede falls. A policy that knew the truth and paid the costs "
            f"would have earned a Sharpe of {world.best_net_sharpe:.1f}; no market is this kind.",
        ),
        truth=(Mark(turn, "truth", "the planted edge changes its sign"),),
    )
    return market, world.bars, Config()


def _real() -> tuple[Market, Bars, Config]:
    from edgekeeper.market import join_context, load_bars, open_source

    loaded = load_bars("bundled")
    bars = join_context(loaded.bars, {"VIX": open_source("bundled").fetch(["VIX"])})
    config = Config()
    lines = tuple(
        line.model_copy(update={"features": (*line.features, *_WITH_VIX)}) for line in config.lines
    )
    market = Market(
        name="real",
        title="Real daily bars, 1999 to 2018",
        caveats=(
            "Two of the six are indices, which nobody can trade; the four stocks were picked by "
            "people who knew that they survived. Neither flatters a test against one's own "
            "average exposure, but both flatter anything that is merely long.",
        ),
        assumptions=(*loaded.assumptions, "VIX is read with a delay of one bar"),
    )
    return market, bars, config.model_copy(update={"lines": lines})
