"""Context columns that move with bars which came after them."""

from collections.abc import Iterable

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array

__all__ = ["MOST", "refuse_foreknowledge"]

MOST = 0.7
"""Rank correlation with the next return that no honest column has; a market that closes later may
reach one half."""

_LEAST = 200
_AHEAD = (1, 2, 5, 10, 20)


def refuse_foreknowledge(names: Iterable[str], bars: Bars) -> int:
    """Return how many context columns were looked at; none moves with what came after it.

    For each column its level and its change are ranked against the return from the close of a bar
    to the close 1, 2, 5, 10 and 20 bars later (which the column may not know), of all symbols
    together. Real predictors reach some hundredths; a rank correlation above .7 means that the
    column was joined before it was known, or revised afterwards. Less than that is not found.

    Raises
    ------
    BadData
        Names the first such column, and the number.
    """
    used = [name for name in names if name in bars.context]
    if not used:
        return 0
    order, symbol = bars.by_symbol, bars.symbol[bars.by_symbol]
    close = np.log(bars.adjusted("close"))[order]
    for name in used:
        level = bars.context[name][order]
        change = np.full(len(level), np.nan)
        change[1:] = np.where(symbol[1:] == symbol[:-1], np.diff(level), np.nan)
        for ahead in _AHEAD:
            later = _later(close, symbol, ahead)
            found = max((_ranked(x, later, ahead) for x in (level, change)), key=abs)
            if abs(found) > MOST:
                raise BadData(
                    f"context column {name!r} knows the future: it goes with the return of the "
                    f"{ahead} bars after it (rank correlation {found:+.2f}); expected below "
                    f"{MOST}: give its rows the known_time at which they were published"
                )
    return len(used)


def _later(close: Float64Array, symbol: np.ndarray, ahead: int) -> Float64Array:
    """Log return over the bars that follow, NaN at each symbol's end."""
    later = np.full(len(close), np.nan)
    if len(close) > ahead:
        same = symbol[ahead:] == symbol[:-ahead]
        later[:-ahead] = np.where(same, close[ahead:] - close[:-ahead], np.nan)
    return later


def _ranked(x: Float64Array, later: Float64Array, ahead: int) -> float:
    """Spearman's correlation over rows that do not share any of their bars; 0 if too few."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(later))[::ahead]
    if len(known) < _LEAST or (x[known] == x[known[0]]).all():
        return 0.0
    ranks = [np.unique(v[known], return_inverse=True)[1].astype(np.float64) for v in (x, later)]
    if ranks[0].max() == 0 or ranks[1].max() == 0:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
