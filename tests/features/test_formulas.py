"""Indicators that TA-Lib does not have, against their published definitions in plain NumPy."""

import numpy as np
import pytest

from edgekeeper.features import evaluate, indicators
from edgekeeper.market import load_bars


def moves(x, n=1):
    return np.diff(np.log(x))[-n:]


def true_range(h, lo, c):
    return np.maximum(h[1:], c[:-1]) - np.minimum(lo[1:], c[:-1])


def ema(x, weight):
    value = x[0]
    for v in x[1:]:
        value += weight * (v - value)
    return value


def wilder_atr(h, lo, c, n):
    return ema(true_range(h, lo, c), 1 / n)


def location(h, lo, c):
    return np.where(h > lo, ((c - lo) - (h - c)) / np.where(h > lo, h - lo, 1), 0)


def yang_zhang(o, h, lo, c, n):
    gap, day = np.log(o[1:] / c[:-1])[-n:], np.log(c / o)[-n:]
    inside = (np.log(h / c) * np.log(h / o) + np.log(lo / c) * np.log(lo / o))[-n:]
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return np.sqrt(gap.var(ddof=1) + k * day.var(ddof=1) + (1 - k) * inside.mean())


def corwin_schultz(h, lo, c, n):
    """Equations 14 and 18, two bars at a time; negative estimates count as zero."""
    spreads = []
    for t in range(len(h) - n, len(h)):
        beta = np.log(h[t - 1] / lo[t - 1]) ** 2 + np.log(h[t] / lo[t]) ** 2
        gamma = np.log(max(h[t - 1], h[t]) / min(lo[t - 1], lo[t])) ** 2
        root = 3 - 2 * np.sqrt(2)
        alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / root - np.sqrt(gamma / root)
        spreads.append(max(2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha)), 0.0))
    return np.mean(spreads)


def roll(c, n):
    r = moves(c, n + 1)
    return 2 * np.sqrt(max(-np.cov(r[1:], r[:-1])[0, 1], 0))


def kyle(c, v, n):
    money = np.sign(np.diff(c))[-n:] * np.sqrt(c * v)[-n:]
    return np.cov(moves(c, n), money)[0, 1] / money.var(ddof=1)


# Expression, and the same at the newest bar from open, high, low, close, volume up to it.
REFERENCES = {
    "delta(close, 3)": lambda o, h, lo, c, v: c[-1] - c[-4],
    "logret(close, 3)": lambda o, h, lo, c, v: np.log(c[-1] / c[-4]),
    "mean(close, 20)": lambda o, h, lo, c, v: c[-20:].mean(),
    "count(close > open, 20)": lambda o, h, lo, c, v: (c > o)[-20:].sum(),
    "gain(close)": lambda o, h, lo, c, v: max(c[-1] - c[-2], 0),
    "loss(close)": lambda o, h, lo, c, v: max(c[-2] - c[-1], 0),
    "plus_dm()": lambda o, h, lo, c, v: (
        h[-1] - h[-2] if h[-1] - h[-2] > max(lo[-2] - lo[-1], 0) else 0.0
    ),
    "minus_dm()": lambda o, h, lo, c, v: (
        lo[-2] - lo[-1] if lo[-2] - lo[-1] > max(h[-1] - h[-2], 0) else 0.0
    ),
    "buying_pressure()": lambda o, h, lo, c, v: c[-1] - min(lo[-1], c[-2]),
    "keltner_position()": lambda o, h, lo, c, v: (
        (c[-1] - ema(c, 2 / 21)) / (2 * wilder_atr(h, lo, c, 10))
    ),
    "keltner_width()": lambda o, h, lo, c, v: 4 * wilder_atr(h, lo, c, 10) / ema(c, 2 / 21),
    "donchian_width(20)": lambda o, h, lo, c, v: (h[-20:].max() - lo[-20:].min()) / c[-1],
    "ichimoku_cloud_a()": lambda o, h, lo, c, v: (
        (h[-35:-26].max() + lo[-35:-26].min() + h[-52:-26].max() + lo[-52:-26].min()) / 4
    ),
    "vortex(14)": lambda o, h, lo, c, v: (
        np.abs(h[1:] - lo[:-1])[-14:].sum() - np.abs(lo[1:] - h[:-1])[-14:].sum()
    ) / true_range(h, lo, c)[-14:].sum(),
    "vwap(20)": lambda o, h, lo, c, v: np.average(((h + lo + c) / 3)[-20:], weights=v[-20:]),
    "close_location()": lambda o, h, lo, c, v: location(h, lo, c)[-1],
    "cmf(20)": lambda o, h, lo, c, v: (location(h, lo, c) * v)[-20:].sum() / v[-20:].sum(),
    "ewma_volatility(32)": lambda o, h, lo, c, v: np.sqrt(ema(np.diff(np.log(c)) ** 2, 2 / 33)),
    "yang_zhang(20)": lambda o, h, lo, c, v: yang_zhang(o, h, lo, c, 20),
    "decay(close, 10)": lambda o, h, lo, c, v: np.average(c[-10:], weights=np.arange(1, 11)),
    "efficiency(close, 10)": lambda o, h, lo, c, v: (
        abs(c[-1] - c[-11]) / np.abs(np.diff(c))[-10:].sum()
    ),
    "trend_size(20)": lambda o, h, lo, c, v: abs(np.log(c[-1] / c[-21]))
    / (moves(c, 20).std(ddof=1) * np.sqrt(20)),
    "roll_spread(60)": lambda o, h, lo, c, v: roll(c, 60),
    "corwin_schultz(20)": lambda o, h, lo, c, v: corwin_schultz(h, lo, c, 20),
    "signed_volume(20)": lambda o, h, lo, c, v: v[-1]
    * np.tanh(0.85 * moves(c)[0] / moves(c, 20).std(ddof=1)),
    "kyle_lambda(60)": lambda o, h, lo, c, v: kyle(c, v, 60),
}  # fmt: skip


@pytest.fixture(scope="module", params=["IBM", "generated"])
def history(request, bars_of):
    if request.param == "IBM":
        return load_bars("bundled", ["IBM"]).bars
    return bars_of(1, 1_500, seed=12, minutes=60)


@pytest.mark.parametrize("text", REFERENCES)
def test_equals_the_published_definition(history, text):
    columns = [history.adjusted(n) for n in ("open", "high", "low", "close", "volume")]
    got = evaluate(text, history)
    for stop in (len(history) // 2, len(history) - 7, len(history)):
        want = REFERENCES[text](*(x[:stop] for x in columns))
        assert got[stop - 1] == pytest.approx(want, rel=1e-8, abs=1e-12)


def test_there_is_an_indicator_behind_each():
    assert all(text.partition("(")[0] in indicators() for text in REFERENCES)
