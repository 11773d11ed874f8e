"""``tf``: completed longer bars only, against bars resampled by hand."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, evaluate

HOUR = 3_600 * 10**9


def resampled(bars: Bars, symbol: int, length: int, anchor: int = 0) -> dict[str, np.ndarray]:
    """Longer bars of one symbol, the first one left out, and when each could first be known."""
    rows = np.flatnonzero(bars.symbol == symbol)
    time = bars.event_time[rows]
    place = (time - 1 - anchor) // length
    groups = [rows[place == p] for p in np.unique(place)][1:]
    known = []
    for group in groups:
        end = ((bars.event_time[group[0]] - 1 - anchor) // length + 1) * length + anchor
        later = time[time > bars.event_time[group[-1]]]
        known.append(end if bars.event_time[group[-1]] == end else later.min(initial=2**62))
    return {
        "known": np.array(known),
        "open": np.array([bars.open[g[0]] for g in groups]),
        "high": np.array([bars.high[g].max() for g in groups]),
        "low": np.array([bars.low[g].min() for g in groups]),
        "close": np.array([bars.close[g[-1]] for g in groups]),
        "volume": np.array([bars.volume[g].sum() for g in groups]),
        "SPY.close": np.array([bars.context["SPY.close"][g[-1]] for g in groups]),
    }


def held(bars: Bars, symbol: int, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(bars.symbol == symbol)
    newest = np.searchsorted(known, bars.event_time[rows], side="right") - 1
    return np.where(newest >= 0, values[np.maximum(newest, 0)], np.nan)


@pytest.mark.parametrize(
    ("text", "length", "anchor"),
    [
        ("1h", HOUR, 0),
        ("45m", HOUR * 3 // 4, 0),
        ("1d", 24 * HOUR, 0),
        ("1w", 168 * HOUR, 96 * HOUR),
    ],
)
@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "SPY.close"])
def test_columns_are_those_of_completed_bars(bars_of, column, text, length, anchor):
    bars = bars_of(2, 3_000, minutes=15, gaps=0.3)
    got = evaluate(f'tf("{text}", {column})', bars)
    for symbol in range(2):
        longer = resampled(bars, symbol, length, anchor)
        want = held(bars, symbol, longer["known"], longer[column])
        np.testing.assert_allclose(got[bars.symbol == symbol], want, rtol=1e-12)


def test_an_expression_equals_itself_on_resampled_bars(bars_of):
    bars = bars_of(1, 4_000, minutes=5, gaps=0.2)
    longer = resampled(bars, 0, HOUR)
    hours = Bars.from_arrays(
        symbol=["S0"] * len(longer["known"]),
        event_time=np.arange(len(longer["known"])) * HOUR,
        **{name: longer[name] for name in ("open", "high", "low", "close", "volume")},
    )
    for text in (
        "rsi(close, 5)",
        "ema(close, 3) / lag(high, 2)",
        "corr(close, volume, 9)",
        "atr(7)",
    ):
        got = evaluate(f'tf("1h", {text})', bars)
        want = held(bars, 0, longer["known"], evaluate(text, hours))
        np.testing.assert_array_equal(got, want)


def test_values_are_held_and_come_late_where_the_last_bar_is_missing():
    minutes = np.array([5, 10, 15, 20, 25, 30, 35, 50, 55, 60, 62])
    close = np.arange(1.0, 12.0)
    bars = Bars.from_arrays(
        symbol=["A"] * 11,
        event_time=minutes * 60 * 10**9,
        **dict.fromkeys(("open", "high", "low", "close"), close),
    )
    got = evaluate('tf("15m", close)', bars)
    # Bars: to 15 (never seen to begin), to 30, to 45 (known at 50), to 60, to 75.
    want = [np.nan] * 5 + [6, 6, 7, 7, 10, 10]
    np.testing.assert_array_equal(got, want)


def test_features_of_several_lengths_and_their_parts_mix(bars_of):
    bars = bars_of(2, 2_000, minutes=5)
    features = FeatureSet(
        {
            "a": 'tf("1h", ema(close, 5)) / ema(close, 5) - tf("15m", close) * 0',
            "b": 'ema(tf("1h", close), 5)',
            "c": 'tf("1h", where(weekday > 3, hour, -1)) + pi',
        }
    )
    table = features.matrix(bars)
    assert np.isfinite(table[-100:]).all()
    assert features.longer_bars_of("a") == (900, 3_600)
    assert features.lookbacks_at(300 * 10**9)[0] == (4 + 2) * 13
    assert np.isfinite(table[2 * features.lookbacks_at(300 * 10**9)[0] :, 0]).all()


def test_bars_that_are_not_shorter_are_named(bars_of):
    bars = bars_of(1, 50)
    features = FeatureSet({"day": 'tf("1d", close)', "week": 'tf("1w", close)', "x": "close"})
    left, dropped = features.available(bars)
    assert left.names == ("week", "x")
    assert dropped == {"day": ("bars shorter than 1d",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('tf("1h")', r"expected tf\(\"1h\", expression\)"),
        ("tf(close, 5)", r"expected tf\(\"1h\", expression\)"),
        ('tf("1x", close)', "expected a length of bars.*got '1x' at character 4"),
        ('tf("0m", close)', "expected a length of bars"),
        ('tf("900w", close)', "expected a length of bars"),
        ('tf("1h", 5) + close', "got a constant"),
        ('tf("1h", tf("1d", close))', "one tf"),
        ('tf("1h", cs_rank(close))', r"cs_rank\(tf"),
        ("tf + close", r"expected tf\(...\)"),
        ("bucket(close, 60, 0)", "unknown function"),
        ("hold(close, close)", "unknown function"),
    ],
)
def test_wrong_use_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        FeatureSet({"x": text})
