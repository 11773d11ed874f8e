"""What ``features.py`` runs in the peers' own interpreters: the same bars through other libraries.

    python benchmarks/feature_peers.py NAME BARS.npz ROUNDS

prints nanoseconds of CPU time a row, the best of several rounds, and the version. Every library
runs on one thread. Outputs are kept, as a user would.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

os.environ["POLARS_MAX_THREADS"] = "1"
Market = dict[str, np.ndarray]
COLUMNS = ("open", "high", "low", "close", "volume")


def best_ns(call: Callable[[], object], rows: int, rounds: int) -> float:
    """Nanoseconds of CPU time a row."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        call()
        best = min(best, time.process_time() - begin)
    return best / rows * 1e9


def polars_talib(market: Market, rounds: int) -> float:
    """The classical indicators as expressions over each symbol."""
    import polars as pl
    import polars_talib as ta

    h, lo, c, v = (pl.col(name) for name in ("high", "low", "close", "volume"))
    calls = [
        ta.sma(c, 20), ta.ema(c, 9), ta.ema(c, 21), ta.wma(c, 20), ta.dema(c, 20), ta.tema(c, 20),
        ta.trix(c, 15), ta.rsi(c, 14), ta.cmo(c, 14), ta.roc(c, 10), ta.mom(c, 10),
        ta.macd(c, 12, 26, 9), ta.stddev(c, 20), ta.bbands(c, 20, 2.0, 2.0),
        ta.linearreg_slope(c, 14), ta.max(h, 20), ta.min(lo, 20), ta.trange(h, lo, c),
        ta.atr(h, lo, c, 14), ta.natr(h, lo, c, 14), ta.adx(h, lo, c, 14),
        ta.plus_di(h, lo, c, 14), ta.minus_di(h, lo, c, 14), ta.stoch(h, lo, c, 14, 3, 0, 3, 0),
        ta.willr(h, lo, c, 14), ta.cci(h, lo, c, 20), ta.aroon(h, lo, 14), ta.mfi(h, lo, c, v, 14),
        ta.ultosc(h, lo, c), ta.correl(h, lo, 30),
    ]  # fmt: skip
    frame = pl.DataFrame({name: market[name] for name in ("symbol", *COLUMNS)})
    exprs = [call.over("symbol").alias(str(k)) for k, call in enumerate(calls)]
    return best_ns(lambda: frame.select(exprs), frame.height, rounds)


def pandas_ta_classic(market: Market, rounds: int) -> float:
    """The classical indicators by its own code, not by TA-Lib, symbol by symbol."""
    import pandas as pd
    import pandas_ta_classic as ta

    frame = pd.DataFrame({name: market[name] for name in ("symbol", *COLUMNS)})
    groups = [part.reset_index(drop=True) for _, part in frame.groupby("symbol")]
    own = {"talib": False}

    def one(part: pd.DataFrame) -> list[object]:
        h, lo, c, v = part["high"], part["low"], part["close"], part["volume"]
        return [
            ta.sma(c, 20, **own), ta.ema(c, 9, **own), ta.ema(c, 21, **own), ta.wma(c, 20, **own),
            ta.dema(c, 20, **own), ta.tema(c, 20, **own), ta.trix(c, 15, **own),
            ta.rsi(c, 14, **own), ta.cmo(c, 14, **own), ta.roc(c, 10, **own), ta.mom(c, 10, **own),
            ta.macd(c, 12, 26, 9, **own), ta.stdev(c, 20, 0, **own), ta.bbands(c, 20, 2, **own),
            ta.linreg(c, 14, slope=True, **own), h.rolling(20).max(), lo.rolling(20).min(),
            ta.true_range(h, lo, c, **own), ta.atr(h, lo, c, 14, **own),
            ta.natr(h, lo, c, 14, **own), ta.adx(h, lo, c, 14, **own),
            ta.stoch(h, lo, c, 14, 3, 3, **own), ta.willr(h, lo, c, 14, **own),
            ta.cci(h, lo, c, 20, **own), ta.aroon(h, lo, 14, **own),
            ta.mfi(h, lo, c, v, 14, **own), ta.uo(h, lo, c, **own), h.rolling(30).corr(lo),
        ]  # fmt: skip

    return best_ns(lambda: [one(part) for part in groups], len(frame), rounds)


def pyqlib(market: Market, rounds: int) -> float:
    """Alpha158 by qlib's own loader, from its files on disk; its caches are emptied each time."""
    import qlib
    from qlib.contrib.data.loader import Alpha158DL
    from qlib.data import D
    from qlib.data.cache import H

    names, days = np.unique(market["symbol"]), len(market["close"]) // len(set(market["symbol"]))
    dates = np.busday_offset("2000-01-03", np.arange(days)).astype(str)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("calendars", "instruments"):
            (root / part).mkdir()
        (root / "calendars" / "day.txt").write_text("\n".join(dates))
        lines = [f"{name}\t{dates[0]}\t{dates[-1]}" for name in names]
        (root / "instruments" / "all.txt").write_text("\n".join(lines))
        for name in names:
            place = root / "features" / name.lower()
            place.mkdir(parents=True)
            mine = market["symbol"] == name
            series = {column: market[column][mine] for column in COLUMNS}
            typical = (series["high"] + series["low"] + series["close"]) / 3
            for column, values in {**series, "vwap": typical}.items():
                np.concatenate(([0.0], values)).astype("<f4").tofile(place / f"{column}.day.bin")
        qlib.init(provider_uri=folder, region="us", kernels=1, joblib_backend="sequential")
        fields, labels = Alpha158DL.get_feature_config()
        dates_of = {"start_time": dates[0], "end_time": dates[-1]}

        def call() -> None:
            H.clear()
            table = D.features(list(names), fields, **dates_of)
            if table.shape != (len(market["close"]), len(labels)):
                raise SystemExit(f"expected all rows and features, got {table.shape}")

        return best_ns(call, len(market["close"]), rounds)


PEERS = {
    "polars_talib": polars_talib,
    "pandas_ta_classic": pandas_ta_classic,
    "pyqlib": pyqlib,
}

if __name__ == "__main__":
    market = dict(np.load(sys.argv[2]))
    ns = PEERS[sys.argv[1]](market, int(sys.argv[3]))
    print(json.dumps({"ns": ns, "version": version(sys.argv[1].replace("_", "-"))}))
