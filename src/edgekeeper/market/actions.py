"""Splits and dividends, read off the changes of adjusted close over close."""

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["ACTIONS", "derive_actions"]

ACTIONS = pl.Schema(
    {
        "symbol": pl.String(),
        "ex_time": pl.Datetime("ns", "UTC"),
        "kind": pl.String(),
        "factor": pl.Float64(),
    }
)
_RELATIVE_NOISE = 1e-6
_SPLIT_TOLERANCE = 2e-3
_BARS_PER_ACTION = 8
_RATIOS = np.array(
    [p / q for q in (1, 2, 3, 4) for p in range(q + 1, 51) if np.gcd(p, q) == 1 and p / q >= 1.25]
)


def derive_actions(
    symbol: str, event_time: Int64Array, close: Float64Array, adj_close: Float64Array
) -> tuple[Float64Array, pl.DataFrame]:
    """Return the forward cumulative adjustment and the table of actions behind it.

    Between two actions adjusted close is a constant share of close, up to rounding. Each bar allows
    the interval of shares that its two rounded prices could come from; as long as the intervals
    since the last action have a point in common, nothing happened. An action is recorded on the
    first bar whose interval misses it, with that bar's own share as the new level: the past is
    never revised, and rounding errors of one action do not carry over into the next.

    Parameters
    ----------
    symbol : str
    event_time : int64 [n]
        Sorted.
    close, adj_close : float64 [n]
        Positive; ``adj_close`` may be NaN, which leaves the level as it was.

    Returns
    -------
    adjustment : float64 [n]
        Units held per unit bought at the first bar, dividends reinvested.
    actions : frame
        ``symbol, ex_time, kind, factor`` (units now per unit before). ``kind`` is *split* (factor
        near a simple ratio of at least 5:4 either way), *dividend* (units grew by less simple a
        factor), or *unexplained* (units fell, but by no simple ratio).

    Raises
    ------
    BadData
        The share changes so often that this cannot be an adjusted close.

    Notes
    -----
    Rounding is taken from the data: half of the last decimal place each column uses, plus one part
    in a million for prices that once were float32. A change below that is noise, not an action.
    Spin-offs come out as dividends, since holders received their value. Vendors reinvest a dividend
    d at the ex-date's close (factor 1 + d / close: Quandl, Tiingo) or at the close before (factor
    1 / (1 - d / previous close): Yahoo), so the factor alone does not tell d to the cent.

    Examples
    --------
    >>> import numpy as np
    >>> close = np.array([100.0, 102.0, 51.5, 52.0])
    >>> held, table = derive_actions("A", np.arange(4), close, close / [2, 2, 1, 1])
    >>> held.tolist(), table["kind"].to_list()
    ([1.0, 1.0, 2.0, 2.0], ['split'])
    """
    known = np.flatnonzero(np.isfinite(adj_close))
    adjustment = np.ones(len(close))
    if len(known) < 2:
        return adjustment, pl.DataFrame(schema=ACTIONS)
    raw, adjusted = close[known], adj_close[known]
    half_raw, half_adjusted = _half_unit(raw), _half_unit(adjusted)
    lower = (adjusted - half_adjusted).clip(min=0.0) / (raw + half_raw) * (1 - _RELATIVE_NOISE)
    upper = (adjusted + half_adjusted) / np.maximum(raw - half_raw, 1e-300) * (1 + _RELATIVE_NOISE)
    changes = _changes(lower, upper)
    if len(changes) > 4 + len(known) // _BARS_PER_ACTION:
        raise BadData(
            f"{symbol}: expected an adjusted close that moves with the close between splits and "
            f"dividends, got {len(changes)} changes of their ratio in {len(known)} bars: this is "
            "no adjusted close; rename or drop the column"
        )
    share = adjusted / raw
    starts = np.concatenate(([0], changes)).astype(np.int64)
    lengths = np.diff(np.append(starts, len(known)))
    adjustment[known] = np.repeat(share[starts] / share[0], lengths)
    adjustment = _carried(adjustment, known)
    factor = share[starts[1:]] / share[starts[:-1]]
    return adjustment, _table(symbol, event_time[known[changes]], factor)


def _half_unit(values: Float64Array) -> float:
    """Half of the smallest decimal place in use, 0 where there is no such place.

    A handful of whole numbers may be chance; coarser than cents is believed from 50 values on.
    """
    for places in range(0 if len(values) >= 50 else 2, 10):
        scaled = values * 10.0**places
        slack = np.maximum(1e-6, 8 * np.finfo(float).eps * scaled)
        if (np.abs(scaled - np.round(scaled)) <= slack).all():
            return 0.5 * 10.0**-places
    return 0.0


def _changes(lower: Float64Array, upper: Float64Array) -> Int64Array:
    """Rows where the intervals since the last change stop having a point in common."""
    found: list[int] = []
    start, n = 0, len(lower)
    while start < n:
        width = 256
        while True:
            stop = min(start + width, n)
            floor = np.maximum.accumulate(lower[start:stop])
            ceiling = np.minimum.accumulate(upper[start:stop])
            apart = floor > ceiling
            if apart.any() or stop == n:
                break
            width *= 4
        if not apart.any():
            break
        start += int(np.argmax(apart))
        found.append(start)
    return np.array(found, dtype=np.int64)


def _carried(adjustment: Float64Array, known: Int64Array) -> Float64Array:
    """Hold the last known level over rows that give none."""
    last = np.zeros(len(adjustment), dtype=np.int64)
    last[known] = known
    filled: Float64Array = adjustment[np.maximum.accumulate(last)]
    filled[: known[0]] = 1.0
    return filled


def _table(symbol: str, ex_time: Int64Array, factor: Float64Array) -> pl.DataFrame:
    up = np.maximum(factor, 1 / factor)
    simple = (np.abs(up[:, None] / _RATIOS - 1) < _SPLIT_TOLERANCE).any(axis=1)
    kind = np.where(simple, "split", np.where(factor > 1, "dividend", "unexplained"))
    return pl.DataFrame(
        {
            "symbol": [symbol] * len(factor),
            "ex_time": ex_time,
            "kind": kind.tolist(),
            "factor": factor,
        },
        schema_overrides=ACTIONS,
    )
