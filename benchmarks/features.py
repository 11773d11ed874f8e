"""Speed of the feature engine beside TA-Lib, in one run on one machine.

The same indicators, the same bars. Edgekeeper gets rows in canonical order and fills one float32
table, a new one or one that is used again. TA-Lib gets contiguous float64 arrays a symbol; once its
outputs are kept, as whoever wants a table has to, and once dropped, so that they never leave the
cache. Each figure is the best of several rounds, taken in turns.

Also beside Polars (what it can say of these), Alpha158, cost against window length, and start-up.

    python benchmarks/features.py [--full] [--json]
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba
import numpy as np
import polars as pl
import talib

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet

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


def talib_pass(groups: list[Columns], threads: int, keep: bool) -> None:
    """All indicators of all symbols by TA-Lib."""
    kept: list[object] = []

    def one(columns: Columns) -> None:
        for _, call in PAIRS:
            outputs = call(columns)
            if keep:
                kept.append(outputs)

    if threads == 1:
        for columns in groups:
            one(columns)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, groups))


def in_turns(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Best wall time of each call, seconds, the calls taking turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


def stream_us(features: FeatureSet, bars: Bars, symbols: int, updates: int) -> float:
    """Microseconds for one instant of ``symbols`` symbols, called from Python."""
    stream = features.stream([f"S{s:03d}" for s in range(symbols)])
    rng = np.random.default_rng(3)
    inputs = [
        np.ascontiguousarray(50 + rng.random((len(stream.columns), symbols)))
        for _ in range(updates)
    ]
    for k in range(200):
        stream.push(inputs[k % updates])
    begin = time.perf_counter()
    for row in inputs:
        stream.push(row)
    return (time.perf_counter() - begin) / updates * 1e6


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


def beside_polars(bars: Bars, rounds: int) -> float:
    """How many times as fast as Polars, what both can say, each on as many threads as it likes."""
    theirs = polars_features()
    texts = {name: text for pair, _ in PAIRS for name, text in pair.items() if name in theirs}
    ours = FeatureSet(texts)
    frame = bars.to_polars()
    exprs = [expr.over("symbol").alias(name) for name, expr in theirs.items()]
    best = in_turns(
        {"polars": lambda: frame.select(exprs), "edgekeeper": lambda: ours.matrix(bars)}, rounds
    )
    return ratio(best, "polars", "edgekeeper")


def one_symbol(rounds: int) -> float:
    """How many times as fast as TA-Lib on one long history, one thread, outputs kept."""
    bars = make_bars(1, 100_000)
    features = FeatureSet({name: text for texts, _ in PAIRS for name, text in texts.items()})
    names = ("open", "high", "low", "close", "volume")
    columns = {name: np.ascontiguousarray(getattr(bars, name)) for name in names}
    features.matrix(bars)
    best = in_turns(
        {
            "edgekeeper": lambda: features.matrix(bars, threads=1),
            "talib": lambda: talib_pass([columns], 1, keep=True),
        },
        rounds,
    )
    return ratio(best, "talib", "edgekeeper")


def alpha158_rows_per_s(symbols: int, rounds: int) -> int:
    """Rows of Alpha158 a second, one thread."""
    bars = make_bars(symbols, 2_500)
    features = FeatureSet.from_catalogue("alpha158")
    best = in_turns({"ours": lambda: features.matrix(bars, threads=1)}, rounds)
    return round(len(bars) / best["ours"])


def ns_by_window(rounds: int) -> dict[str, dict[int, float]]:
    """Nanoseconds a row for windows of several lengths: flat where the cost is constant."""
    bars = make_bars(4, 20_000)
    found: dict[str, dict[int, float]] = {}
    for name in ("sum", "max", "var", "slope", "ema", "entropy", "rank", "mad"):
        calls = {}
        for n in (10, 100, 1_000):
            features = FeatureSet({"x": f"{name}(close, {n})"})
            calls[str(n)] = partial(features.matrix, bars, threads=1)
        best = in_turns(calls, rounds)
        found[name] = {int(n): round(s / len(bars) * 1e9, 1) for n, s in best.items()}
    return found


def start_up_s() -> float:
    """Seconds from nothing to the first features of a fresh process, kernels on disk."""
    code = (
        "from edgekeeper.features import FeatureSet; "
        "from edgekeeper.features.example_bars import example_bars; "
        "FeatureSet.from_catalogue('technical').matrix(example_bars())"
    )
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        seconds.append(time.perf_counter() - begin)
    return round(min(seconds), 2)


def ratio(seconds: dict[str, float], theirs: str, ours: str) -> float:
    """How many times as fast as ``theirs`` ours is."""
    return round(seconds[theirs] / seconds[ours], 2)


def main() -> None:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="100 symbols x 20,000 bars")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    symbols, instants, rounds = (100, 20_000, 5) if options.full else (40, 5_000, 5)
    bars = make_bars(symbols, instants)
    features = FeatureSet({name: text for texts, _ in PAIRS for name, text in texts.items()})
    names = ("open", "high", "low", "close", "volume")
    groups: list[Columns] = []
    for s in range(symbols):
        rows = bars.by_symbol[bars.symbol_offsets[s] : bars.symbol_offsets[s + 1]]
        groups.append({name: np.ascontiguousarray(getattr(bars, name)[rows]) for name in names})
    features.matrix(bars)
    table = np.empty((len(bars), len(features)), dtype=np.float32)
    best = in_turns(
        {
            f"{name}_{threads}": partial(call, threads)
            for threads in (1, 2)
            for name, call in {
                "edgekeeper": lambda t: features.matrix(bars, threads=t),
                "edgekeeper_reused": lambda t: features.matrix(bars, threads=t, out=table),
                "talib_kept": lambda t: talib_pass(groups, t, keep=True),
                "talib_dropped": lambda t: talib_pass(groups, t, keep=False),
            }.items()
        },
        rounds,
    )
    result: dict[str, object] = {
        "machine": platform.processor() or platform.machine(),
        "versions": {"talib": talib.__version__, "numba": numba.__version__},
        "outputs": len(features),
        "rows": len(bars),
        "ns_a_row": {name: round(seconds / len(bars) * 1e9, 1) for name, seconds in best.items()},
        "ratio_talib_equal_threads": ratio(best, "talib_kept_1", "edgekeeper_1"),
        "ratio_talib_equal_threads_two": ratio(best, "talib_kept_2", "edgekeeper_2"),
        "ratio_talib_dropped": ratio(best, "talib_dropped_1", "edgekeeper_reused_1"),
        "ratio_talib_dropped_two": ratio(best, "talib_dropped_2", "edgekeeper_reused_2"),
        "ratio_two_threads_against_one": ratio(best, "talib_kept_1", "edgekeeper_2"),
        "ratio_talib_one_symbol": one_symbol(rounds),
        "ratio_polars": beside_polars(bars, rounds),
        "alpha158_rows_per_s": alpha158_rows_per_s(500 if options.full else 20, 2),
        "ns_by_window": ns_by_window(rounds),
        "start_up_s": start_up_s(),
        "stream_us_one_symbol": round(stream_us(features, bars, 1, 5_000), 2),
        "stream_us_a_symbol_of_100": round(stream_us(features, bars, 100, 1_000) / 100, 3),
    }
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
