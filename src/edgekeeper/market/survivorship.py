"""A list of symbols that all live to the end was drawn up by somebody who knew the end."""

import numpy as np

from edgekeeper.bars import Bars

__all__ = ["survivorship_warning"]

_FEWEST_SYMBOLS = 3
_YEARS = 2.0
_YEAR_NS = 365.25 * 86_400e9
_NEAR_THE_END = 0.02
"""Share of the history: a symbol whose last bar lies nearer to the end has not ended."""


def survivorship_warning(bars: Bars) -> str | None:
    """Return a sentence where no symbol ever ends in a history long enough for some to have.

    Of three symbols or more over two years or more. Elton, Gruber & Blake (1996), "Survivorship
    bias and mutual fund performance", measure about .9 % a year among funds.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> survivorship_warning(make_world("noise", seed=1, symbols=2, bars=600).bars) is None
    True
    """
    present = bars.symbols_present
    first, last = int(bars.event_time[0]), int(bars.event_time[-1])
    years = (last - first) / _YEAR_NS
    if len(present) < _FEWEST_SYMBOLS or years < _YEARS:
        return None
    ends = np.zeros(len(bars.symbols), dtype=np.int64)
    np.maximum.at(ends, bars.symbol, bars.event_time)
    ended = (last - ends[ends > 0]) > _NEAR_THE_END * (last - first)
    if ended.any():
        return None
    return (
        f"all {len(present)} symbols trade until the data ends, {years:.0f} years later: whatever "
        "failed or was taken over is missing, which flatters buying; add the symbols that ended"
    )
