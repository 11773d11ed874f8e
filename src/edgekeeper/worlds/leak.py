"""A column that knows the future, with its honest and its false stamp.

The honest stamp says that the value was written when the bars it describes had closed. Joined by
that, the column is harmless: it repeats past returns. The false stamp says it was there at once.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from edgekeeper.errors import UsageError, nearest
from edgekeeper.types import Float64Array
from edgekeeper.worlds.market import Setting, draw_market
from edgekeeper.worlds.world import World

__all__ = ["COLUMN", "leak"]

COLUMN = "HINT.value"
_DECLARED = ("on_time", "late")


def leak(setting: Setting, *, declared: str = "on_time", horizon: int = 10) -> World:
    """Noise, with the return of the next ``horizon`` bars as a context column of the bars.

    Parameters
    ----------
    setting : Setting
    declared : str
        ``on_time``: joined by the false stamp, so each bar sees its own future. ``late``: joined
        by the honest one, so each bar sees the last value written by then.
    horizon : int
        Bars ahead.

    Returns
    -------
    World
        With ``facts``: ``event_time, symbol, value, known_time, claimed_known_time`` (int64
        nanoseconds, text, float64), as a source would deliver them.
    """
    if declared not in _DECLARED:
        raise UsageError(
            f"declared: expected one of {', '.join(_DECLARED)}, got {declared!r}"
            f"{nearest(declared, _DECLARED)}"
        )
    if not (isinstance(horizon, int) and 1 <= horizon < setting.bars):
        raise UsageError(f"horizon: expected 1 to {setting.bars - 1} bars, got {horizon!r}")
    world = draw_market(setting, "leak", None)
    shape = (setting.bars, setting.symbols)
    close, time = world.bars.close.reshape(shape), world.bars.event_time.reshape(shape)
    value = close[horizon:] / close[:-horizon] - 1.0
    missing = np.full((horizon, setting.symbols), np.nan)
    parts = (value, missing) if declared == "on_time" else (missing, value)
    column: Float64Array = np.concatenate(parts).ravel()
    column.flags.writeable = False
    facts = pl.DataFrame(
        {
            "event_time": time[:-horizon].ravel(),
            "symbol": np.tile(world.bars.symbols, setting.bars - horizon),
            "value": value.ravel(),
            "known_time": time[horizon:].ravel(),
            "claimed_known_time": time[:-horizon].ravel(),
        }
    )
    stamp = "falsely declared known at once" if declared == "on_time" else "known after them"
    return replace(
        world,
        bars=replace(world.bars, context={COLUMN: column}),
        facts=facts,
        notes=(f"{COLUMN} is the return of the next {horizon} bars, {stamp}.",),
    )
