"""TA-Lib as the oracle: every indicator that both have, after warm-up, within 1e-9 relative."""

import numpy as np
import pytest
import talib

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet, evaluate, indicators
from edgekeeper.market import load_bars

ROWS, WARM = 2_500, 1_500


def change(level, bars):
    return level - np.roll(level, bars)


# Expression, and the same by TA-Lib from open, high, low, close, volume.
ORACLES = {
    "sma(close, 20)": lambda o, h, lo, c, v: talib.SMA(c, 20),
    "ema(close, 21)": lambda o, h, lo, c, v: talib.EMA(c, 21),
    "wma(close, 20)": lambda o, h, lo, c, v: talib.WMA(c, 20),
    "dema(close, 20)": lambda o, h, lo, c, v: talib.DEMA(c, 20),
    "tema(close, 20)": lambda o, h, lo, c, v: talib.TEMA(c, 20),
    "trix(close, 15)": lambda o, h, lo, c, v: talib.TRIX(c, 15),
    "rsi(close, 14)": lambda o, h, lo, c, v: talib.RSI(c, 14),
    "cmo(close, 14)": lambda o, h, lo, c, v: talib.CMO(c, 14),
    "stoch_rsi(close, 14, 5)": lambda o, h, lo, c, v: talib.STOCHRSI(c, 14, 5, 3)[0],
    "roc(close, 10)": lambda o, h, lo, c, v: talib.ROC(c, 10),
    "mom(close, 10)": lambda o, h, lo, c, v: talib.MOM(c, 10),
    "ppo()": lambda o, h, lo, c, v: talib.PPO(c, 12, 26, 1),
    "macd()": lambda o, h, lo, c, v: talib.MACD(c)[0],
    "macd_signal()": lambda o, h, lo, c, v: talib.MACD(c)[1],
    "macd_histogram()": lambda o, h, lo, c, v: talib.MACD(c)[2],
    "std(close, 20, 0)": lambda o, h, lo, c, v: talib.STDDEV(c, 20),
    "var(close, 20, 0)": lambda o, h, lo, c, v: talib.VAR(c, 20),
    "bollinger_position()": lambda o, h, lo, c, v: (c - talib.SMA(c, 20)) / talib.STDDEV(c, 20) / 2,
    "bollinger_width()": lambda o, h, lo, c, v: 4 * talib.STDDEV(c, 20) / talib.SMA(c, 20),
    "slope(close, 14)": lambda o, h, lo, c, v: talib.LINEARREG_SLOPE(c, 14),
    "close - resid(close, 14)": lambda o, h, lo, c, v: talib.LINEARREG(c, 14),
    "max(high, 20)": lambda o, h, lo, c, v: talib.MAX(h, 20),
    "min(low, 20)": lambda o, h, lo, c, v: talib.MIN(lo, 20),
    "sum(volume, 20)": lambda o, h, lo, c, v: talib.SUM(v, 20),
    "midprice(14)": lambda o, h, lo, c, v: talib.MIDPRICE(h, lo, 14),
    "typical_price()": lambda o, h, lo, c, v: talib.TYPPRICE(h, lo, c),
    "true_range()": lambda o, h, lo, c, v: talib.TRANGE(h, lo, c),
    "atr(14)": lambda o, h, lo, c, v: talib.ATR(h, lo, c, 14),
    "natr(14)": lambda o, h, lo, c, v: talib.NATR(h, lo, c, 14),
    "plus_di(14)": lambda o, h, lo, c, v: talib.PLUS_DI(h, lo, c, 14),
    "minus_di(14)": lambda o, h, lo, c, v: talib.MINUS_DI(h, lo, c, 14),
    "dx(14)": lambda o, h, lo, c, v: talib.DX(h, lo, c, 14),
    "adx(14)": lambda o, h, lo, c, v: talib.ADX(h, lo, c, 14),
    "aroon_up(14)": lambda o, h, lo, c, v: talib.AROON(h, lo, 14)[1],
    "aroon_down(14)": lambda o, h, lo, c, v: talib.AROON(h, lo, 14)[0],
    "aroon(14)": lambda o, h, lo, c, v: talib.AROONOSC(h, lo, 14),
    "stoch_fast(14)": lambda o, h, lo, c, v: talib.STOCHF(h, lo, c, 14, 3, 0)[0],
    "stoch_k(14, 3)": lambda o, h, lo, c, v: talib.STOCH(h, lo, c, 14, 3, 0, 3, 0)[0],
    "stoch_d(14, 3, 3)": lambda o, h, lo, c, v: talib.STOCH(h, lo, c, 14, 3, 0, 3, 0)[1],
    "williams_r(14)": lambda o, h, lo, c, v: talib.WILLR(h, lo, c, 14),
    "cci(20)": lambda o, h, lo, c, v: talib.CCI(h, lo, c, 20),
    "ultimate()": lambda o, h, lo, c, v: talib.ULTOSC(h, lo, c),
    "bop()": lambda o, h, lo, c, v: talib.BOP(o, h, lo, c),
    "mfi(14)": lambda o, h, lo, c, v: talib.MFI(h, lo, c, v, 14),
    "obv_change(20)": lambda o, h, lo, c, v: change(talib.OBV(c, v), 20),
    "adl_change(20)": lambda o, h, lo, c, v: change(talib.AD(h, lo, c, v), 20),
    "kama()": lambda o, h, lo, c, v: talib.KAMA(c, 10),
    "psar()": lambda o, h, lo, c, v: talib.SAR(h, lo),
    "psar(0.05, 0.3)": lambda o, h, lo, c, v: talib.SAR(h, lo, 0.05, 0.3),
    "bollinger_upper()": lambda o, h, lo, c, v: talib.BBANDS(c, 20)[0],
    "bollinger_lower()": lambda o, h, lo, c, v: talib.BBANDS(c, 20)[2],
    "corr(high, low, 30)": lambda o, h, lo, c, v: talib.CORREL(h, lo, 30),
    "beta(ret(high), ret(low), 5)": lambda o, h, lo, c, v: talib.BETA(lo, h, 5),
}  # fmt: skip


