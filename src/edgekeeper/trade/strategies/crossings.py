"""Small indicators on pandas series, under the names that freqtrade's strategies know from qtpylib.

Common definitions, written anew; deviations are those of a sample (n - 1).
"""

from typing import Any

__all__ = [
    "bollinger_bands",
    "crossed",
    "crossed_above",
    "crossed_below",
    "heikinashi",
    "mid_price",
    "rolling_max",
    "rolling_mean",
    "rolling_min",
    "rolling_std",
    "rolling_weighted_mean",
    "sma",
    "typical_price",
    "wma",
]


def crossed_above(one: Any, other: Any) -> Any:
    """Whether ``one`` is above ``other``, a series or a number, and was not a bar ago."""
    one, other = _aligned(one, other)
    return (one > other) & (one.shift(1) <= other.shift(1))


def crossed_below(one: Any, other: Any) -> Any:
    """Whether ``one`` is below ``other``, a series or a number, and was not a bar ago."""
    one, other = _aligned(one, other)
    return (one < other) & (one.shift(1) >= other.shift(1))


def crossed(one: Any, other: Any, direction: str | None = None) -> Any:
    """Whether they crossed: ``above``, ``below``, or either way."""
    if direction == "above":
        return crossed_above(one, other)
    if direction == "below":
        return crossed_below(one, other)
    return crossed_above(one, other) | crossed_below(one, other)


def rolling_mean(series: Any, window: int = 200, min_periods: int | None = None) -> Any:
    """Mean of the last ``window`` values."""
    return series.rolling(window, min_periods=min_periods).mean()


def rolling_std(series: Any, window: int = 200, min_periods: int | None = None) -> Any:
    """Sample deviation of the last ``window`` values."""
    return series.rolling(window, min_periods=min_periods).std()


def rolling_min(series: Any, window: int = 14, min_periods: int | None = None) -> Any:
    """Smallest of the last ``window`` values."""
    return series.rolling(window, min_periods=min_periods).min()


def rolling_max(series: Any, window: int = 14, min_periods: int | None = None) -> Any:
    """Largest of the last ``window`` values."""
    return series.rolling(window, min_periods=min_periods).max()


def rolling_weighted_mean(series: Any, window: int = 200, min_periods: int | None = None) -> Any:
    """Exponential mean of span ``window``."""
    least = window if min_periods is None else min_periods
    return series.ewm(span=window, min_periods=least).mean()


sma, wma = rolling_mean, rolling_weighted_mean


def bollinger_bands(series: Any, window: int = 20, stds: float = 2) -> Any:
    """Columns ``upper``, ``mid`` and ``lower``; the first bars take what values there are."""
    import pandas as pd

    mid, width = rolling_mean(series, window, 1), stds * rolling_std(series, window, 1)
    return pd.DataFrame({"upper": mid + width, "mid": mid, "lower": mid - width})


def heikinashi(bars: Any) -> Any:
    """Columns ``open``, ``high``, ``low`` and ``close`` of averaged candles."""
    import pandas as pd

    close = (bars["open"] + bars["high"] + bars["low"] + bars["close"]) / 4.0
    opened, value = [], (bars["open"].iloc[0] + bars["close"].iloc[0]) / 2.0
    for mean in close:
        opened.append(value)
        value = (value + mean) / 2.0
    found = pd.DataFrame({"open": opened, "close": close.to_numpy()}, index=bars.index)
    high, low = found.assign(x=bars["high"]).max(axis=1), found.assign(x=bars["low"]).min(axis=1)
    return found.assign(high=high, low=low)[["open", "high", "low", "close"]]


def typical_price(bars: Any) -> Any:
    """Mean of high, low and close."""
    return (bars["high"] + bars["low"] + bars["close"]) / 3.0


def mid_price(bars: Any) -> Any:
    """Mean of high and low."""
    return (bars["high"] + bars["low"]) / 2.0


def _aligned(one: Any, other: Any) -> tuple[Any, Any]:
    import pandas as pd

    if not isinstance(one, pd.Series):
        one = pd.Series(one)
    if not isinstance(other, pd.Series):
        other = pd.Series(other, index=one.index)
    return one, other
