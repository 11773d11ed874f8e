"""Speed of the feature engine beside TA-Lib and others, in one run on one machine.

The same indicators, the same bars. Edgekeeper gets rows in canonical order and fills one float32
table, a new one or one that is used again. TA-Lib gets contiguous float64 arrays a symbol; once its
outputs are kept, as whoever wants a table has to, and once dropped, so that they never leave the
cache. All take turns, the best of several rounds counts: CPU time on one thread, since neighbours
count less, and wall time on two.

Also Polars (what it can say of these), peers in interpreters of their own, Alpha158, cost against
rows, features and window length, memory, and start-up.

    python -m venv peers && peers/bin/pip install polars-talib pandas-ta-classic pyqlib
    python benchmarks/features.py [--full] [--json] [--peer-python peers/bin/python ...]
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numba
import numpy as np
import talib
from classical import PAIRS, TEXTS, Columns, columns_of, make_bars, polars_features
from turns import CPU, WALL, in_turns, ns_a_row, ratio

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet


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


def beside_talib(bars: Bars, rounds: int) -> dict[str, object]:
    """All ratios over many symbols."""
    features, groups = FeatureSet(TEXTS), columns_of(bars)
    table = features.matrix(bars)
    kinds: dict[str, Callable[[int], object]] = {
        "edgekeeper": lambda t: features.matrix(bars, threads=t),
        "edgekeeper_reused": lambda t: features.matrix(bars, threads=t, out=table),
        "talib_kept": lambda t: talib_pass(groups, t, keep=True),
        "talib_dropped": lambda t: talib_pass(groups, t, keep=False),
    }
    one, two = (
        in_turns({name: partial(call, t) for name, call in kinds.items()}, rounds) for t in (1, 2)
    )
    across = {"ours": two["edgekeeper"], "theirs": one["talib_kept"]}
    return {
        "cpu_ns_a_row": ns_a_row(one, len(bars)),
        "wall_ns_a_row_two_threads": ns_a_row(two, len(bars), WALL),
        "ratio_talib_equal_threads": ratio(one, "talib_kept", "edgekeeper"),
        "ratio_talib_dropped": ratio(one, "talib_dropped", "edgekeeper_reused"),
        "ratio_talib_equal_threads_two": ratio(two, "talib_kept", "edgekeeper", WALL),
        "ratio_talib_equal_threads_two_cpu": ratio(two, "talib_kept", "edgekeeper"),
        "ratio_talib_dropped_two": ratio(two, "talib_dropped", "edgekeeper_reused", WALL),
        "ratio_two_threads_against_one": ratio(across, "theirs", "ours", WALL),
    }


def one_symbol(rounds: int) -> dict[str, float]:
    """How many times as fast as TA-Lib on one long history, one thread."""
    bars = make_bars(1, 100_000)
    features, columns = FeatureSet(TEXTS), columns_of(bars)
    table = features.matrix(bars)
    best = in_turns(
        {
            "new": lambda: features.matrix(bars, threads=1),
            "reused": lambda: features.matrix(bars, threads=1, out=table),
            "kept": lambda: talib_pass(columns, 1, keep=True),
            "dropped": lambda: talib_pass(columns, 1, keep=False),
        },
        3 * rounds,
    )
    return {
        "ratio_talib_one_symbol": ratio(best, "kept", "new"),
        "ratio_talib_one_symbol_dropped": ratio(best, "dropped", "reused"),
    }


def beside_polars(bars: Bars, rounds: int) -> float:
    """How many times as fast as Polars, what both can say, in CPU time of all threads."""
    theirs = polars_features()
    ours = FeatureSet({name: TEXTS[name] for name in theirs})
    frame = bars.to_polars()
    exprs = [expr.over("symbol").alias(name) for name, expr in theirs.items()]
    calls = {"polars": lambda: frame.select(exprs), "edgekeeper": lambda: ours.matrix(bars)}
    # Three times as many rounds: neither side may win by the one quiet moment it met.
    return ratio(in_turns(calls, 3 * rounds), "polars", "edgekeeper")


def beside_peers(pythons: list[str], rounds: int) -> dict[str, object]:
    """Libraries in interpreters of their own, one thread each; those not installed are left out."""
    found: dict[str, object] = {}
    alpha = FeatureSet.from_catalogue("alpha158")
    peers = {
        "polars_talib": (FeatureSet(TEXTS), make_bars(20, 20_000)),
        "pandas_ta_classic": (FeatureSet(TEXTS), make_bars(4, 20_000)),
        "pyqlib": (alpha, make_bars(20, 2_500)),
    }
    for name, (features, bars) in peers.items():
        features.matrix(bars)
        ours = in_turns({"ours": partial(features.matrix, bars, threads=1)}, rounds)["ours"][CPU]
        for python in pythons:
            theirs = run_peer(python, name, bars)
            if theirs is not None:
                found[f"ratio_{name}"] = round(float(theirs["ns"]) / (ours / len(bars) * 1e9), 1)
                found[f"version_{name}"] = theirs["version"]
                break
    return found


def run_peer(python: str, name: str, bars: Bars) -> dict[str, float] | None:
    """Nanoseconds a row and version of a peer; None where it is not installed."""
    columns = {c: getattr(bars, c) for c in ("open", "high", "low", "close", "volume")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.npz"
        np.savez(path, symbol=np.asarray(bars.symbols)[bars.symbol], **columns)
        script = str(Path(__file__).with_name("feature_peers.py"))
        done = subprocess.run(
            [python, script, name, str(path), "2"], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


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
    begin = time.process_time()
    for row in inputs:
        stream.push(row)
    return (time.process_time() - begin) / updates * 1e6


def alpha158_rows_per_s(symbols: int, rounds: int) -> int:
    """Rows of Alpha158 a second, one thread."""
    bars = make_bars(symbols, 2_500)
    call = partial(FeatureSet.from_catalogue("alpha158").matrix, bars, threads=1)
    return round(len(bars) / in_turns({"ours": call}, rounds)["ours"][CPU])


def ns_by_window(rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a row for windows of several lengths: flat where the cost is constant."""
    bars = make_bars(4, 20_000)
    found = {}
    for name in ("sum", "max", "var", "slope", "ema", "entropy", "rank", "mad"):
        sets = {str(n): FeatureSet({"x": f"{name}(close, {n})"}) for n in (10, 100, 1_000)}
        calls = {n: partial(features.matrix, bars, threads=1) for n, features in sets.items()}
        found[name] = ns_a_row(in_turns(calls, rounds), len(bars))
    return found


