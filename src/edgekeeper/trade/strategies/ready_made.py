"""Ready strategies as data: one TOML file each, in the language of features."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from edgekeeper.errors import UsageError, nearest

__all__ = ["READY", "ReadyStrategy", "ready_strategy"]

READY = ("scoring", "breakout", "crossover", "mean_reversion")


@dataclass(frozen=True, slots=True)
class ReadyStrategy:
    """One ready strategy: when it enters, what that means, and where it comes from."""

    name: str
    description: str
    source: str
    entry_long: str
    entry_short: str


@cache
def ready_strategy(name: str) -> ReadyStrategy:
    """Return a ready strategy.

    Raises
    ------
    UsageError
        None of that name.

    Examples
    --------
    >>> ready_strategy("crossover").entry_long
    'cross_over(sma(close, 20), sma(close, 50))'
    """
    if name not in READY:
        raise UsageError(
            f"unknown strategy {name!r}{nearest(name, READY)}; there are {', '.join(READY)}; one "
            "of your own goes into rules.entry_long and entry_short, or into rules.file"
        )
    place = files("edgekeeper.trade.strategies").joinpath("ready").joinpath(f"{name}.toml")
    written = tomllib.loads(place.read_text("utf-8"))
    texts = {key: " ".join(text.split()) for key, text in written.items()}
    return ReadyStrategy(name, **texts)
