"""Thirty-five classical outputs as the feature language, TA-Lib and Polars say them, and bars."""

from collections.abc import Callable

import numpy as np
import polars as pl
import talib

from edgekeeper.bars import Bars

__all__ = ["PAIRS", "TEXTS", "Columns", "columns_of", "make_bars", "polars_features"]

Columns = dict[str, np.ndarray]
Pair = tuple[dict[str, str], Callable[[Columns], object]]

# Text of each output, and the TA-Lib call that gives the same ones.
PAIRS: list[Pair] = [
    ({"sma": "sma(close, 20)"}, lambda c: talib.SMA(c["close"], 20)),
    ({"ema_9": "ema(close, 9)"}, lambda c: talib.EMA(c["close"], 9)),
    ({"ema_21": "ema(close, 21)"}, lambda c: talib.EMA(c["close"], 21)),
    ({"wma": "wma(close, 20)"}, lambda c: talib.WMA(c["close"], 20)),
    ({"dema": "dema(close, 20)"}, lambda c: talib.DEMA(c["close"], 20)),
    ({"tema": "tema(close, 20)"}, lambda c: talib.TEMA(c["close"], 20)),
    ({"trix": "trix(close, 15)"}, lambda c: talib.TRIX(c["close"], 15)),
    ({"rsi": "rsi(close, 14)"}, lambda c: talib.RSI(c["close"], 14)),
    ({"cmo": "cmo(close, 14)"}, lambda c: talib.CMO(c["close"], 14)),
    ({"roc": "roc(close, 10)"}, lambda c: talib.ROC(c["close"], 10)),
    ({"mom": "mom(close, 10)"}, lambda c: talib.MOM(c["close"], 10)),
    (
        {"macd": "macd()", "macd_signal": "macd_signal()", "macd_histogram": "macd_histogram()"},
        lambda c: talib.MACD(c["close"], 12, 26, 9),
    ),
    ({"std": "std(close, 20, 0)"}, lambda c: talib.STDDEV(c["close"], 20)),
    (
        {
            "upper": "mean(close, 20) + 2 * std(close, 20, 0)",
            "lower": "mean(close, 20) - 2 * std(close, 20, 0)",
        },
        lambda c: talib.BBANDS(c["close"], 20, 2, 2),
    ),
    ({"slope": "slope(close, 14)"}, lambda c: talib.LINEARREG_SLOPE(c["close"], 14)),
    ({"max": "max(high, 20)"}, lambda c: talib.MAX(c["high"], 20)),
    ({"min": "min(low, 20)"}, lambda c: talib.MIN(c["low"], 20)),
    ({"range": "true_range()"}, lambda c: talib.TRANGE(c["high"], c["low"], c["close"])),
    ({"atr": "atr(14)"}, lambda c: talib.ATR(c["high"], c["low"], c["close"], 14)),
    ({"natr": "natr(14)"}, lambda c: talib.NATR(c["high"], c["low"], c["close"], 14)),
    ({"adx": "adx(14)"}, lambda c: talib.ADX(c["high"], c["low"], c["close"], 14)),
    ({"plus": "plus_di(14)"}, lambda c: talib.PLUS_DI(c["high"], c["low"], c["close"], 14)),
    ({"minus": "minus_di(14)"}, lambda c: talib.MINUS_DI(c["high"], c["low"], c["close"], 14)),
    (
        {"stoch_k": "stoch_k(14, 3)", "stoch_d": "stoch_d(14, 3, 3)"},
        lambda c: talib.STOCH(c["high"], c["low"], c["close"], 14, 3, 0, 3, 0),
    ),
    ({"williams": "williams_r(14)"}, lambda c: talib.WILLR(c["high"], c["low"], c["close"], 14)),
    ({"cci": "cci(20)"}, lambda c: talib.CCI(c["high"], c["low"], c["close"], 20)),
    (
        {"aroon_down": "aroon_down(14)", "aroon_up": "aroon_up(14)"},
        lambda c: talib.AROON(c["high"], c["low"], 14),
    ),
    ({"mfi": "mfi(14)"}, lambda c: talib.MFI(c["high"], c["low"], c["close"], c["volume"], 14)),
    ({"ultimate": "ultimate()"}, lambda c: talib.ULTOSC(c["high"], c["low"], c["close"])),
    ({"corr": "corr(high, low, 30)"}, lambda c: talib.CORREL(c["high"], c["low"], 30)),
]


TEXTS = {name: text for texts, _ in PAIRS for name, text in texts.items()}


def make_bars(symbols: int, instants: int) -> Bars:
    """Random walks, all symbols at every instant."""
    rng = np.random.default_rng(7)
    shape = (instants, symbols)
    close = 50 * np.exp((rng.standard_normal(shape) * 0.01).cumsum(axis=0))
    open_ = close * np.exp(rng.standard_normal(shape) * 0.003)
    high = np.maximum(open_, close) * np.exp(np.abs(rng.standard_normal(shape)) * 0.004)
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.standard_normal(shape)) * 0.004)
    start = np.datetime64("2000-01-03T00:05", "ns").astype(np.int64)
    return Bars.from_arrays(
        symbol=np.tile([f"S{s:03d}" for s in range(symbols)], instants),
        event_time=start + np.repeat(np.arange(instants), symbols) * 300 * 10**9,
        open=open_.ravel(),
        high=high.ravel(),
        low=low.ravel(),
        close=close.ravel(),
        volume=np.round(1e5 * np.exp(rng.standard_normal(shape))).ravel(),
    )


def columns_of(bars: Bars) -> list[Columns]:
    """Contiguous columns of each symbol, as TA-Lib likes them."""
    names = ("open", "high", "low", "close", "volume")
    groups = []
    for s in range(len(bars.symbols)):
        rows = bars.by_symbol[bars.symbol_offsets[s] : bars.symbol_offsets[s + 1]]
        groups.append({name: np.ascontiguousarray(getattr(bars, name)[rows]) for name in names})
    return groups


def polars_features() -> dict[str, pl.Expr]:
    """Those of the outputs that Polars can say, each symbol by itself."""
    close, high, low = pl.col("close"), pl.col("high"), pl.col("low")
    fast, slow = (close.ewm_mean(span=n, adjust=False) for n in (12, 26))
    mean, std = close.rolling_mean(20), close.rolling_std(20, ddof=0)
    return {
        "sma": mean,
        "ema_9": close.ewm_mean(span=9, adjust=False),
        "ema_21": close.ewm_mean(span=21, adjust=False),
        "roc": 100 * (close / close.shift(10) - 1),
        "mom": close - close.shift(10),
        "macd": fast - slow,
        "macd_signal": (fast - slow).ewm_mean(span=9, adjust=False),
        "std": std,
        "upper": mean + 2 * std,
        "lower": mean - 2 * std,
        "max": high.rolling_max(20),
        "min": low.rolling_min(20),
        "range": pl.max_horizontal(high, close.shift(1)) - pl.min_horizontal(low, close.shift(1)),
        "corr": pl.rolling_corr(high, low, window_size=30),
    }