def real(symbol, each):
    """Real daily bars of one symbol, ``each`` days joined into one."""
    days = load_bars("bundled", [symbol]).bars
    first = np.arange(0, len(days) - each + 1, each)
    last = first + each - 1
    return Bars.from_arrays(
        symbol=[symbol] * len(first),
        event_time=days.event_time[last],
        open=days.open[first],
        high=np.maximum.reduceat(days.high, first)[: len(first)],
        low=np.minimum.reduceat(days.low, first)[: len(first)],
        close=days.close[last],
        volume=np.add.reduceat(days.volume, first)[: len(first)],
    )


# Real bars of several intervals: file, symbol.
REAL = {
    "minutes of a fund": ("us_etf_1min_2019_2020/etf_1min.parquet", "SPY"),
    "minutes of a perpetual": ("crypto_1min_btc_perp/btc_perp_1m.parquet", "BTC-PERP"),
    "hours of a fund": ("us_equity_hourly/hourly_ohlcv_unadjusted.parquet", "SPY"),
    "hours of a currency": ("fx_hourly/eurusd_1h_oanda.parquet", "EURUSD"),
    "days of a stock": ("us_equity_daily_long/daily_ohlcv_unadjusted.parquet", "AAPL"),
}


@pytest.fixture(scope="module", params=["generated", "IBM", "MSFT two days", *REAL])
def history(request, bars_of, real_bars):
    if request.param == "generated":
        return bars_of(1, ROWS, seed=11, minutes=5)
    if request.param in REAL:
        file, symbol = REAL[request.param]
        return real_bars(file, (symbol,))
    symbol, *joined = request.param.split()
    return real(symbol, 2 if joined else 1)


@pytest.fixture(scope="module")
def table(history):
    features = FeatureSet({f"f{k}": text for k, text in enumerate(ORACLES)})
    return features.matrix(history, np.float64)


@pytest.mark.parametrize("number", range(len(ORACLES)), ids=list(ORACLES))
def test_equals_talib(history, table, number):
    names = ("open", "high", "low", "close", "volume")
    text = list(ORACLES)[number]
    want = ORACLES[text](*(np.array(getattr(history, n)) for n in names))[WARM:]
    got = table[WARM:, number].copy()
    assert np.isfinite(want).all()
    # What has no value without a range is NaN here and zero there.
    undefined = np.isnan(got)
    assert (want[undefined] == 0.0).all()
    assert undefined.mean() < (0.01 if text in WITHOUT_RANGE else 1e-9)
    got[undefined] = 0.0
    # Differences of large levels (a MACD near zero, a residual) are exact to 1e-9 of their size.
    size = np.maximum(np.abs(want), np.median(np.abs(want)))
    differs = np.flatnonzero(~(np.abs(got - want) <= 1e-9 * size))
    if text not in EXACT:
        assert not len(differs)
        return
    # TA-Lib adds up squares of levels; where that costs it its digits, long double decides.
    assert len(differs) < 0.03 * len(got)
    for row in differs:
        part = slice(WARM + row - 20, WARM + row + 1)
        exact = EXACT[text](*(getattr(history, n)[part] for n in names))
        assert abs(got[row] - exact) <= 1e-9 * size[row]
        assert abs(got[row] - exact) < abs(want[row] - exact)