def ns_by_size(rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a value for more rows, and for more features: flat where the cost is linear."""
    features = FeatureSet(TEXTS)
    rows = {n: make_bars(1, n) for n in (5_000, 50_000, 500_000)}
    by_rows = in_turns(
        {str(n): partial(features.matrix, bars, threads=1) for n, bars in rows.items()}, rounds
    )
    texts = [f"{op}(close, {n})" for n in range(5, 105) for op in ("ema", "mean", "std", "max")]
    sets = {
        k: FeatureSet({f"f{i}": text for i, text in enumerate(texts[:k])}) for k in (20, 80, 320)
    }
    bars = rows[50_000]
    more = {str(k): partial(each.matrix, bars, threads=1) for k, each in sets.items()}
    by_features = in_turns(more, rounds)
    return {
        "rows": {n: round(s[CPU] / int(n) / len(features) * 1e9, 2) for n, s in by_rows.items()},
        "features": {
            k: round(s[CPU] / len(bars) / int(k) * 1e9, 2) for k, s in by_features.items()
        },
    }


def memory_ratio(bars: Bars) -> float:
    """Peak memory of one computation, inputs included, over inputs plus outputs."""
    features = FeatureSet(TEXTS)
    features.matrix(bars.rows(0, 1_000))
    inputs = 8 * len(features.columns) * len(bars)
    tracemalloc.start()
    table = features.matrix(bars)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round((inputs + peak) / (inputs + table.nbytes), 2)


def start_up_s() -> dict[str, float]:
    """Seconds from nothing to the first features of a fresh process; kernels, bytecode on disk."""
    code = (
        "from edgekeeper.features import FeatureSet; "
        "from edgekeeper.features.example_bars import example_bars; "
        "FeatureSet.from_catalogue('technical').matrix(example_bars())"
    )
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(4):
            wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds.append((cpu, time.perf_counter() - wall))
    cpu, wall = (round(min(each[kind] for each in seconds), 2) for kind in (CPU, WALL))
    return {"start_up_cpu_s": cpu, "start_up_s": wall}


def main() -> None:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="100 symbols x 20,000 bars")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer-python", nargs="*", default=[], help="where the peers live")
    options = parser.parse_args()
    symbols, instants, rounds = (100, 20_000, 5) if options.full else (40, 5_000, 5)
    bars = make_bars(symbols, instants)
    features = FeatureSet(TEXTS)
    result: dict[str, object] = {
        "machine": platform.processor() or platform.machine(),
        "versions": {"talib": talib.__version__, "numba": numba.__version__},
        "outputs": len(features),
        "rows": len(bars),
        **beside_talib(bars, rounds),
        **one_symbol(rounds),
        "ratio_polars": beside_polars(bars, rounds),
        **beside_peers(options.peer_python, rounds),
        "alpha158_rows_per_s": alpha158_rows_per_s(500 if options.full else 20, 2),
        "ns_by_window": ns_by_window(rounds),
        "ns_a_value_by": ns_by_size(rounds),
        "memory_ratio": memory_ratio(bars),
        **start_up_s(),
        "stream_us_one_symbol": round(stream_us(features, bars, 1, 5_000), 2),
        "stream_us_a_symbol_of_100": round(stream_us(features, bars, 100, 1_000) / 100, 3),
    }
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:34} {value}")


if __name__ == "__main__":
    main()
