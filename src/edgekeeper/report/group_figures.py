"""What a group of closed trades made: win rate, mean, worst fall, and whether it is enough."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekeeper.config import GatesConfig
from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["GroupFigures", "group_figures", "missing_data"]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group of trades; intervals cover 95 %, and are missing where too few blocks hold any.

    Attributes
    ----------
    mean : Interval
        Net return of a trade.
    worst_fall : float
        Deepest fall of the group's running profit, as a fraction of ``capital``; NaN without
        trades.
    """

    name: str
    trades: int
    win_rate: Interval
    mean: Interval
    worst_fall: float


def group_figures(
    name: str,
    net: Float64Array,
    profit: Float64Array,
    period: Int64Array,
    blocks: TimeBlocks,
    capital: float,
) -> GroupFigures:
    """Measure a group of trades in the order of their exits.

    Parameters
    ----------
    net, profit : float64 [m]
        Return on the stake, and money, of each trade.
    period : int64 [m]
        Position of the instant decided on.
    capital : float
        Of the account.
    """
    if len(net) == 0:
        nothing = Interval(math.nan)
        return GroupFigures(name, 0, nothing, nothing, math.nan)
    won = (net > 0.0).astype(np.float64)
    count, wins, earned = blocks.sums(period, np.stack([np.ones_like(net), won, net], axis=1)).T
    with np.errstate(invalid="ignore", divide="ignore"):
        rates, means = wins / count, earned / count
    running = np.concatenate(([0.0], np.cumsum(profit)))
    fall = float((np.maximum.accumulate(running) - running).max()) / capital
    return GroupFigures(
        name,
        len(net),
        interval_of(float(won.mean()), rates),
        interval_of(float(net.mean()), means),
        fall,
    )


def missing_data(
    gates: GatesConfig, regimes: Sequence[str], symbols: Sequence[str], known: Sequence[str]
) -> list[str]:
    """Say which minimum of trades is not reached: in all, in a regime, of a symbol.

    Parameters
    ----------
    regimes, symbols : sequence of str
        Of each trade.
    known : sequence of str
        Symbols that trade.

    Examples
    --------
    >>> missing_data(GatesConfig(), ["volatile"] * 120, ["A"] * 115 + ["B"] * 5, ["A", "B"])
    ['too few for figures of a symbol (20): B 5']
    """
    said = []
    if len(symbols) < gates.min_trades:
        said.append(
            f"{len(symbols)} trades, where {gates.min_trades} are the least to trust figures"
        )
    for what, counts, least in (
        ("in a regime", {**Counter(regimes)}, gates.min_regime_trades),
        ("of a symbol", {**dict.fromkeys(known, 0), **Counter(symbols)}, gates.min_symbol_trades),
    ):
        few = {name: n for name, n in counts.items() if n < least}
        if few:
            named = ", ".join(f"{name} {n}" for name, n in sorted(few.items())[:8])
            more = f" and {len(few) - 8} more" if len(few) > 8 else ""
            said.append(f"too few for figures {what} ({least}): {named}{more}")
    return said