LONG = np.longdouble
WITHOUT_RANGE = ("bop()", "stoch_rsi(close, 14, 5)", "beta(ret(high), ret(low), 5)")


def _slope(y):
    t = np.arange(len(y), dtype=LONG) - LONG(len(y) - 1) / 2
    y = y.astype(LONG)
    return (t * (y - y.mean())).sum() / (t * t).sum()


def _beta(x, y):
    x, y = ((v[1:] / v[:-1] - 1).astype(LONG) for v in (x, y))
    return ((x - x.mean()) * (y - y.mean())).sum() / ((y - y.mean()) ** 2).sum()


EXACT = {
    "slope(close, 14)": lambda o, h, lo, c, v: _slope(c[-14:]),
    "beta(ret(high), ret(low), 5)": lambda o, h, lo, c, v: _beta(h[-6:], lo[-6:]),
}


def test_most_indicators_have_an_oracle_here():
    used = " ".join(ORACLES)
    claimed = [i.name for i in indicators().values() if "TA-Lib" in i.source]
    assert [name for name in claimed if f"{name}(" not in used] == []
    assert len(claimed) >= 35


REFERENCES = {
    "realised(20)": lambda o, h, lo, c: np.std(np.log(c[1:] / c[:-1])[-20:], ddof=1),
    "parkinson(20)": lambda o, h, lo, c: np.sqrt(
        np.mean(np.log(h / lo)[-20:] ** 2) / (4 * np.log(2))
    ),
    "rogers_satchell(20)": lambda o, h, lo, c: np.sqrt(
        np.mean((np.log(h / c) * np.log(h / o) + np.log(lo / c) * np.log(lo / o))[-20:])
    ),
    "garman_klass(20)": lambda o, h, lo, c: np.sqrt(
        np.mean((0.5 * np.log(h / lo) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2)[-20:])
    ),
    "ulcer(close, 14)": lambda o, h, lo, c: 100 * np.sqrt(
        np.mean([(c[k] / c[k - 13 : k + 1].max() - 1) ** 2 for k in range(len(c) - 14, len(c))])
    ),
    "zscore(close, 20)": lambda o, h, lo, c: (c[-1] - c[-20:].mean()) / c[-20:].std(ddof=1),
    "donchian_position(20)": lambda o, h, lo, c: (
        (c[-1] - lo[-20:].min()) / (h[-20:].max() - lo[-20:].min())
    ),
    "choppiness(14)": lambda o, h, lo, c: 100
    * np.log10(
        (np.maximum(h[1:], c[:-1]) - np.minimum(lo[1:], c[:-1]))[-14:].sum()
        / (h[-14:].max() - lo[-14:].min())
    )
    / np.log10(14),
    "hma(close, 16)": lambda o, h, lo, c: _hull(c, 16),
    "ichimoku_cloud_b(52, 26)": lambda o, h, lo, c: (
        (h[-78:-26].max() + lo[-78:-26].min()) / 2
    ),
}  # fmt: skip


def _hull(close, n):
    weights = lambda m: np.arange(1, m + 1) / (m * (m + 1) / 2)  # noqa: E731
    root = int(np.sqrt(n))
    raw = [
        2 * close[len(close) - k - n // 2 + 1 : len(close) - k + 1] @ weights(n // 2)
        - close[len(close) - k - n + 1 : len(close) - k + 1] @ weights(n)
        for k in range(root, 0, -1)
    ]
    return np.array(raw) @ weights(root)


@pytest.mark.parametrize("text", REFERENCES)
def test_equals_the_published_formula(history, text):
    columns = [np.array(getattr(history, n)) for n in ("open", "high", "low", "close")]
    assert evaluate(text, history)[-1] == pytest.approx(REFERENCES[text](*columns), rel=1e-9)
