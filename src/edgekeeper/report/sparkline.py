"""A curve in one row of text."""

import math
from collections.abc import Sequence

__all__ = ["sparkline"]

_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    """Return one character a value, from ``low`` to ``high``; a missing value is a blank.

    Examples
    --------
    >>> sparkline([1.0, 2.0, math.nan, 3.0], 1.0, 3.0)
    '▁▅ █'
    """
    span = high - low
    return "".join(" " if not math.isfinite(v) else _LEVELS[_level(v - low, span)] for v in values)


def _level(above: float, span: float) -> int:
    if not span > 0.0:
        return 0
    share = min(1.0, max(0.0, above / span))
    return min(len(_LEVELS) - 1, int(share * len(_LEVELS)))
